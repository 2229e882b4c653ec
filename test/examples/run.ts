/**
 * Runs an example by its command, as a stranger does: in a child process, from another folder. What it says it has started can be looked for.
 */
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';
import { waitFor } from '../support/wait.ts';

export const root = fileURLToPath(new URL('../..', import.meta.url));

export interface ExampleRun {
  readonly out: () => string;
  readonly err: () => string;
  readonly lines: () => readonly string[];
  readonly signal: (signal: NodeJS.Signals) => void;
  /** Exit code; rejects when it does not end. */
  readonly ended: () => Promise<number>;
}

/** A folder of the test, removed after it. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'run-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Starts `npm run example -- ARGS` without npm, in `folder`; ended with the test. */
export function runExample(folder: string, args: readonly string[], env: NodeJS.ProcessEnv = {}): ExampleRun {
  const { INIT_CWD: _, ...own } = process.env;
  const child = spawn(process.execPath, [join(root, 'scripts', 'example.js'), ...args], {
    cwd: folder,
    env: { ...own, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  const texts = { out: '', err: '' };
  child.stdout.setEncoding('utf8').on('data', (text: string) => (texts.out += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (texts.err += text));
  let code: number | undefined;
  child.on('close', (exit) => (code = exit ?? -1));
  return {
    out: () => texts.out,
    err: () => texts.err,
    lines: () => texts.out.split('\n'),
    signal: (signal) => void child.kill(signal),
    async ended() {
      await waitFor(() => code !== undefined, {
        what: `the example to end:\n${texts.out}${texts.err}`,
        timeoutMs: 50_000,
      });
      return code ?? -1;
    },
  };
}

/** Names of what the run has started, whose processes are still there. */
export function alive(run: ExampleRun): readonly string[] {
  const started = [...run.out().matchAll(/^example +(.+?) is .* \(pid (\d+)\)$/gm)];
  return started.filter(([, , pid]) => isThere(Number(pid))).map(([, name = '']) => name);
}

function isThere(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
