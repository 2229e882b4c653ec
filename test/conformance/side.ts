/**
 * One of the two sides of a history: the processes of a fleet, what they hear, and the calls that wait.
 *
 * A call answers with its value or with what it threw, as plain data. `quiet` resolves when everything that was told until then has been
 * heard, so that what was heard belongs to the step before.
 */
import type { Broker } from '../../src/broker/broker.ts';
import type { EventRecord } from '../../src/broker/events.ts';
import { everyone, type Notice, type Subscription } from '../../src/broker/notices.ts';
import { RuntimeError } from '../../src/core/errors.ts';
import type { Outsider } from '../support/outsider.ts';
import type { Kind } from './symbols.ts';
import type { Call } from './steps.ts';

/** What a process is called, and the addresses at which it listens all the time: of each of its incarnations as a node. */
export const processes: ReadonlyMap<string, readonly string[]> = new Map([
  ['a', ['a1', 'a2']],
  ['b', ['b1', 'b2']],
  ['c', ['c']],
]);

export type Answer = { readonly value: unknown } | { readonly error: unknown };

/** What was heard at one place since it was last asked. */
export interface Heard {
  notices: Notice[];
  events: EventRecord[];
}

export interface Wait {
  /** There once it has ended. */
  answer?: Answer;
  readonly ended: Promise<void>;
  readonly controller: AbortController;
}

/** What a side is made of. */
export interface SideDeps {
  readonly kind: Kind;
  readonly brokers: ReadonlyMap<string, Broker>;
  readonly outsider: Outsider;
  /** Resolves when what is on its way inside this process has arrived. */
  readonly settle: () => Promise<void>;
}

const markerNode = 'marker';

export class Side {
  readonly kind: Kind;
  readonly #brokers: ReadonlyMap<string, Broker>;
  readonly #outsider: Outsider;
  readonly #settle: () => Promise<void>;
  readonly #heard = new Map<string, Heard>();
  readonly #ears = new Map<string, Subscription>();
  readonly waits = new Map<string, Wait>();
  /** Listeners that have not heard the marker that is under way. */
  #deaf = new Set<string>();
  #allHear: (() => void) | undefined;
  #markers = 0;

  constructor({ kind, brokers, outsider, settle }: SideDeps) {
    this.kind = kind;
    this.#brokers = brokers;
    this.#outsider = outsider;
    this.#settle = settle;
  }

  /** Opens the ears that stay open. */
  async start(): Promise<void> {
    for (const [by, addresses] of processes)
      for (const address of addresses) await this.listen(by, `${by}/${address}`, { address });
    await this.listen('a', 'a/events', {});
  }

  broker(by: string): Broker {
    const broker = this.#brokers.get(by);
    if (broker === undefined) throw new Error(`expected "${by}" to be a process`);
    return broker;
  }

  /** Carries out a call whose arguments are real. */
  async call({ by, port, method }: Call, args: readonly unknown[]): Promise<Answer> {
    const called: unknown = port === 'outsider' ? this.#outsider : this.broker(by)[port];
    const object = called as Readonly<Record<string, (...args: unknown[]) => unknown>>;
    try {
      return { value: await object[method]?.(...args) };
    } catch (error) {
      return { error: plainError(error) };
    }
  }

  /** Begins a wait for tasks; it stays in `waits` until it has ended. */
  wait(call: Call, [request]: readonly unknown[]): void {
    const controller = new AbortController();
    const running = this.call(call, [{ ...(request as object), signal: controller.signal }]);
    const ended = running.then((answer) => void (wait.answer = answer));
    const wait: Wait = { controller, ended };
    this.waits.set(call.by, wait);
  }

  /** Opens an ear: for notices at an address, or for events. */
  async listen(by: string, ear: string, { address }: { readonly address?: string }): Promise<void> {
    const heard: Heard = { notices: [], events: [] };
    const { notices, events } = this.broker(by);
    this.#heard.set(ear, heard);
    const subscription =
      address === undefined
        ? events.listen({ onEvent: (event) => void heard.events.push(event), onHint: broken, onReset: broken })
        : notices.listen(address, { onNotice: (notice) => this.#hear(ear, heard, notice), onReset: broken });
    this.#ears.set(ear, await subscription);
  }

  async close(ear: string): Promise<void> {
    const subscription = this.#ears.get(ear);
    this.#ears.delete(ear);
    this.#heard.delete(ear);
    await subscription?.close();
  }

  /** Sends a marker behind everything that was told, and waits until everyone has heard it. */
  async quiet(): Promise<void> {
    this.#markers++;
    this.#deaf = new Set([...this.#heard].filter(([ear]) => !ear.endsWith('events')).map(([ear]) => ear));
    const heard = new Promise<void>((resolve) => (this.#allHear = resolve));
    const notice = { kind: 'data-lost', node: `${markerNode}${this.#markers}` } as const;
    await this.broker('c').notices.post([{ address: everyone, notice }]);
    await this.#settle();
    await heard;
  }

  /** What was heard since the last time, by ear. */
  takeHeard(): ReadonlyMap<string, Heard> {
    const taken = new Map([...this.#heard].map(([ear, { notices, events }]) => [ear, { notices, events }]));
    for (const heard of this.#heard.values()) Object.assign(heard, { notices: [], events: [] });
    return taken;
  }

  settle(): Promise<void> {
    return this.#settle();
  }

  /** Ends what a history has left open. */
  async end(): Promise<void> {
    for (const { controller, ended } of this.waits.values()) {
      controller.abort();
      await this.#settle();
      await ended;
    }
    this.waits.clear();
    for (const ear of [...this.#ears.keys()].filter((name) => name.startsWith('ear'))) await this.close(ear);
    await this.quiet();
    this.takeHeard();
  }

  #hear(ear: string, heard: Heard, notice: Notice): void {
    if (notice.kind !== 'data-lost' || !notice.node.startsWith(markerNode)) return void heard.notices.push(notice);
    if (notice.node !== `${markerNode}${this.#markers}`) return;
    this.#deaf.delete(ear);
    if (this.#deaf.size === 0) this.#allHear?.();
  }
}

/** The messages of errors are for people. */
function plainError(error: unknown): unknown {
  if (error instanceof RuntimeError) return { name: error.name, code: error.code, details: error.details };
  return { name: error instanceof Error ? error.name : 'unknown', message: String(error) };
}

function broken(): void {
  throw new Error('expected the links to hold');
}
