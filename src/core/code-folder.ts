/**
 * Where the code of this package lies: `src/` in a checkout, `dist/` in a package.
 *
 * Whoever needs a file beside the code (a script, a command, the first file of a thread) finds it from here: the build puts many
 * modules into one file, so a module does not know in which folder it will be.
 */
const [folder = import.meta.url] = /^.*\/(?:src|dist)\//.exec(import.meta.url) ?? [];

/** The URL of a file, by its path from the folder of the code. */
export function codeFile(path: string): URL {
  return new URL(path, folder);
}

/** The code is TypeScript as it was written; a loader for it is there. */
export const isSource = import.meta.url.endsWith('.ts');
