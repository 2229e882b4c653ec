// The body of `npm test`: sees to it that a redis-server is there, and the clients of classic agents where they can be
// installed, runs vitest with the arguments it was given, and closes with one plain line, `N passed, N failed`. Exits 1 when
// a test failed, when vitest did, and when no test ran.
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { constants, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { missingRedis } from './find-redis.js';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
let running;

// What runs has a process group of its own, and a signal is for all of it: vitest ends without ending its workers.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
  process.on(signal, () => {
    if (running === undefined) process.exit(128 + constants.signals[signal]);
    signalGroup(running, signal);
  });
}

process.exitCode = await main(process.argv.slice(2));

async function main(args) {
  const missing = await missingRedis(run, { classic: true });
  if (missing !== undefined) {
    console.error(missing);
    return 1;
  }
  const folder = mkdtempSync(join(tmpdir(), 'test-report-'));
  try {
    const report = join(folder, 'report.json');
    const vitest = join(root, 'node_modules', 'vitest', 'vitest.mjs');
    const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`];
    const { code } = await run(process.execPath, [vitest, 'run', ...reporters, ...args], { cwd: root });
    return close(code, existsSync(report) ? JSON.parse(readFileSync(report, 'utf8')) : undefined);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Prints the closing line and answers with the exit code. */
function close(code, report) {
  const passed = report?.numPassedTests ?? 0;
  const skipped = (report?.numPendingTests ?? 0) + (report?.numTodoTests ?? 0);
  const brokenFiles = (report?.testResults ?? []).filter(
    (file) => file.status === 'failed' && !file.assertionResults.some((test) => test.status === 'failed'),
  );
  let failed = (report?.numFailedTests ?? 0) + brokenFiles.length;
  if (passed + failed === 0) {
    console.error('expected tests to run, got: none');
    code ||= 1;
  } else if (code !== 0 && failed === 0) {
    console.error('every test passed, but the run itself failed: see the errors above');
    failed = 1;
  }
  console.log(`${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`);
  return failed > 0 ? code || 1 : code;
}

/** Runs a command to its end. `quiet` keeps its output instead of showing it. */
function run(command, args, { quiet = false, ...options } = {}) {
  return new Promise((resolve, reject) => {
    const stdio = quiet ? ['ignore', 'pipe', 'pipe'] : ['ignore', 'inherit', 'inherit'];
    const child = spawn(command, args, { ...options, stdio, detached: true });
    running = child;
    let output = '';
    for (const stream of [child.stdout, child.stderr]) stream?.on('data', (text) => (output += text));
    child.on('error', reject);
    child.on('close', (code, signal) => {
      running = undefined;
      signalGroup(child, 'SIGKILL');
      resolve({ code: code ?? 128 + constants.signals[signal], output });
    });
  });
}

function signalGroup(child, signal) {
  try {
    process.kill(-child.pid, signal);
  } catch (error) {
    if (error.code !== 'ESRCH') throw error; // the whole group has ended
  }
}
