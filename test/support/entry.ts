/**
 * How a test starts a process of its own from a TypeScript file of the project: bundled, when the first process asks, into one file that
 * all of a run of the tests start.
 *
 * Translated and loaded file by file, the framework costs every process more than a second of processor time. Outside of a run of the
 * tests (`npm run chaos`, `npm run classic`) nobody keeps a folder for bundles, and the file itself is loaded.
 */
import { buildSync } from 'esbuild';
import { existsSync, renameSync, rmSync, symlinkSync } from 'node:fs';
import { join, parse, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));
/** Of the environment: the folder of this run of the tests, in which packages are found (see package-folder.ts). */
export const runFolder = 'TEST_RUN_FOLDER';

/** The arguments with which Node runs `file`. */
export function entryArguments(file: string): readonly string[] {
  const home = process.env[runFolder];
  return home === undefined ? ['--import', 'tsx', file] : [bundleOf(file, home)];
}

function bundleOf(file: string, home: string): string {
  const { dir, name } = parse(relative(root, file));
  const folder = join(home, 'bundles', join(dir, name).replace(/\W+/g, '-'));
  if (!existsSync(folder)) build(file, folder);
  return join(folder, `${name}.mjs`);
}

/** Of those who build the same at the same time, the first one's is kept. */
function build(file: string, folder: string): void {
  const own = `${folder}.${process.pid}`;
  buildSync({
    entryPoints: [file],
    outdir: own,
    outExtension: { '.js': '.mjs' },
    bundle: true,
    splitting: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    packages: 'external',
    alias: { 'agent-runtime': join(root, 'src', 'index.ts') },
    logLevel: 'warning',
  });
  symlinkSync(join(root, 'src', 'redis', 'lua'), join(own, 'lua')); // beside the code that loads them
  try {
    renameSync(own, folder);
  } catch (error) {
    rmSync(own, { recursive: true, force: true });
    if (!existsSync(folder)) throw error;
  }
}
