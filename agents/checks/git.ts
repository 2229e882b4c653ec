/**
 * Asks git about a repository that is not trusted.
 *
 * A repository's own configuration can name programs that git runs: file system monitors, content filters, signature
 * checkers. All three are switched off, hooks and submodules left alone, locks not taken, and the caller's GIT_*
 * variables dropped, so that a look changes nothing and runs nothing. No shell; every call ends after ten seconds.
 */
import { execFile } from 'node:child_process';

export type GitAnswer =
  | { readonly ok: true; readonly output: string }
  | { readonly ok: false; readonly reason: 'missing' | 'not a repository' | 'untrusted' | 'failed' };

export interface Git {
  /** Runs `git -C path ...args`; every failure but an abort is an answer. */
  (path: string, args: readonly string[], signal: AbortSignal): Promise<GitAnswer>;
}

const TIMEOUT_MS = 10_000;
const OUTPUT_LIMIT = 16 * 1024 * 1024;
const HARMLESS: readonly (readonly [string, string])[] = [
  ['core.fsmonitor', 'false'],
  ['core.hooksPath', '/dev/null'],
  ['core.pager', 'cat'],
];

export const git: Git = async (path, args, signal) => {
  const filters = await run(path, ['config', '--name-only', '-z', '--get-regexp', '^filter\\.'], HARMLESS, signal);
  // Exit code 1 means that no filter is configured; other failures will show in the call that matters.
  const names = filters.ok ? filters.output.split('\0').filter((name) => name !== '') : [];
  const off = names.map((name) => [name, name.endsWith('.required') ? 'false' : ''] as const);
  return run(path, args, [...HARMLESS, ...off], signal);
};

function run(
  path: string,
  args: readonly string[],
  config: readonly (readonly [string, string])[],
  signal: AbortSignal,
): Promise<GitAnswer> {
  signal.throwIfAborted();
  const options = { timeout: TIMEOUT_MS, maxBuffer: OUTPUT_LIMIT, env: environment(config), signal, windowsHide: true };
  return new Promise((resolve, reject) => {
    execFile('git', ['--no-optional-locks', '-C', path, ...args], options, (error, stdout, stderr) => {
      if (signal.aborted) reject(signal.reason as Error);
      else if (error === null) resolve({ ok: true, output: stdout });
      else resolve({ ok: false, reason: reasonOf(error, stderr) });
    });
  });
}

function reasonOf(error: Error, stderr: string): Extract<GitAnswer, { ok: false }>['reason'] {
  if ('code' in error && error.code === 'ENOENT') return 'missing';
  if (/dubious ownership|unsafe repository/.test(stderr)) return 'untrusted';
  return /not a git repository/.test(stderr) ? 'not a repository' : 'failed';
}

function environment(config: readonly (readonly [string, string])[]): NodeJS.ProcessEnv {
  const kept = Object.entries(process.env).filter(([name]) => !name.startsWith('GIT_'));
  const added = config.flatMap(([key, value], index): [string, string][] => [
    [`GIT_CONFIG_KEY_${index}`, key],
    [`GIT_CONFIG_VALUE_${index}`, value],
  ]);
  return {
    ...Object.fromEntries([...kept, ...added]),
    GIT_CONFIG_COUNT: String(config.length),
    GIT_TERMINAL_PROMPT: '0',
    LC_ALL: 'C',
  };
}
