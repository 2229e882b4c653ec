/**
 * The incarnations of one process: a node, and the next one whenever it was fenced or told to restart.
 *
 * Z1  One incarnation at a time: the old one has stopped before the next one starts, under a new node id.
 * Z2  A fenced node comes back until it is stopped, however long the broker stays away. A node that failed (its agents fail more often
 *     than their intensity allows, or leave too many errors unhandled) does not: `ended` says why.
 * Z3  A node that is told to restart drains with its grace and comes back likewise; the next one names it as the one it replaces.
 *     Under a supervisor process it ends instead, and `ended` says `restart`: the next one is then a process of its own.
 * Z4  A node that is told to drain drains and does not come back; `ended` says `drained`.
 * Z5  The bridge to classic agents, where there is one, begins after its node and ends before it.
 */
import type { ClassicBridge } from '../bridge/classic/bridge.ts';
import type { Broker } from '../broker/broker.ts';
import type { RuntimeConfig } from '../config/config.ts';
import { backoffMs, type Backoff } from '../core/backoff.ts';
import { type Clock, sleep } from '../core/clock.ts';
import { describeError } from '../core/errors.ts';
import { observe, type Observer } from '../core/observer.ts';
import type { Random } from '../core/random.ts';
import type { Culprits } from '../runtime/culprits.ts';
import type { NodeEnd } from '../runtime/ending.ts';
import { Node } from '../runtime/node.ts';
import type { NodeRequest } from '../runtime/node-control.ts';
import type { NodeLegacy } from '../runtime/node-deps.ts';
import type { ThreadRunner } from '../runtime/thread-runner.ts';

/** How the fleet's part in a process has ended. */
export interface FleetEnd {
  readonly kind: 'stopped' | 'drained' | 'restart' | 'failed';
  readonly reason: string;
  readonly error?: unknown;
}

export interface IncarnationsDeps {
  readonly config: RuntimeConfig;
  readonly source: { open(address: string): Broker; release(): Promise<unknown> };
  /** Knows whose code runs, over all incarnations. */
  readonly culprits?: Culprits | undefined;
  readonly observer: Observer;
  readonly clock: Clock;
  readonly random: Random;
  /** Every incarnation runs its handlers in them; they end with the last one. */
  readonly threads?: (ThreadRunner & { close(): Promise<void> }) | undefined;
  readonly host: string;
  readonly pid: number;
  /** Z3: another process starts the next one. */
  readonly supervised: boolean;
  /** The node that the first incarnation replaces. */
  readonly replaces?: string | undefined;
}

interface StopOptions {
  readonly graceMs?: number | undefined;
}

const comeBack: Backoff = { kind: 'exponential', baseMs: 100, maxMs: 1_000, jitter: true };

export class Incarnations {
  readonly ended: Promise<FleetEnd>;
  readonly #deps: IncarnationsDeps;
  readonly #stopping = new AbortController();
  #resolveEnded: (end: FleetEnd) => void = () => {};
  #node: Node | undefined;
  #bridge: ClassicBridge | undefined;
  #nodeId = '';
  #replaces: string | undefined;
  /** Of the incarnation before this one. */
  #legacy: NodeLegacy | undefined;
  /** What happens to the current incarnation; the next step waits for it (Z1). */
  #turn: Promise<void> = Promise.resolve();
  #stopped: Promise<void> | undefined;

  constructor(deps: IncarnationsDeps) {
    this.#deps = deps;
    this.#replaces = deps.replaces;
    this.ended = new Promise((resolve) => (this.#resolveEnded = resolve));
  }

  /** Id of the current one, or of the last one. */
  get id(): string {
    return this.#nodeId;
  }

  /** Undefined between two of them. */
  get current(): Node | undefined {
    return this.#node;
  }

  async start(): Promise<void> {
    const { source, supervised: _, ...common } = this.#deps;
    const id = nodeId(common.random);
    const node = new Node({
      ...common,
      legacy: this.#legacy,
      broker: source.open(id),
      node: id,
      replaces: this.#replaces,
      onEnded: (end) => this.#onEnded(end),
      onAsked: (request) => this.#onAsked(request),
    });
    this.#node = node; // before it is up, so that a stop reaches it
    this.#nodeId = id;
    await node.start();
    await this.#startBridge(node);
  }

  /** Z5 */
  async #startBridge({ member, population }: Node): Promise<void> {
    const { config } = this.#deps;
    if (config.foreign === undefined) return;
    const { ClassicBridge } = await import('../bridge/classic/bridge.ts');
    this.#bridge = new ClassicBridge({ member, population, config, foreign: config.foreign });
    await this.#bridge.start();
  }

  stop(options: StopOptions = {}): Promise<void> {
    this.#stopped ??= this.#stop(options, { kind: 'stopped', reason: 'stopped' });
    return this.#stopped;
  }

  /** The fleet's part in this process cannot go on. */
  fail(reason: string, error: unknown): void {
    if (this.#node === undefined) this.#onEnded({ kind: 'failed', reason, error });
    else this.#node.fail(reason, error);
  }

  #onEnded(end: NodeEnd): void {
    if (end.kind === 'failed') {
      this.#stopped ??= this.#stop({ graceMs: 0 }, { ...end, kind: 'failed' });
      return;
    }
    this.#turn = this.#turn.then(() => this.#comeBack({ graceMs: 0 }));
  }

  /** Z3, Z4 */
  #onAsked({ kind, graceMs, from }: NodeRequest): void {
    if (kind === 'restart' && !this.#deps.supervised) {
      this.#turn = this.#turn.then(() => this.#comeBack({ graceMs }));
      return;
    }
    const reason = kind === 'drain' ? `told to drain by ${from}` : `told to restart by ${from}`;
    this.#stopped ??= this.#stop({ graceMs }, { kind: kind === 'drain' ? 'drained' : 'restart', reason });
  }

  /** Z2, Z3 */
  async #comeBack(options: StopOptions): Promise<void> {
    const { clock, random, observer } = this.#deps;
    await this.#leave(options);
    for (let tries = 1; !this.#stopping.signal.aborted; tries++) {
      try {
        return await this.start();
      } catch (error) {
        observe(observer, 'broker.trouble', { what: 'coming back as a new node', error: describeError(error) });
        await sleep(clock, backoffMs(comeBack, tries, random, 'come-back'), this.#stopping.signal).catch(
          () => undefined,
        ); // stopping ends the wait
      }
    }
  }

  async #stop(options: StopOptions, end: FleetEnd): Promise<void> {
    this.#stopping.abort();
    await this.#turn;
    try {
      await this.#leave(options);
    } finally {
      await this.#deps.threads?.close();
      await this.#deps.source.release();
      this.#resolveEnded(end);
    }
  }

  async #leave({ graceMs }: StopOptions): Promise<void> {
    const [node, bridge] = [this.#node, this.#bridge];
    this.#node = undefined;
    this.#bridge = undefined;
    try {
      await bridge?.stop();
      await node?.stop(graceMs === undefined ? {} : { graceMs });
    } catch (error) {
      observe(this.#deps.observer, 'broker.trouble', { what: 'stopping the node', error: describeError(error) });
    }
    this.#legacy = node?.legacy ?? this.#legacy;
    if (node !== undefined) this.#replaces = this.#nodeId;
  }
}

/** Short enough to read in `audit@n7k2m9qx.2`, long enough not to come twice. */
function nodeId(random: Random): string {
  const part = (): string =>
    Math.floor(random.fraction('node-id') * 36 ** 4)
      .toString(36)
      .padStart(4, '0');
  return `n${part()}${part()}`;
}
