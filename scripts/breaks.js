/**
 * `npm run breaks`: proves that the suite has teeth. Each patch in `test/breaks/` breaks one promise on purpose; it is applied to
 * a copy of the project, and the tests it names must turn red there.
 *
 * A patch is a unified diff with a head of its own:
 *   cell: which sentence of the guarantees it breaks
 *   broker: redis | memory | runtime
 *   tests: the test files that must notice, separated by spaces
 *
 * Options: `--only TEXT` (patches whose name holds it), `--json` (the last line is one JSON object).
 */
import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { missingRedis } from './find-redis.js';

const root = join(import.meta.dirname, '..');
const folder = join(root, 'test', 'breaks');
const copied = ['src', 'test', 'agents', 'scripts', 'bin', 'package.json', 'tsconfig.json', 'vitest.config.ts', 'runtime.config.ts'];
const runLimitMs = 180_000;

/** The head of a patch and the text that `git apply` gets. */
export function readPatch(name) {
  const text = readFileSync(join(folder, name), 'utf8');
  const head = Object.fromEntries([...text.split('\n--- ')[0].matchAll(/^(\w+): (.*)$/gm)].map(([, key, value]) => [key, value]));
  return { name, cell: head.cell, broker: head.broker, tests: (head.tests ?? '').split(' ').filter(Boolean), text };
}

export function patchNames() {
  return readdirSync(folder)
    .filter((name) => name.endsWith('.patch'))
    .sort();
}

function copyProject() {
  const copy = mkdtempSync(join(tmpdir(), 'breaks-'));
  for (const entry of copied) cpSync(join(root, entry), join(copy, entry), { recursive: true });
  symlinkSync(join(root, 'node_modules'), join(copy, 'node_modules'));
  return copy;
}

function runTests(copy, tests) {
  const vitest = join(root, 'node_modules', 'vitest', 'vitest.mjs');
  const args = [vitest, 'run', '--bail', '1', '--reporter', 'dot', ...tests];
  const run = spawnSync(process.execPath, args, { cwd: copy, encoding: 'utf8', timeout: runLimitMs, env: { ...process.env, CI: 'true' } });
  const output = `${run.stdout}\n${run.stderr}`;
  const failed = /Tests\s+.*?(\d+) failed/.test(output.replaceAll(/\u001b\[[0-9;]*m/g, ''));
  return { status: run.status, failed, timedOut: run.error !== undefined, output };
}

/** `red`: a test failed, as it must. `green`: nobody noticed. `broken`: it does not apply, or no test ran. */
function tryPatch(patch) {
  const copy = copyProject();
  try {
    const applied = spawnSync('git', ['apply', '--whitespace=nowarn', '-'], { cwd: copy, input: patch.text, encoding: 'utf8' });
    if (applied.status !== 0) return { verdict: 'broken', why: applied.stderr.trim() };
    const run = runTests(copy, patch.tests);
    if (run.failed || run.timedOut) return { verdict: 'red' };
    if (run.status === 0) return { verdict: 'green' };
    return { verdict: 'broken', why: run.output.slice(-600) };
  } finally {
    rmSync(copy, { recursive: true, force: true });
  }
}

/** For `missingRedis`, which installs the server where it may. */
function runCommand(command, args, { env }) {
  const { status, stdout, stderr } = spawnSync(command, args, { env, encoding: 'utf8' });
  return { code: status, output: `${stdout}${stderr}` };
}

async function main() {
  const at = process.argv.indexOf('--only');
  const only = at < 0 ? '' : (process.argv[at + 1] ?? '');
  const missing = await missingRedis(runCommand);
  if (missing !== undefined) {
    console.error(missing);
    process.exit(1);
  }
  const patches = patchNames()
    .filter((name) => name.includes(only))
    .map(readPatch);
  const clean = copyProject();
  const baseline = runTests(clean, [...new Set(patches.flatMap((patch) => patch.tests))]);
  rmSync(clean, { recursive: true, force: true });
  if (baseline.status !== 0) {
    console.error(`expected the tests to pass before anything is broken, got: failures\n${baseline.output.slice(-2_000)}`);
    process.exit(1);
  }
  const unnoticed = [];
  for (const patch of patches) {
    const { verdict, why } = tryPatch(patch);
    console.log(`${verdict.padEnd(7)} ${patch.broker.padEnd(8)} ${patch.name.padEnd(44)} ${patch.cell}${why ? `\n        ${why}` : ''}`);
    if (verdict !== 'red') unnoticed.push(patch.name);
  }
  console.log(`${patches.length - unnoticed.length} of ${patches.length} breaks turned the suite red`);
  if (process.argv.includes('--json')) console.log(JSON.stringify({ breaks: patches.length, red: patches.length - unnoticed.length, unnoticed }));
  process.exit(unnoticed.length === 0 && patches.length > 0 ? 0 : 1);
}

if (process.argv[1] === import.meta.filename) await main();
