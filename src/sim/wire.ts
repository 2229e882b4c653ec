/**
 * The way between one process and the broker: latency, order, and everything that can happen to a call under way.
 *
 * W1  A link keeps its order: what is behind something that is late is late, too. There are three, as on Redis: commands, blocking reads
 *     and subscriptions.
 * W2  A call is two steps: the broker carries it out, the caller hears the reply. Between them anything may happen to either.
 * W3  A call of a process that has ended never settles, and no code of that process runs again. What it had sent arrives all the same.
 * W4  When the links are cut, calls under way are told `unknown-outcome`, later ones `unreachable`; deliveries are lost.
 */
import { BrokerError } from '../core/errors.ts';
import { between, type FaultPlan, reshape } from './faults.ts';
import type { Place, Scheduler } from './scheduler.ts';
import { hash, mix, toFraction } from './seeded-random.ts';

export interface Latency {
  /** Milliseconds of one way. */
  readonly fromMs: number;
  readonly toMs: number;
}

export interface WireDeps {
  readonly scheduler: Scheduler;
  readonly place: Place;
  readonly broker: Place;
  readonly plan: FaultPlan;
  readonly latency: Latency;
  readonly seed: number;
  /** The process ends at once. Absent: it is spared. */
  readonly crash?: () => void;
  /** The broker takes nothing new. */
  readonly isFull: () => boolean;
}

type Lane = 'commands' | 'blocking' | 'subscriptions';

/** A call of a port, as far as the way is concerned. */
export interface Call {
  readonly name: string;
  /** Says which call it is, in words that do not depend on other calls; see `keyOf`. */
  readonly key: string;
  readonly lane: Lane;
  /** A frame, which may arrive twice. */
  readonly isFrame: boolean;
  /** It stores something new. */
  readonly isNew: boolean;
  /** Carried out in a step of the broker. */
  readonly execute: () => Promise<unknown>;
}

const lateMs = { from: 1_000, to: 9_000 } as const;
const slowdown = 100;

export class Wire {
  readonly #deps: WireDeps;
  readonly #lanes = { commands: newLane(), blocking: newLane(), subscriptions: newLane() };
  readonly #underWay = new Set<(error: BrokerError) => void>();
  readonly #number: number;
  #trips = 0;
  #isCut = false;
  #isDeaf = false;
  /** Replies were lost on it: the broker may have given its process what that never heard of. */
  hasLostReplies = false;
  /** Grows with every cut and loss of the subscriptions. */
  #era = 0;
  #slowUntil = 0;
  /** How often each thing was delivered. */
  readonly #delivered = new Map<string, number>();

  constructor(deps: WireDeps) {
    this.#deps = deps;
    this.#number = mix(deps.seed, hash(deps.place.name));
  }

  /** The last moment at which something that was sent arrives. */
  get lastArrival(): number {
    return Math.max(this.#lanes.commands.there, this.#lanes.blocking.there);
  }

  /** Calls that have not been answered. */
  get underWay(): number {
    return this.#underWay.size;
  }

  /** Something on it takes longer than usual, and what is behind it waits. */
  get isLate(): boolean {
    const { scheduler, latency } = this.#deps;
    const latest = Math.max(...Object.values(this.#lanes).flatMap(({ there, back }) => [there, back]));
    return latest > scheduler.nowMs + latency.toMs;
  }

  carry(call: Call): Promise<unknown> {
    const { place, plan, crash } = this.#deps;
    if (place.state === 'dead') return never();
    if (this.#isCut) return Promise.reject(unreachable(call.name));
    if (crash !== undefined && plan.strikes('crash-before-call', call.key) !== undefined) {
      crash();
      return never();
    }
    return new Promise((resolve, reject) => {
      const fail = (error: BrokerError): void => {
        this.#underWay.delete(fail);
        reject(error);
      };
      this.#underWay.add(fail);
      const late = this.#late('late-call', call.key);
      const at = this.#arrival(call.lane, 'there', late);
      this.#deps.scheduler.plan(this.#deps.broker, `${place.name} ${call.name}`, at, () => {
        if (!this.#underWay.has(fail)) return; // W4: lost with the link
        if (plan.strikes('lost-call', call.key) !== undefined)
          return this.#answer(call, () => fail(unknown(call.name)));
        if (call.isNew && this.#deps.isFull()) return this.#answer(call, () => fail(full(call.name)));
        const reply = call.execute();
        if (call.isFrame && plan.strikes('repeated-frame', call.key) !== undefined)
          void call.execute().catch(() => undefined); // its sender hears the first reply
        const settle = (end: () => void): void => this.#reply(call, fail, end);
        reply.then(
          (value) => settle(() => resolve(value)),
          (error: unknown) => settle(() => reject(error as Error)),
        );
      });
    });
  }

  /** W2: the way back. */
  #reply(call: Call, fail: (error: BrokerError) => void, end: () => void): void {
    const { plan, crash, scheduler, place } = this.#deps;
    if (crash !== undefined && plan.strikes('crash-after-call', call.key) !== undefined) {
      scheduler.plan(place, `${call.name} crash`, scheduler.nowMs, crash);
      return;
    }
    const isLost = plan.strikes('lost-reply', call.key) !== undefined;
    this.#answer(call, () => {
      if (!this.#underWay.has(fail)) return; // W4
      if (isLost) {
        this.hasLostReplies = true;
        return fail(unknown(call.name));
      }
      this.#underWay.delete(fail);
      end();
    });
  }

  #answer(call: Call, run: () => void): void {
    const at = this.#arrival(call.lane, 'back', this.#late('late-reply', call.key));
    this.#deps.scheduler.plan(this.#deps.place, `reply ${call.name}`, at, run);
  }

  /** Brings something that is published to this process, unless the subscriptions are cut on the way. */
  deliver(label: string, run: () => void): void {
    if (this.#isCut || this.#isDeaf) return;
    const era = this.#era;
    const times = (this.#delivered.get(label) ?? 0) + 1;
    this.#delivered.set(label, times);
    const late = this.#late('late-delivery', `${this.#deps.place.name}/${label}/${times}`);
    const at = this.#arrival('subscriptions', 'back', late);
    this.#deps.scheduler.plan(this.#deps.place, label, at, () => {
      if (this.#era === era) run();
    });
  }

  get isUp(): boolean {
    return !this.#isCut;
  }

  /** W4 */
  cut(): void {
    this.#isCut = true;
    this.#era++;
    this.hasLostReplies ||= this.#underWay.size > 0;
    this.#lanes.commands = newLane();
    this.#lanes.blocking = newLane();
    this.#lanes.subscriptions = newLane();
    for (const fail of this.#underWay) fail(unknown('a call'));
  }

  restore(): void {
    this.#isCut = false;
  }

  /** The subscriptions are cut until `hear`. */
  deafen(): void {
    this.#isDeaf = true;
    this.#era++;
  }

  hear(): void {
    this.#isDeaf = false;
  }

  slowDown(untilMs: number): void {
    this.#slowUntil = untilMs;
  }

  #late(kind: 'late-call' | 'late-reply' | 'late-delivery', key: string): number {
    const shape = this.#deps.plan.strikes(kind, key);
    return shape === undefined ? 0 : between(reshape(shape, 'late'), lateMs.from, lateMs.to);
  }

  /** W1 */
  #arrival(lane: Lane, way: 'there' | 'back', lateBy: number): number {
    const { latency, scheduler } = this.#deps;
    const now = scheduler.nowMs;
    const trip = latency.fromMs + toFraction(mix(this.#number, this.#trips++)) * (latency.toMs - latency.fromMs);
    const slow = now < this.#slowUntil ? slowdown : 1;
    const at = Math.max(this.#lanes[lane][way], now + trip * slow + lateBy);
    this.#lanes[lane][way] = at;
    return at;
  }
}

function newLane(): { there: number; back: number } {
  return { there: 0, back: 0 };
}

/** W3 */
function never<T>(): Promise<T> {
  return new Promise(() => {});
}

function unreachable(what: string): BrokerError {
  return new BrokerError('unreachable', `expected the broker to be reachable for ${what}, got: the link is cut`);
}

function unknown(what: string): BrokerError {
  return new BrokerError('unknown-outcome', `expected a reply to ${what}, got: it was lost`);
}

function full(what: string): BrokerError {
  return new BrokerError('full', `expected the broker to have room for ${what}, got: its memory is full`);
}
