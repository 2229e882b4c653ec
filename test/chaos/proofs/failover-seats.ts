/**
 * The seats of the proofs of take-over: places for one node process each, behind a proxy of its own, and the faults that take one away and
 * give it back.
 *
 * A fault takes the right to run anything: it lasts for longer than the presence lease. When it is over, the process goes on as if nothing
 * had been, whether or not somebody else has its ids by then.
 */
import { waitFor } from '../../support/wait.ts';
import { now } from '../rig/contracts.ts';
import { pause } from '../rig/node-faults.ts';
import { FaultyProxy } from '../rig/proxy.ts';
import { Child } from './child.ts';
import type { Incarnation } from './failover-parts.ts';

export const faultKinds = ['kill', 'freeze', 'cut', 'half-open'] as const;
export type FaultKind = (typeof faultKinds)[number];

const backLimitMs = 60_000;

export class Seat {
  /** Incarnation of the node that sits here; the last one that it has told. */
  node = '';
  readonly #entry: string;
  /** But for the Redis. */
  readonly #parameters: object;
  readonly #proxy: FaultyProxy;
  #child: Child | undefined;
  /** From the fault until the process is back in the fleet. */
  #recovering: Promise<void> | undefined;

  /** `entry`: beside this file. */
  constructor(entry: string, parameters: object, redisPort: number) {
    this.#entry = entry;
    this.#parameters = parameters;
    this.#proxy = new FaultyProxy(redisPort);
  }

  get isWell(): boolean {
    return this.#recovering === undefined && this.#child?.isAlive === true;
  }

  /** The last of what its process has printed. */
  get log(): string {
    return this.#child?.log ?? '';
  }

  async open(): Promise<void> {
    await this.#proxy.open();
    await this.#sit();
  }

  /** Begins a fault, now; it is over `lastsMs` later, in the background. */
  suffer(kind: FaultKind, lastsMs: number): number {
    const at = now();
    const before = this.node;
    if (kind === 'kill') this.#child?.signal('SIGKILL');
    else if (kind === 'freeze') this.#child?.signal('SIGSTOP');
    else if (kind === 'half-open') this.#proxy.hold();
    const refused = kind === 'cut' ? this.#proxy.refuse() : Promise.resolve();
    this.#recovering = refused
      .then(() => pause(lastsMs))
      .then(() => this.#recover(kind, before))
      .then(() => (this.#recovering = undefined));
    this.#recovering.catch(() => undefined); // told to who waits for it
    return at;
  }

  /** Resolves when no fault lasts any more; rejects when its process did not come back. */
  async well(): Promise<void> {
    await this.#recovering;
  }

  async close(): Promise<void> {
    await this.#child?.kill();
    await this.#proxy.refuse();
  }

  async #recover(kind: FaultKind, before: string): Promise<void> {
    if (kind === 'kill') return this.#sit();
    this.#child?.signal('SIGCONT');
    await this.#proxy.heal();
    await waitFor(() => this.node !== before, { what: 'a node to come back', timeoutMs: backLimitMs }).catch(() => {
      throw new Error(`expected ${before} to come back after ${kind}, got:\n${this.log}`);
    });
  }

  async #sit(): Promise<void> {
    await this.#child?.ended;
    const onMessage = (message: unknown): void => {
      this.node = (message as Incarnation).node;
    };
    const parameters = { ...this.#parameters, redis: this.#proxy.url };
    this.#child = new Child({ entry: this.#entry, parameters, onMessage });
    await this.#child.ready();
  }
}
