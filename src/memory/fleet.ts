/**
 * The shared state of one fleet in memory: what a Redis server is to the other broker.
 *
 * It is plain maps, readable from outside, so that a simulation can hold it against its own ledger after every step. The
 * injected clock is its only time.
 */
import type { EventRecord } from '../broker/events.ts';
import type { LogEntry } from '../broker/logs.ts';
import type { Clock } from '../core/clock.ts';
import type { Random } from '../core/random.ts';
import { Directory } from './directory.ts';
import { Exchange } from './exchange.ts';
import { FrameLedger } from './frames.ts';
import type { Inbox } from './mail.ts';
import type { HeldLock } from './locks.ts';
import { QueueState } from './queue-state.ts';
import type { Waiter } from './waiters.ts';

export interface FleetDeps {
  readonly clock: Clock;
  readonly random: Random;
  readonly retention: { readonly events: number; readonly eventsAgeMs: number };
}

export class MemoryFleet {
  readonly clock: Clock;
  readonly random: Random;
  readonly retention: FleetDeps['retention'];
  readonly directory: Directory;
  readonly frames: FrameLedger;
  readonly exchange = new Exchange();
  readonly queues = new Map<string, QueueState>();
  /** Blocked calls of `wait`, the one that waits longest first. */
  readonly waiters = new Set<Waiter>();
  /** Inboxes that are not empty, by agent id. */
  readonly inboxes = new Map<string, Inbox>();
  readonly locks = new Map<string, HeldLock>();
  /** Oldest first. */
  readonly events: EventRecord[] = [];
  /** Id of the newest event that ever was. */
  lastEvent = '0';
  /** Newest first, by agent. */
  readonly logs = new Map<string, LogEntry[]>();
  #lastNumber = 0;

  constructor(deps: FleetDeps) {
    this.clock = deps.clock;
    this.random = deps.random;
    this.retention = deps.retention;
    this.directory = new Directory(deps);
    this.frames = new FrameLedger({ clock: deps.clock, directory: this.directory });
  }

  /** A number greater than all before: tokens, epochs, inbox entries. */
  nextNumber(): number {
    this.#lastNumber = Math.max(this.#lastNumber + 1, Math.floor(this.clock.now() * 1_000));
    return this.#lastNumber;
  }

  /** The queue of that name, made on first use. */
  queue(name: string): QueueState {
    let queue = this.queues.get(name);
    if (queue === undefined) this.queues.set(name, (queue = new QueueState(name, this)));
    return queue;
  }
}
