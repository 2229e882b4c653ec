/**
 * How a test starts a process of its own from TypeScript files of the project: bundled, when the first process asks, into a few files that
 * all of a run of the tests start.
 *
 * Translated and loaded file by file, the framework costs every process more than a second of processor time. Outside of a run of the
 * tests (`npm run chaos`, `npm run classic`) nobody keeps a folder for bundles, and the sources are loaded as they are.
 */
import { buildSync } from 'esbuild';
import { cpSync, existsSync, mkdirSync, renameSync, rmSync, symlinkSync } from 'node:fs';
import { join, parse, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));
/** Of the environment: the folder of this run of the tests, in which packages are found (see package-folder.ts). */
export const runFolder = 'TEST_RUN_FOLDER';

/** The arguments with which Node runs `file`. */
export function entryArguments(file: string): readonly string[] {
  const home = process.env[runFolder];
  if (home === undefined) return ['--import', 'tsx', file];
  const folder = made(home, file, (own) => bundle({ 'cli/main': file }, own));
  return [join(folder, 'dist', 'cli', 'main.js')];
}

export interface CommandFiles {
  /** The file of the command. */
  readonly runtime: string;
  /** What was asked for, as the command can import it. */
  readonly module: string;
}

/** The `runtime` command, and a module that shares the framework with it. */
export function commandWith(module: string): CommandFiles {
  const home = process.env[runFolder];
  if (home === undefined) return { runtime: join(root, 'bin', 'runtime.js'), module };
  const folder = made(home, module, (own) => {
    cpSync(join(root, 'bin'), join(own, 'bin'), { recursive: true });
    const [main, index] = [join(root, 'src', 'cli', 'main.ts'), join(root, 'src', 'index.ts')];
    bundle({ 'cli/main': main, 'cli/module': module, index }, own);
  });
  return { runtime: join(folder, 'bin', 'runtime.js'), module: join(folder, 'dist', 'cli', 'module.js') };
}

/** The folder in which `make` has put what belongs to `file`. Of those who make the same at the same time, the first one's is kept. */
function made(home: string, file: string, make: (folder: string) => void): string {
  const { dir, name } = parse(relative(root, file));
  const folder = join(home, 'bundles', join(dir, name).replace(/\W+/g, '-'));
  if (existsSync(folder)) return folder;
  const own = `${folder}.${process.pid}`;
  mkdirSync(own, { recursive: true });
  make(own);
  cpSync(join(root, 'package.json'), join(own, 'package.json'));
  try {
    renameSync(own, folder);
  } catch (error) {
    rmSync(own, { recursive: true, force: true });
    if (!existsSync(folder)) throw error;
  }
  return folder;
}

/** Laid out as the package is, so that the code finds what it loads (core/code-folder.ts). */
function bundle(entryPoints: Readonly<Record<string, string>>, folder: string): void {
  buildSync({
    entryPoints: { ...entryPoints },
    outdir: join(folder, 'dist'),
    chunkNames: 'parts/[name]-[hash]',
    bundle: true,
    splitting: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    packages: 'external',
    alias: { 'agent-runtime': join(root, 'src', 'index.ts') },
    logLevel: 'warning',
  });
  mkdirSync(join(folder, 'dist', 'redis'));
  symlinkSync(join(root, 'src', 'redis', 'lua'), join(folder, 'dist', 'redis', 'lua'));
}
