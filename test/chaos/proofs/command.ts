/**
 * The `runtime` command of a proof: a process as a user starts one, whose lines are kept, ended by its own handle.
 *
 * Apart from child.ts, whose processes are parts of the rig and talk to it: this one is told nothing that a terminal could not tell it.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { waitFor } from '../../support/wait.ts';

const sayLimitMs = 60_000;

export interface CommandOptions {
  /** The file of the command. */
  readonly runtime: string;
  readonly cwd: string;
  readonly env?: NodeJS.ProcessEnv;
}

export class Command {
  /** Resolves to the exit code; null when a signal ended it. */
  readonly ended: Promise<number | null>;
  readonly #process: ChildProcess;
  readonly #words: string;
  readonly #kill = (): void => this.signal('SIGKILL');
  #out = '';
  #err = '';

  constructor(args: readonly string[], { runtime, cwd, env = {} }: CommandOptions) {
    const { REDIS_URL: _, DEBUG: __, ...inherited } = process.env;
    this.#words = `runtime ${args.join(' ')}`;
    this.#process = spawn(process.execPath, [runtime, ...args], {
      cwd,
      env: { ...inherited, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    process.once('exit', this.#kill);
    this.#process.stdout?.setEncoding('utf8').on('data', (text: string) => (this.#out += text));
    this.#process.stderr?.setEncoding('utf8').on('data', (text: string) => (this.#err += text));
    this.#process.on('error', (error) => (this.#err += String(error)));
    this.ended = new Promise((resolve) => this.#process.once('close', (code) => resolve(code)));
    void this.ended.then(() => process.off('exit', this.#kill));
  }

  /** Whole lines that it has printed so far. */
  get lines(): readonly string[] {
    return this.#out.split('\n').slice(0, -1);
  }

  /** What it has printed as an error. */
  get errors(): string {
    return this.#err;
  }

  /** Resolves when it has printed `text`; rejects when it ends before. */
  async says(text: string): Promise<void> {
    const hasSaid = (): boolean => this.#out.includes(text);
    await waitFor(() => hasSaid() || !this.#isAlive, { what: `"${text}" to be printed`, timeoutMs: sayLimitMs });
    if (!hasSaid()) throw new Error(`expected "${this.#words}" to say "${text}", got:\n${this.#out}\n${this.#err}`);
  }

  signal(signal: NodeJS.Signals): void {
    if (this.#isAlive) this.#process.kill(signal);
  }

  /** Ends it without any code running. */
  async kill(): Promise<void> {
    this.signal('SIGKILL');
    await this.ended;
  }

  get #isAlive(): boolean {
    const { pid, exitCode, signalCode } = this.#process;
    return pid !== undefined && exitCode === null && signalCode === null;
  }
}
