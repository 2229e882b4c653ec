// Finds the redis-server that the tests start privately, and installs it where that is possible: as root on a machine
// with apt-get. No service is started and none is stopped.
import { spawnSync } from 'node:child_process';
import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';

const names = ['redis-server', 'valkey-server'];
const leastMajor = 7;

/** What is missing, as one sentence; nothing when a server is there. `run` runs a command and resolves with its result. */
export async function missingRedis(run) {
  if (find() === undefined && process.getuid?.() === 0 && onPath('apt-get')) await install(run);
  const found = find();
  if (found === undefined) {
    return `The tests start a private Redis: install redis-server (or valkey-server) ${leastMajor}.0 or newer so that it is on the PATH.`;
  }
  const { stdout } = spawnSync(found, ['--version'], { encoding: 'utf8' });
  const major = Number(/v=(\d+)\./.exec(stdout ?? '')?.[1]);
  if (major >= leastMajor) return undefined;
  return `The tests need redis-server ${leastMajor}.0 or newer, and ${found} says: ${stdout?.trim() || 'nothing'}.`;
}

async function install(run) {
  console.log('redis-server is not on the PATH: installing it with apt-get');
  const policy = '/usr/sbin/policy-rc.d'; // asked by Debian's packages before they start a service; 101 means no
  const ours = !existsSync(policy);
  if (ours) writeFileSync(policy, '#!/bin/sh\nexit 101\n', { mode: 0o755 });
  try {
    const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
    for (const args of [['update'], ['install', '-y', '--no-install-recommends', 'redis-server']]) {
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
  const folders = (process.env.PATH ?? '').split(delimiter);
  return folders.map((folder) => join(folder, name)).find((path) => existsSync(path));
}
