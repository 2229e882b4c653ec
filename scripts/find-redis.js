// Finds what the tests need of the machine, and installs it where that is possible, as root on a machine with apt-get: the
// redis-server that they start privately, and the Redis clients of PHP and Python with which classic agents are tested. No service
// is started and none is stopped. Without the clients those tests are skipped, and say so; in CI they fail (test/classic/clients.ts).
import { spawnSync } from 'node:child_process';
import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';

const names = ['redis-server', 'valkey-server'];
const leastMajor = 7;
const classicPackages = ['php-cli', 'php-predis', 'python3-redis'];

/**
 * What is missing, as one sentence; nothing when a server is there. `run` runs a command and resolves with its result. With `classic`,
 * the clients of classic agents are installed, too; they are never missing.
 */
export async function missingRedis(run, { classic = false } = {}) {
  const wanted = [
    ...(find() === undefined ? ['redis-server'] : []),
    ...(classic && !hasClassic() ? classicPackages : []),
  ];
  if (wanted.length > 0 && process.getuid?.() === 0 && onPath('apt-get')) await install(run, wanted);
  return redisProblem('The tests');
}

/** Why `who` cannot start a private Redis, as one sentence; nothing when it can. */
export function redisProblem(who) {
  const found = find();
  if (found === undefined) {
    return `${who} start a private Redis: install redis-server (or valkey-server) ${leastMajor}.0 or newer so that it is on the PATH.`;
  }
  const { stdout } = spawnSync(found, ['--version'], { encoding: 'utf8' });
  const major = Number(/v=(\d+)\./.exec(stdout ?? '')?.[1]);
  if (major >= leastMajor) return undefined;
  return `${who} need redis-server ${leastMajor}.0 or newer, and ${found} says: ${stdout?.trim() || 'nothing'}.`;
}

/** The programs that can run classic agents, where they are installed; `redis` is the server. */
export function classicPrograms() {
  const works = (program, ...args) => spawnSync(program, args, { stdio: 'ignore' }).status === 0;
  return {
    redis: find(),
    php: allOnPath('php').find((path) => works(path, '-r', "require 'Predis/Autoloader.php';")),
    // Any of the machine's Pythons will do: the first on the PATH may be another one than the system's.
    python: ['python3', 'python'].flatMap(allOnPath).find((path) => works(path, '-c', 'import redis')),
  };
}

/** Why `who` cannot start classic agents, as one line; nothing when they can. */
export function classicProblem({ php, python }, who) {
  const missing = [...(php ? [] : ['PHP with Predis']), ...(python ? [] : ['Python with redis-py'])];
  if (missing.length === 0) return undefined;
  return `${who} need ${missing.join(' and ')}: install ${classicPackages.join(', ')} (as Debian and Ubuntu call them).`;
}

function hasClassic() {
  const { php, python } = classicPrograms();
  return php !== undefined && python !== undefined;
}

async function install(run, packages) {
  console.log(`${packages.join(', ')} not found: installing with apt-get`);
  const policy = '/usr/sbin/policy-rc.d'; // asked by Debian's packages before they start a service; 101 means no
  const ours = !existsSync(policy);
  if (ours) writeFileSync(policy, '#!/bin/sh\nexit 101\n', { mode: 0o755 });
  try {
    const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
    for (const args of [['update'], ['install', '-y', '--no-install-recommends', ...packages]]) {
      const { code, output } = await run('apt-get', args, { env, quiet: true });
      if (code !== 0) return console.error(`apt-get ${args.join(' ')} failed:\n${output}`);
    }
  } finally {
    if (ours) rmSync(policy, { force: true });
  }
}

function find() {
  return names.map(onPath).find((path) => path !== undefined);
}

function onPath(name) {
  return allOnPath(name)[0];
}

function allOnPath(name) {
  const folders = (process.env.PATH ?? '').split(delimiter);
  return folders.map((folder) => join(folder, name)).filter((path) => existsSync(path));
}
