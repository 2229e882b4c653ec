/**
 * A project in a temporary folder, as the documentation tells to lay it out, and how long its process takes to its first word.
 */
import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const word = 'the first task is handled';
const limitMs = 60_000;
export const installed = fileURLToPath(process.env.BENCH_PACKAGE);

/** A folder with these files and the packages of the runtime. */
export function project(files) {
  const folder = mkdtempSync(join(tmpdir(), 'bench-start-'));
  mkdirSync(join(folder, 'node_modules'));
  symlinkSync(installed, join(folder, 'node_modules', 'agent-runtime'));
  for (const name of ['zod', 'tsx'])
    symlinkSync(join(installed, 'node_modules', name), join(folder, 'node_modules', name));
  const whole = { 'package.json': '{ "type": "module" }\n', ...files };
  for (const [path, text] of Object.entries(whole)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text.replaceAll('{word}', word));
  }
  return folder;
}

export const remove = (folder) => rmSync(folder, { recursive: true, force: true });

/** Starts Node with `args` in the folder; resolves to the milliseconds to the word, when the process has ended. */
export async function launch(folder, args, env = {}) {
  const startedAt = performance.now();
  const child = spawn(process.execPath, args, {
    cwd: folder,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const end = () => child.kill('SIGKILL');
  process.once('exit', end);
  const limit = setTimeout(end, limitMs);
  let said = '';
  let tookMs;
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text) => {
      said += text;
      if (tookMs !== undefined || !said.includes(word)) return;
      tookMs = performance.now() - startedAt;
      child.kill('SIGTERM');
    });
  await new Promise((resolve) => child.once('close', resolve));
  clearTimeout(limit);
  process.off('exit', end);
  if (tookMs === undefined) throw new Error(`expected a first task, within ${limitMs} ms, got:\n${said}`);
  return tookMs;
}
