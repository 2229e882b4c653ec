/**
 * Importing a user's TypeScript or JavaScript file.
 *
 * Files must be ES modules: as CommonJS they would get a second copy of this package.
 */
import { readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { pathToFileURL } from 'node:url';
import { isTypeScript, registerTypeScript } from '../compose/typescript.ts';
import { ConfigError } from '../core/errors.ts';

export const moduleEndings = ['.ts', '.mts', '.js', '.mjs'] as const;

/** What the file exports. Throws `ConfigError` when it is no ES module or fails to load; `cause` holds what it threw. */
export async function loadModule(file: string, cwd: string): Promise<Readonly<Record<string, unknown>>> {
  const shown = relative(cwd, file) || file;
  const problem = moduleProblem(file, shown);
  if (problem !== undefined) throw new ConfigError([problem]);
  if (isTypeScript(file)) registerTypeScript();
  try {
    return (await import(pathToFileURL(file).href)) as Readonly<Record<string, unknown>>;
  } catch (cause) {
    const message = cause instanceof Error ? cause.message : String(cause);
    const error = new ConfigError([`expected ${shown} to load, got: ${message}`]);
    error.cause = cause;
    throw error;
  }
}

function moduleProblem(file: string, shown: string): string | undefined {
  if (/\.m[tj]s$/.test(file)) return undefined;
  const found = nearestPackage(dirname(file));
  if (found?.type === 'module') return undefined;
  const got = found === undefined ? 'no package.json above it' : `${relative(dirname(file), found.path)} without it`;
  return (
    `expected the package.json of ${shown} to say "type": "module", got: ${got}\n` +
    'Agents are ES modules: add "type": "module" to package.json, or use the ending .mts.'
  );
}

function nearestPackage(folder: string): { readonly path: string; readonly type: unknown } | undefined {
  const path = join(folder, 'package.json');
  try {
    const { type } = JSON.parse(readFileSync(path, 'utf8')) as { type?: unknown };
    return { path, type };
  } catch {
    return dirname(folder) === folder ? undefined : nearestPackage(dirname(folder));
  }
}
