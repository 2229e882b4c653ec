/**
 * The package as users have it: compiled, with its command. Built when the first test asks, once for all test files of a run, each of which
 * is a process of its own.
 *
 * A `runtime` process takes 0.4 s of processor time from the package, and 1 s from the sources.
 */
import { execFile } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { inject } from 'vitest';
import { waitFor } from './wait.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const buildLimitMs = 60_000;

/** Resolves to the folder of the package. */
export async function builtPackage(): Promise<string> {
  const folder = inject('packageFolder');
  const [begun, done] = [join(folder, 'begun'), join(folder, 'done')];
  if (!existsSync(done)) {
    if (isFirst(begun)) await build(folder).then(() => writeFileSync(done, ''));
    else
      await waitFor(() => existsSync(done), {
        what: 'another test to have built the package',
        timeoutMs: buildLimitMs,
      });
  }
  return folder;
}

/** Of those who ask at the same time, one makes the folder. */
function isFirst(begun: string): boolean {
  try {
    mkdirSync(begun);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

async function build(folder: string): Promise<void> {
  for (const part of ['package.json', 'bin']) cpSync(join(root, part), join(folder, part), { recursive: true });
  // The sources, as in the package: a test that loads a configuration itself shares them with it (vitest.config.ts).
  symlinkSync(join(root, 'src'), join(folder, 'src'));
  // `npm run types` checks the types; a broken copy of the project (`npm run breaks`) need not have any.
  const args = [join(root, 'scripts', 'build.js'), join(folder, 'dist'), '--no-check'];
  await promisify(execFile)(process.execPath, args, { cwd: root, timeout: buildLimitMs });
}
