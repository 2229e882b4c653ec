/**
 * The shared state of one fleet in memory: what a Redis server is to the other broker.
 *
 * It is plain maps, readable from outside, so that a simulation can hold it against its own ledger after every step. The
 * injected clock is its only time.
 */
import type { EventRecord, Position } from '../broker/events.ts';
import { waiterLeaseMs } from '../broker/locks.ts';
import type { LogEntry } from '../broker/logs.ts';
import type { Clock } from '../core/clock.ts';
import type { Random } from '../core/random.ts';
import { DeadMail } from './dead-mail.ts';
import { Directory } from './directory.ts';
import { Exchange } from './exchange.ts';
import { FrameLedger } from './frames.ts';
import { StoredForeign } from './stored-foreign.ts';
import { Lifecycle } from './lifecycle.ts';
import type { Inbox } from './mail.ts';
import type { HeldLock } from './locks.ts';
import type { TaskParts } from './task-parts.ts';
import { QueueState } from './queue-state.ts';
import type { StoredSchedule } from './schedules.ts';
import { StoredRoster } from './roster.ts';
import type { Waiter } from './waiters.ts';

export interface FleetDeps {
  readonly clock: Clock;
  readonly random: Random;
  readonly retention: { readonly events: number; readonly eventsAgeMs: number };
  /** How long a silent waiter keeps its place in the line of a lock (locks, L3). */
  readonly waiterLeaseMs?: number;
}

export class MemoryFleet {
  readonly clock: Clock;
  readonly random: Random;
  readonly retention: FleetDeps['retention'];
  readonly waiterLeaseMs: number;
  readonly directory: Directory;
  readonly frames: FrameLedger;
  readonly exchange = new Exchange();
  readonly queues = new Map<string, QueueState>();
  /** Blocked calls of `wait`, the one that waits longest first. */
  readonly waiters = new Set<Waiter>();
  /** Inboxes that are not empty, by agent id. */
  readonly inboxes = new Map<string, Inbox>();
  readonly deadMail = new DeadMail();
  /** Operation ids of messages by agent and key (mail, M8). */
  readonly messageKeys = new Map<string, { readonly value: string; readonly expiresAt: number }>();
  readonly locks = new Map<string, HeldLock>();
  /** Oldest first. */
  readonly events: EventRecord[] = [];
  /** Id of the newest event that ever was. */
  lastEvent = '0';
  /** Of durable subscriptions, by agent, with the epoch that opened them last. */
  readonly positions = new Map<string, Position & { readonly epoch: number }>();
  readonly lifecycle = new Lifecycle();
  /** Newest first, by agent. */
  readonly logs = new Map<string, LogEntry[]>();
  /** When something was added last, by agent. */
  readonly loggedAt = new Map<string, number>();
  /** By task id. */
  readonly taskParts = new Map<string, { readonly value: TaskParts; readonly expiresAt: number }>();
  /** By name. */
  readonly schedules = new Map<string, StoredSchedule>();
  readonly roster = new StoredRoster();
  readonly foreign = new StoredForeign();
  #lastNumber = 0;

  constructor(deps: FleetDeps) {
    this.clock = deps.clock;
    this.random = deps.random;
    this.retention = deps.retention;
    this.waiterLeaseMs = deps.waiterLeaseMs ?? waiterLeaseMs;
    this.directory = new Directory(deps);
    this.frames = new FrameLedger({ clock: deps.clock, directory: this.directory });
  }

  /** Everything stored is gone, as after a restart without data. Who listens goes on listening. */
  lose(): void {
    const { nodes, activations } = this.directory;
    const stored = [this.queues, this.inboxes, this.messageKeys, this.locks, this.positions, this.logs, this.loggedAt];
    for (const map of [...stored, this.taskParts, this.schedules, this.frames.senders, nodes, activations]) map.clear();
    this.directory.beats = 0;
    this.deadMail.clear();
    this.roster.clear();
    this.foreign.clear();
    this.lifecycle.clear();
    this.events.length = 0;
    this.lastEvent = '0';
  }

  /** A number greater than all before: tokens, epochs, inbox entries. */
  nextNumber(): number {
    this.#lastNumber = Math.max(this.#lastNumber + 1, Math.floor(this.clock.now() * 1_000));
    return this.#lastNumber;
  }

  /** The greatest that was given out; set by whoever takes the fleet back to a moment. */
  get number(): number {
    return this.#lastNumber;
  }

  set number(value: number) {
    this.#lastNumber = value;
  }

  /** The queue of that name, made on first use. */
  queue(name: string): QueueState {
    let queue = this.queues.get(name);
    if (queue === undefined) this.queues.set(name, (queue = new QueueState(name, this)));
    return queue;
  }
}
