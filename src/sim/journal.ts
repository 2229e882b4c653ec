/**
 * The journal of a simulation: what went between the processes and the broker, as values and not as text, for whoever draws a run.
 *
 * J1  It only listens: a run with a journal is, step by step, the run without.
 * J2  It keeps the newest entries. What goes on all the time and came to nothing (a heartbeat, a wait that brought no task) is a beat: its
 *     name and time are all that is left of it, unless a fault struck it.
 */
import type { Fault, FaultKind } from './faults.ts';
import { faultKinds } from './faults.ts';
import type { HandlerEnd, Handled } from './instrument.ts';
import type { RuntimeEvents } from '../core/observer.ts';
import { isBeat } from './beats.ts';
import type { OutsideRequest } from './outside.ts';
import type { Scheduler } from './scheduler.ts';
import type { Call } from './wire.ts';

interface Common {
  /** Virtual time in milliseconds since the simulation began. */
  readonly at: number;
  /** Grows with every entry: what came first at one time. */
  readonly order: number;
  readonly place: string;
}

/** A call of a port, there and back. */
export interface Trip extends Common {
  readonly kind: 'trip';
  readonly name: string;
  readonly args: readonly unknown[];
  /** Absent: it did not arrive. */
  arrivedAt?: number;
  /** When the broker answered: for a wait, long after it arrived. */
  answeredAt?: number;
  /** What the broker answered. */
  reply?: unknown;
  /** When the caller heard of its end. */
  heardAt?: number;
  /** What the caller was told instead of a reply. */
  error?: string;
  readonly struck: FaultKind[];
}

/** A notice or a live event, on its way to a listener. */
export interface Delivery extends Common {
  readonly kind: 'delivery';
  readonly method: string;
  readonly what: unknown;
  /** Absent: it was lost. */
  heardAt?: number;
  readonly struck: FaultKind[];
}

/** A handler at work. */
export interface Run extends Common {
  readonly kind: 'run';
  readonly handled: Handled;
  endedAt?: number;
  /** What came first at the time of its end. */
  endOrder?: number;
  /** Of a handler that is no generator. */
  end?: HandlerEnd;
}

/** What an agent has logged. */
export interface Logged extends Common {
  readonly kind: 'log';
  readonly record: LogRecord;
}

/** What became of a process, and what its runtime said. */
export interface Note extends Common {
  readonly kind: 'note';
  readonly text: string;
}

/** A fault, when and where it struck. */
export interface Strike extends Common {
  readonly kind: 'strike';
  readonly fault: Pick<Fault, 'kind' | 'at'>;
}

/** What an agent asked of the world outside. */
export interface Request extends Common {
  readonly kind: 'request';
  readonly request: OutsideRequest;
}

export type Entry = Trip | Delivery | Run | Request | Logged | Note | Strike;

/** J2 */
export interface Beat {
  readonly at: number;
  readonly name: string;
}

/** What is left of a run for its picture. */
export interface Journaled {
  /** In the order of their times. */
  readonly entries: readonly Entry[];
  readonly beats: readonly Beat[];
  /** Entries that newer ones pushed out. */
  readonly dropped: number;
}

type LogRecord = RuntimeEvents['log'][0];

const mostEntries = 20_000;
const mostBeats = 50_000;

export class Journal {
  readonly #scheduler: Scheduler;
  readonly #startedAt: number;
  #entries: Entry[] = [];
  #beats: Beat[] = [];
  #dropped = 0;
  #order = 0;
  /** By key; what nobody answers stays. */
  readonly #underWay = new Map<string, Trip>();
  /** The delivery that is being sent. */
  #sending: Delivery | undefined;
  readonly #running = new Map<Handled, Run>();

  constructor(scheduler: Scheduler) {
    this.#scheduler = scheduler;
    this.#startedAt = scheduler.nowMs;
  }

  get #now(): number {
    return this.#scheduler.nowMs - this.#startedAt;
  }

  /** The time and the order of an entry that is made now. */
  stamp(): { readonly at: number; readonly order: number } {
    return { at: this.#now, order: ++this.#order };
  }

  /** Follows a call that `send` puts on its way. */
  carry(place: string, call: Call, args: readonly unknown[], send: (call: Call) => Promise<unknown>): Promise<unknown> {
    const trip: Trip = { kind: 'trip', ...this.stamp(), place, name: call.name, args, struck: [] };
    this.#underWay.set(call.key, trip);
    const execute = (): Promise<unknown> => {
      const reply = call.execute();
      trip.arrivedAt ??= this.#now;
      const answered = (): number => (trip.answeredAt ??= this.#now);
      reply.then((value) => (answered(), (trip.reply ??= value)), answered);
      return reply;
    };
    const heard = send({ ...call, execute });
    const end = (): void => {
      trip.heardAt = this.#now;
      this.#underWay.delete(call.key);
      if (isBeat(trip)) this.#beats.push({ at: trip.at, name: trip.name });
      else this.#entries.push(trip);
      this.#trim();
    };
    heard.then(end, (error: unknown) => {
      trip.error = String(error);
      end();
    });
    return heard;
  }

  /** Follows a delivery that `send` puts on its way. */
  deliver(place: string, method: string, args: readonly unknown[], send: (heard: () => void) => void): void {
    const delivery: Delivery = { kind: 'delivery', ...this.stamp(), place, method, what: args[0], struck: [] };
    this.#entries.push(delivery);
    this.#sending = delivery;
    send(() => (delivery.heardAt = this.#now));
    this.#sending = undefined;
  }

  begun(place: string, handled: Handled): void {
    const run: Run = { kind: 'run', ...this.stamp(), place, handled };
    this.#running.set(handled, run);
    this.#entries.push(run);
  }

  ended(handled: Handled, end?: HandlerEnd): void {
    const run = this.#running.get(handled);
    if (run !== undefined) {
      const { at, order } = this.stamp();
      run.endedAt = at;
      run.endOrder = order;
      if (end !== undefined) run.end = end;
    }
    this.#running.delete(handled);
  }

  /** `request` is as it will have become. */
  asked(place: string, request: OutsideRequest): void {
    this.#entries.push({ kind: 'request', ...this.stamp(), place, request });
  }

  logged(place: string, record: LogRecord): void {
    this.#entries.push({ kind: 'log', ...this.stamp(), place, record });
  }

  note(place: string, text: string): void {
    if (!text.startsWith('fault ')) this.#entries.push({ kind: 'note', ...this.stamp(), place, text });
  }

  /** Called when it is decided; what comes from outside strikes later, and is told by `hit`. */
  struck(fault: Fault): void {
    const of = faultKinds[fault.kind];
    if (of === 'process' || of === 'fleet') return;
    const struck = of === 'delivery' ? this.#sending : this.#underWay.get(fault.at);
    struck?.struck.push(fault.kind);
    this.hit(fault.kind, struck?.place ?? this.#scheduler.place?.name ?? '', fault.at);
  }

  hit(kind: FaultKind, place: string, at: string): void {
    this.#entries.push({ kind: 'strike', ...this.stamp(), place, fault: { kind, at } });
  }

  get kept(): Journaled {
    const open = [...this.#underWay.values()];
    const entries = [...this.#entries, ...open.filter((trip) => !isBeat(trip))].toSorted(
      (a, b) => a.at - b.at || a.order - b.order,
    );
    return { entries, beats: this.#beats.toSorted((a, b) => a.at - b.at), dropped: this.#dropped };
  }

  /** J2 */
  #trim(): void {
    if (this.#beats.length > 2 * mostBeats) this.#beats = this.#beats.slice(-mostBeats);
    if (this.#entries.length <= 2 * mostEntries) return;
    this.#dropped += this.#entries.length - mostEntries;
    this.#entries = this.#entries.slice(-mostEntries);
  }
}
