/**
 * A process of a proof: started with its parameters, asked over its channel, and ended by its own handle.
 *
 * It ends with the rig: the channel closes, and one that is frozen is killed when the rig exits.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { entryArguments } from '../../support/entry.ts';
import { waitFor } from '../../support/wait.ts';

const root = fileURLToPath(new URL('../../..', import.meta.url));
/** Of the environment, for the parameters of a process. */
export const variable = 'PROOF_PARAMETERS';
const startLimitMs = 60_000;

export interface ChildOptions {
  /** Beside this file. */
  readonly entry: string;
  readonly parameters: object;
  /** Options of Node. */
  readonly flags?: readonly string[];
  /** What it says after it is up. */
  readonly onMessage?: (message: unknown, child: Child) => void;
}

export class Child {
  /** Resolves to the exit code; null when a signal ended it. */
  readonly ended: Promise<number | null>;
  readonly #process: ChildProcess;
  readonly #kill = (): void => this.signal('SIGKILL');
  #log = '';
  #isReady = false;

  constructor({ entry, parameters, flags = [], onMessage = () => {} }: ChildOptions) {
    const file = fileURLToPath(new URL(`./${entry}`, import.meta.url));
    this.#process = spawn(process.execPath, [...flags, ...entryArguments(file)], {
      cwd: root,
      env: { ...process.env, [variable]: JSON.stringify(parameters) },
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    });
    process.once('exit', this.#kill);
    for (const stream of [this.#process.stdout, this.#process.stderr])
      stream?.setEncoding('utf8').on('data', (text: string) => (this.#log = (this.#log + text).slice(-4_000)));
    this.#process.on('error', (error) => (this.#log += String(error)));
    this.#process.on('message', (message) => {
      if (message === 'ready') this.#isReady = true;
      else onMessage(message, this);
    });
    this.ended = new Promise((resolve) => this.#process.once('exit', (code) => resolve(code)));
    void this.ended.then(() => process.off('exit', this.#kill));
  }

  get pid(): number {
    return this.#process.pid ?? 0;
  }

  get isAlive(): boolean {
    return this.pid !== 0 && this.#process.exitCode === null && this.#process.signalCode === null;
  }

  /** The last of what it has printed. */
  get log(): string {
    return this.#log;
  }

  async ready(): Promise<this> {
    await waitFor(() => this.#isReady || !this.isAlive, { what: 'a process to be up', timeoutMs: startLimitMs });
    if (!this.#isReady) throw new Error(`expected a process to come up, got:\n${this.#log}`);
    return this;
  }

  say(message: object): void {
    this.#process.send(message, () => {}); // one that has ended hears nothing
  }

  signal(signal: NodeJS.Signals): void {
    if (this.isAlive) this.#process.kill(signal);
  }

  /** Ends it without any code running. */
  async kill(): Promise<void> {
    this.signal('SIGKILL');
    await this.ended;
  }
}

/** The parameters of this process, which a rig has started; it ends when the rig is gone. */
export function parametersOf<T>(): T {
  process.on('disconnect', () => process.exit(3));
  return readParameters<T>();
}

/** The same for a process whose end is somebody else's affair. */
export function readParameters<T>(): T {
  return JSON.parse(process.env[variable] ?? '{}') as T;
}

/** To the rig. */
export function tell(message: 'ready' | object): void {
  process.send?.(message, () => {});
}
