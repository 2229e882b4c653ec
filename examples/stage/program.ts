/**
 * One agent of an example in a process of its own, in whatever language: what it prints is shown line by line behind its name, and can be
 * waited for. It is signalled and ended by its handle alone.
 */
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { once } from 'node:events';
import { extname } from 'node:path';
import { createInterface, type Interface } from 'node:readline';
import type { Guard } from './guard.ts';

/** What runs a script, by the ending of its name. */
export type Interpreters = Readonly<Record<string, readonly string[]>>;

export interface ProgramDeps {
  readonly name: string;
  readonly script: string;
  readonly args: readonly string[];
  readonly cwd: string;
  readonly env: NodeJS.ProcessEnv;
  readonly interpreters: Interpreters;
  readonly guard: Guard;
  readonly show: (line: string) => void;
}

export class Program {
  readonly name: string;
  readonly #child: ChildProcessWithoutNullStreams;
  readonly #lines: string[] = [];
  readonly #readers: readonly Interface[];
  readonly #end: Promise<string>;
  #signalled = false;

  constructor({ name, script, args, cwd, env, interpreters, guard, show }: ProgramDeps) {
    this.name = name;
    const [command = '', ...before] = interpreters[extname(script)] ?? [];
    // A group of its own: Ctrl-C reaches the example, which ends its programs itself.
    this.#child = spawn(command, [...before, script, ...args], { cwd, env, detached: true });
    guard.watch(this.#child);
    this.#readers = [this.#child.stdout, this.#child.stderr].map((input) => createInterface({ input }));
    for (const reader of this.#readers)
      reader.on('line', (line) => {
        this.#lines.push(line);
        show(line);
      });
    this.#child.stdin.on('error', () => {}); // it has ended, and says so below
    this.#end = new Promise((resolve) => {
      this.#child.once('error', (error) => resolve(error.message));
      this.#child.once('close', (code, signal) => resolve(signal ?? `status ${code}`));
    });
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  /** Resolves when it has printed a line with `text`. */
  async says(text: string): Promise<void> {
    const [out] = this.#readers;
    const heard = (): boolean => this.#lines.some((line) => line.includes(text));
    let end: string | undefined;
    const ended = this.#end.then((how) => (end = how));
    while (!heard()) {
      if (end !== undefined) throw new Error(`expected ${this.name} to say "${text}", got: its end, ${end}`);
      await Promise.race([once(out!, 'line'), ended]);
    }
  }

  /** Writes a line to its standard input. */
  tell(line: string): void {
    this.#child.stdin.write(`${line}\n`);
  }

  signal(signal: NodeJS.Signals): void {
    this.#signalled ||= signal === 'SIGKILL' || signal === 'SIGTERM';
    this.#child.kill(signal);
  }

  /** Resolves when it has ended as it should: with status 0, or because it was told to. */
  async finished(): Promise<void> {
    const end = await this.#end;
    if (end !== 'status 0' && !this.#signalled) throw new Error(`expected ${this.name} to end well, got: ${end}`);
  }

  /** Ends it at once, whatever it does; resolves when it is gone. */
  async kill(): Promise<void> {
    this.signal('SIGKILL');
    await this.#end;
  }
}
