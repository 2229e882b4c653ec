/**
 * The one rule about paths from outside: an audit needs a directory that exists.
 *
 * A path that is wrong now will be wrong in the next attempt too, so it ends the task at once.
 */
import { stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { TerminalError } from 'agent-runtime';

/**
 * The absolute form of `path`, relative to where the process runs.
 *
 * @throws TerminalError when no directory is there.
 */
export async function directoryAt(path: string): Promise<string> {
  const absolute = resolve(path);
  const found = await stat(absolute).then(
    (entry) => (entry.isDirectory() ? undefined : 'something that is no directory'),
    (error: unknown) => reasons[codeOf(error)] ?? `something that cannot be read (${codeOf(error)})`,
  );
  if (found === undefined) return absolute;
  throw new TerminalError(
    `expected path to be a directory, got: ${JSON.stringify(path)} (${found})\nGive the folder of the repository to audit.`,
  );
}

const reasons: Readonly<Record<string, string>> = {
  ENOENT: 'nothing is there',
  ENOTDIR: 'nothing is there',
  EACCES: 'permission denied',
};

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : 'unknown';
}
