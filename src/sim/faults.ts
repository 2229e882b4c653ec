/**
 * The faults of a simulation: their kinds, how often each strikes, and who decides it.
 *
 * N1  Whether a fault strikes is a hash of the seed, its kind and the place where it would strike, named by meaning: the third renewal of
 *     a node, the second attempt of a task. Leaving one fault out changes no decision about another.
 * N2  What has struck is on a list that can be played again instead of the draws.
 */
import { hash, toFraction } from './seeded-random.ts';

export const faultKinds = {
  /** The process ends before a call leaves it. */
  'crash-before-call': 'call',
  /** The process ends when its call has been carried out, before it hears of it. */
  'crash-after-call': 'call',
  /** A call is lost on its way to the broker; its outcome is unknown to the caller. */
  'lost-call': 'call',
  /** A call is carried out and its reply is lost. */
  'lost-reply': 'call',
  /** A call takes seconds to arrive; those behind it on the same link wait. */
  'late-call': 'call',
  /** A reply takes seconds. */
  'late-reply': 'call',
  /** A frame arrives twice. */
  'repeated-frame': 'call',
  /** A notice or a live event takes seconds. */
  'late-delivery': 'delivery',
  /** The process ends between two steps. */
  kill: 'process',
  /** The process stands still for less than its lease. */
  stall: 'process',
  /** The process stands still for longer than its lease, and does not know it. */
  freeze: 'process',
  /** The links of the process are cut for a while. */
  cut: 'process',
  /** The subscriptions of the process are cut; what is published meanwhile is lost. */
  deaf: 'process',
  /** Everything takes a hundred times as long on the links of the process. */
  slow: 'process',
  /** The wall clock of the machine is set forward or back. */
  'clock-jump': 'process',
  /** The clocks of the machine run up to a tenth too fast or too slow. */
  'clock-drift': 'process',
  /** The node drains, and comes back. */
  restart: 'process',
  /** The process ends in order, and is started again. */
  stop: 'process',
  /** Half of the processes are cut off. */
  partition: 'fleet',
  /** The broker is away for a while, and comes back with its data. */
  'broker-restart': 'fleet',
  /** The broker comes back without its data. */
  'broker-loss': 'fleet',
  /** The broker takes nothing new. */
  'broker-full': 'fleet',
  /** The wall clock of the broker is set forward. */
  'broker-clock-jump': 'fleet',
  /** A handler throws. */
  'handler-throws': 'handler',
  /** A handler takes seconds more. */
  'handler-slow': 'handler',
  /** A handler does nothing for a minute and does not listen to its signal. */
  'handler-stuck': 'handler',
  /** A handler ends its process. */
  'handler-kills': 'handler',
  /** An envelope ends every process that handles it. */
  poison: 'envelope',
  /** A request to the world outside is lost on its way: a connection reset, and no effect. */
  'lost-request': 'request',
  /** A request has had its effect, and its response is lost. */
  'lost-response': 'request',
  /** A response takes up to 40 s. */
  'late-response': 'request',
  /** A request is refused: a status of 429, 500 or 503, a model that is overloaded. */
  'failed-request': 'request',
  /** A response ends in the middle. */
  'spoiled-response': 'request',
  /** The nodes are replaced one after the other by such of the next version; only where there are `versions`. */
  'new-version': 'fleet',
  /** The broker is away for a moment, and comes back as it was up to a second ago. */
  'broker-rewind': 'fleet',
  // a seed draws by place in this list: new kinds come last
} as const;

export type FaultKind = keyof typeof faultKinds;

/** Chance by kind: of a call or delivery, of a second of a process or of the fleet, of a handler's run, of an envelope, of a request. */
export type FaultRates = { readonly [Kind in FaultKind]?: number };

/** One fault that struck. */
export interface Fault {
  readonly kind: FaultKind;
  /** N1 */
  readonly at: string;
  /** In [0, 1): how long, how far, whom. */
  readonly shape: number;
}

/** Who decides. */
export interface FaultPlan {
  /** The fault's shape when it strikes there. */
  strikes(kind: FaultKind, at: string): number | undefined;
  /** Those that have struck, in order. */
  readonly struck: readonly Fault[];
}

/** N1 */
export class DrawnFaults implements FaultPlan {
  readonly struck: Fault[] = [];
  readonly #seed: number;
  readonly #rates: FaultRates;

  constructor(seed: number, rates: FaultRates) {
    this.#seed = seed;
    this.#rates = rates;
  }

  strikes(kind: FaultKind, at: string): number | undefined {
    const rate = this.#rates[kind] ?? 0;
    if (rate === 0) return undefined;
    const draw = toFraction(hash(`${this.#seed}/${kind}/${at}`));
    if (draw >= rate) return undefined;
    const shape = draw / rate;
    this.struck.push({ kind, at, shape });
    return shape;
  }
}

/** N2 */
export class ListedFaults implements FaultPlan {
  readonly struck: Fault[] = [];
  readonly #listed: ReadonlyMap<string, Fault>;

  constructor(faults: readonly Fault[]) {
    this.#listed = new Map(faults.map((fault) => [`${fault.kind}/${fault.at}`, fault]));
  }

  strikes(kind: FaultKind, at: string): number | undefined {
    const fault = this.#listed.get(`${kind}/${at}`);
    if (fault === undefined) return undefined;
    this.struck.push(fault);
    return fault.shape;
  }
}

/** Nothing strikes while it is off. */
export class SwitchedFaults implements FaultPlan {
  readonly #plan: FaultPlan;
  readonly #onStrike: (fault: Fault) => void;
  isOn = false;

  constructor(plan: FaultPlan, onStrike: (fault: Fault) => void) {
    this.#plan = plan;
    this.#onStrike = onStrike;
  }

  strikes(kind: FaultKind, at: string): number | undefined {
    if (!this.isOn) return undefined;
    const shape = this.#plan.strikes(kind, at);
    if (shape !== undefined) this.#onStrike({ kind, at, shape });
    return shape;
  }

  get struck(): readonly Fault[] {
    return this.#plan.struck;
  }
}

/** `from` to `to` by a shape. */
export function between(shape: number, from: number, to: number): number {
  return from + shape * (to - from);
}

/** A number of its own from a shape. */
export function reshape(shape: number, purpose: string): number {
  return toFraction(hash(`${shape}/${purpose}`));
}
