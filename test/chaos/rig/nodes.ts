/**
 * The worker processes: started, frozen, stopped and killed by their own handles, and started again when they end.
 *
 * A slot is a place for one process behind one proxy. What disturbs a slot is written down, so that nobody waits for a node that
 * is frozen on purpose.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { entryArguments } from '../../support/entry.ts';
import { waitFor } from '../../support/wait.ts';
import { type Timing, variables } from './contracts.ts';

const root = fileURLToPath(new URL('../../..', import.meta.url));
const entry = fileURLToPath(new URL('./worker.ts', import.meta.url));
const startLimitMs = 30_000;
const stopLimitMs = 15_000;

export interface SlotDeps {
  readonly timing: Timing;
  readonly redis: string;
  /** How many copies have to confirm what is stored. */
  readonly replicas: number;
  readonly ledger: string;
  /** The file that gets what the processes say. */
  readonly log: string;
  readonly resource: number;
  /** True when the process has written that it is up. */
  readonly isReady: (pid: number) => boolean;
}

export class Slot {
  readonly #deps: SlotDeps;
  #child: ChildProcess | undefined;
  #closing = false;
  /** The rig ends, and nothing of it may stay: a frozen process would not notice. */
  readonly #kill = (): void => this.signal('SIGKILL');

  constructor(deps: SlotDeps) {
    this.#deps = deps;
    process.once('exit', this.#kill);
  }

  get pid(): number {
    return this.#child?.pid ?? 0;
  }

  get isAlive(): boolean {
    const child = this.#child;
    return child?.pid !== undefined && child.exitCode === null && child.signalCode === null;
  }

  get isReady(): boolean {
    return this.isAlive && this.#deps.isReady(this.pid);
  }

  /** Starts a process when there is none. Does not wait until it is up. */
  start(): void {
    if (this.isAlive || this.#closing) return;
    const { timing, redis, replicas, ledger, resource } = this.#deps;
    const env = {
      ...process.env,
      [variables.timing]: timing,
      [variables.redis]: redis,
      [variables.replicas]: String(replicas),
      [variables.ledger]: ledger,
      [variables.resource]: String(resource),
    };
    const log = openSync(this.#deps.log, 'a');
    const child = spawn(process.execPath, entryArguments(entry), { cwd: root, env, stdio: ['pipe', log, log] });
    closeSync(log);
    child.stdin?.on('error', () => {});
    this.#child = child;
  }

  async ready(): Promise<void> {
    await waitFor(
      () => {
        this.start(); // it may have ended while it started: Redis may be away
        return this.isReady;
      },
      { what: 'a worker to be up', timeoutMs: startLimitMs },
    ).catch((error: unknown) => {
      throw new Error(`${String(error)}, got:\n${readFileSync(this.#deps.log, 'utf8').slice(-2_000)}`);
    });
  }

  signal(signal: NodeJS.Signals): void {
    if (this.isAlive) this.#child?.kill(signal);
  }

  /** Sends a signal that ends the process, and waits for its end; one that takes too long is killed and told. */
  async end(signal: NodeJS.Signals): Promise<'ended' | 'killed'> {
    const child = this.#child;
    if (child === undefined || !this.isAlive) return 'ended';
    const gone = once(child, 'exit');
    child.kill(signal);
    const late = AbortSignal.timeout(stopLimitMs);
    const killed = await Promise.race([gone.then(() => false), once(late, 'abort').then(() => true)]);
    if (!killed) return 'ended';
    child.kill('SIGKILL');
    await gone;
    return 'killed';
  }

  /** For good. */
  async close(): Promise<void> {
    this.#closing = true;
    process.off('exit', this.#kill);
    this.signal('SIGCONT');
    await this.end('SIGKILL');
  }
}
