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
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { missingRedis } from './find-redis.js';

const root = join(import.meta.dirname, '..');
const folder = join(root, 'test', 'breaks');
const copied = [
  'src',
  'test',
  'agents',
  'scripts',
  'bin',
  'package.json',
  'tsconfig.json',
  'tsconfig.build.json',
  'vitest.config.ts',
  'runtime.config.ts',
];
const runLimitMs = 180_000;

/** The head of a patch and the text that `git apply` gets. */
export function readPatch(name) {
  const text = readFileSync(join(folder, name), 'utf8');
  const head = Object.fromEntries(
    [...text.split('\n--- ')[0].matchAll(/^(\w+): (.*)$/gm)].map(([, key, value]) => [key, value]),
  );
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

/** `pattern` is what the full name of a test has to match. */
function runTests(copy, tests, pattern) {
  const report = join(copy, 'report.json');
  rmSync(report, { force: true });
  const vitest = join(root, 'node_modules', 'vitest', 'vitest.mjs');
  const limits = ['--bail', '1', '--testTimeout', '8000', ...(pattern ? ['-t', pattern] : [])];
  const args = [vitest, 'run', ...limits, '--reporter', 'json', '--outputFile', report, ...tests];
  const env = { ...process.env, CI: 'true' };
  const run = spawnSync(process.execPath, args, { cwd: copy, encoding: 'utf8', timeout: runLimitMs, env });
  const output = `${run.stdout}\n${run.stderr}`;
  if (!existsSync(report)) return { status: run.status, timedOut: run.error !== undefined, output };
  const results = JSON.parse(readFileSync(report, 'utf8')).testResults;
  const failed = results.flatMap((file) => file.assertionResults).find((test) => test.status === 'failed');
  const why = `${failed?.failureMessages.join('\n')}\n${results.map((file) => file.message).join('\n')}`;
  return { status: run.status, failed: failed?.fullName, timedOut: run.error !== undefined, output: why + output };
}

/** The contract suite runs on every broker: the one that is broken has to be caught by its own half. */
function patternFor({ broker, tests }) {
  return broker !== 'runtime' && tests.every((file) => file.startsWith('test/contract/')) ? `\\(${broker}\\)` : '';
}

function patchCopy(copy, patch, ...options) {
  const args = ['apply', '-C1', '--whitespace=nowarn', ...options, '-']; // -C1: neighbours may have changed
  return spawnSync('git', args, { cwd: copy, input: patch.text, encoding: 'utf8' });
}

/** `red`: a test failed, as it must. `green`: nobody noticed. `broken`: it does not apply, or no test ran. */
function tryPatch(copy, patch) {
  const applied = patchCopy(copy, patch);
  if (applied.status !== 0) return { verdict: 'broken', why: applied.stderr.trim() };
  const run = runTests(copy, patch.tests, patternFor(patch));
  const undone = patchCopy(copy, patch, '-R');
  if (undone.status !== 0) throw new Error(`expected ${patch.name} to be undone, got: ${undone.stderr}`);
  if (run.failed !== undefined) return { verdict: 'red', why: run.failed };
  if (run.timedOut) return { verdict: 'red', why: `no end within ${runLimitMs} ms` };
  return run.status === 0 ? { verdict: 'green' } : { verdict: 'broken', why: run.output.slice(0, 1_000) };
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
  const copy = copyProject();
  try {
    process.exitCode = breakAll(copy, patches) ? 0 : 1;
  } finally {
    rmSync(copy, { recursive: true, force: true });
  }
}

/** Tries one after the other on the same copy; true when every one was noticed. */
function breakAll(copy, patches) {
  const baseline = runTests(copy, [...new Set(patches.flatMap((patch) => patch.tests))]);
  if (baseline.status !== 0) {
    const what = `${baseline.failed ?? ''}\n${baseline.output.slice(0, 2_000)}`;
    console.error(`expected the tests to pass before anything is broken, got: failures\n${what}`);
    return false;
  }
  const unnoticed = [];
  for (const patch of patches) {
    const { verdict, why } = tryPatch(copy, patch);
    console.log(`${verdict.padEnd(7)} ${patch.name.padEnd(44)} ${patch.cell}${why ? `\n        ${why}` : ''}`);
    if (verdict !== 'red') unnoticed.push(patch.name);
  }
  const red = patches.length - unnoticed.length;
  console.log(`${red} of ${patches.length} breaks turned the suite red`);
  if (process.argv.includes('--json')) console.log(JSON.stringify({ breaks: patches.length, red, unnoticed }));
  return unnoticed.length === 0 && patches.length > 0;
}

if (process.argv[1] === import.meta.filename) await main();
