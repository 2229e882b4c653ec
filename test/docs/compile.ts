/**
 * Compiles files that lie outside the repository as a user's project would: strictly, with the package under its name, by its declarations.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { builtPackage } from '../support/package.ts';
import { root } from './pages.ts';

/**
 * Writes the files, by path below `folder`, and compiles them, with further `options`; what the compiler says of them, nothing when all is well. What it says of
 * what they import is for `npm run types` to tell.
 */
export async function compileIn(
  folder: string,
  files: Readonly<Record<string, string>>,
  options: Readonly<Record<string, boolean>> = {},
): Promise<string> {
  const modules = join(folder, 'node_modules');
  mkdirSync(modules, { recursive: true });
  symlinkSync(await builtPackage(), join(modules, 'agent-runtime'));
  for (const name of ['zod', 'vitest']) symlinkSync(join(root, 'node_modules', name), join(modules, name));
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }');
  const compilerOptions = {
    typeRoots: [join(root, 'node_modules', '@types')],
    customConditions: [], // of this checkout: its sources would be checked anew with every project
    noUnusedLocals: false,
    noUnusedParameters: false,
    noImplicitOverride: false, // as `tsc --init` leaves it
    ...options,
  };
  const project = { extends: join(root, 'tsconfig.json'), compilerOptions, files: Object.keys(files), include: [] };
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify(project));
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
  const compiler = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
  const { stdout, stderr } = spawnSync(process.execPath, [compiler, '-p', folder], { cwd: folder, encoding: 'utf8' });
  return stderr + ownMessages(stdout);
}

/** Messages about files below the folder, with the indented lines behind them. */
function ownMessages(output: string): string {
  return output
    .split(/\n(?! )/)
    .filter((message) => message !== '' && !message.startsWith('..'))
    .join('\n');
}
