/**
 * What the processes of one simulation share: the scheduler, the broker's state, the faults, the books.
 *
 * Apart from the simulation, which is what users hold: processes, chaos and invariants know the world and not its owner.
 */
import type { Agent } from '../agent/agent.ts';
import type { EventRecord } from '../broker/events.ts';
import type { Observer, RuntimeEvents } from '../core/observer.ts';
import { MemoryFleet } from '../memory/fleet.ts';
import { snapshotOf } from '../memory/snapshot.ts';
import { between, type FaultPlan } from './faults.ts';
import type { Captures } from './faulty-broker.ts';
import { Journal } from './journal.ts';
import { Ledger } from './ledger.ts';
import { ProcessClock } from './process-clock.ts';
import type { SimProcess } from './process.ts';
import { newPlace, type Place, Scheduler } from './scheduler.ts';
import { hash, mix, SeededRandom, toFraction } from './seeded-random.ts';
import { Trace } from './trace.ts';
import type { Latency } from './wire.ts';
import type { Virtual } from './globals.ts';

export interface WorldOptions {
  readonly seed: number;
  readonly plan: FaultPlan;
  readonly latency: Latency;
  /** How many entries of the trace are kept. */
  readonly traced: number;
  readonly retention: { readonly events: number; readonly eventsAgeMs: number };
  /** After each step. */
  readonly check: () => void;
}

/** What somebody's runtime said. */
export interface Said {
  readonly process: string;
  /** Virtual time in milliseconds since the simulation began. */
  readonly at: number;
  readonly event: keyof RuntimeEvents;
  readonly record: unknown;
}

const told = [
  'node.up',
  'node.fenced',
  'node.draining',
  'node.down',
  'agent.up',
  'agent.standby',
  'agent.down',
  'agent.restarting',
  'task.started',
  'task.settled',
  'task.recovered',
  'handler.given-up',
  'message.failed',
  'message.dropped',
  'broadcast.gap',
  'schedule.run',
  'schedule.missed',
  'broker.trouble',
  'broker.data-lost',
  'log',
] as const satisfies readonly (keyof RuntimeEvents)[];

/** Not worth a line of the trace. */
const quiet: ReadonlySet<string> = new Set(['broker.trouble', 'log', 'agent.standby']);
const mostSaid = 20_000;

export class World {
  readonly seed: number;
  readonly plan: FaultPlan;
  readonly latency: Latency;
  readonly scheduler: Scheduler;
  readonly trace: Trace;
  /** There while a trace is kept. */
  readonly journal: Journal | undefined;
  readonly ledger: Ledger;
  readonly brokerPlace: Place = newPlace('broker');
  /** What happens to processes from outside. */
  readonly outside: Place = newPlace('world');
  readonly brokerClock: ProcessClock;
  readonly fleet: MemoryFleet;
  readonly processes: SimProcess[] = [];
  /** Clock and chance by place. */
  readonly virtuals = new WeakMap<Place, Virtual>();
  /** What the runtimes said, the oldest first; the newest 20,000. */
  readonly said: Said[] = [];
  /** Starts and ends that went wrong. */
  readonly failures: string[] = [];
  /** Faults from outside that have had their effect; it comes a while after they were drawn. */
  effects = 0;
  /** How often the broker has lost data. */
  losses = 0;
  isFull = false;
  /** Set before anything starts: how far the wall clocks of processes are from virtual time. */
  wallOffsetMs = 0;
  /** Set before anything starts: what processes do without effect. */
  captures: Captures | undefined;
  /** Processes that crash are started again by themselves. */
  comesBack = false;
  #kept: { readonly at: number; readonly restore: () => void } | undefined;
  readonly #instances: { readonly agent: Agent; readonly place: Place }[] = [];
  readonly #startedAt: number;

  constructor({ seed, plan, latency, traced, retention, check }: WorldOptions) {
    this.seed = seed;
    this.plan = plan;
    this.latency = latency;
    this.trace = new Trace(traced);
    this.scheduler = new Scheduler(seed, { onStep: (step) => this.trace.step(step), afterStep: check });
    this.#startedAt = this.scheduler.nowMs;
    this.journal = traced > 0 ? new Journal(this.scheduler) : undefined;
    this.brokerClock = new ProcessClock(this.scheduler, this.brokerPlace);
    const random = new SeededRandom(mix(seed, hash('broker')));
    this.fleet = new MemoryFleet({ clock: this.brokerClock, random, retention });
    this.ledger = new Ledger(this.scheduler, this.fleet);
  }

  /** Grows with whatever a fault does. */
  get disturbances(): number {
    return this.plan.struck.length + this.effects;
  }

  /** Milliseconds since the simulation began. */
  get elapsedMs(): number {
    return this.scheduler.nowMs - this.#startedAt;
  }

  /** The number of a new agent. */
  nextInstance(agent: Agent, place: Place): number {
    return this.#instances.push({ agent, place });
  }

  /** The agent of that number still runs. */
  isLive(instance: number): boolean {
    const { agent, place } = this.#instances[instance - 1] ?? {};
    return place?.state === 'running' && agent?.signal.aborted === false;
  }

  /** Runs `body` as a step of `place`, and everything after it until it has settled. */
  within<T>(place: Place, body: () => Promise<T>): Promise<T | undefined> {
    return new Promise((resolve, reject) => {
      this.scheduler.plan(place, 'begin', this.scheduler.nowMs, () => void body().then(resolve, reject));
    });
  }

  note(process: string, text: string): void {
    this.trace.note(process, text, this.scheduler.nowMs);
    this.journal?.note(process, text);
  }

  listen(process: string, observer: Observer): void {
    for (const event of told) {
      observer.on(event, (record: unknown) => {
        this.said.push({ process, at: this.elapsedMs, event, record });
        if (this.said.length > mostSaid) this.said.shift();
        if (event === 'log') this.journal?.logged(process, record as RuntimeEvents['log'][0]);
        if (!quiet.has(event)) this.note(process, `${event} ${subjectOf(record)}`);
      });
    }
  }

  /** As a supervisor of processes does, while the simulation is not told to leave them down. */
  onCrash(process: SimProcess): void {
    if (this.comesBack) this.startLater(process);
  }

  onStartFailed(process: SimProcess, error: unknown): void {
    this.note(process.name, `could not start: ${String(error)}`);
    this.startLater(process);
  }

  startLater(process: SimProcess): void {
    const at =
      this.scheduler.nowMs +
      between(toFraction(mix(this.seed, hash(`${process.name}/${this.trace.steps}`))), 50, 2_000);
    this.scheduler.plan(this.outside, `start ${process.name}`, at, () => void process.start());
  }

  onFailed(process: SimProcess, reason: string, error: unknown): void {
    this.failures.push(`${process.name} has failed: ${reason}: ${String(error)}`);
  }

  /** The broker comes back without its data. */
  lose(): void {
    this.losses++;
    this.ledger.noteLoss();
    this.#kept = undefined;
    this.fleet.lose();
  }

  /** The broker keeps what it has now, in case that it has to come back with it. */
  remember(): void {
    this.#kept = { at: this.scheduler.nowMs, restore: snapshotOf(this.fleet) };
  }

  /** The broker comes back with what it has kept, unless that is lost by now. */
  rewind(): void {
    if (this.#kept === undefined) return;
    this.losses++;
    this.ledger.noteLoss(this.#kept.at);
    this.#kept.restore();
    this.#kept = undefined;
  }

  /** The events of the stream, oldest first. */
  get events(): readonly EventRecord[] {
    return this.fleet.events;
  }
}

function subjectOf(record: unknown): string {
  if (typeof record !== 'object' || record === null) return '';
  const fields = ['agent', 'node', 'task', 'name', 'outcome', 'reason', 'what'].map((name): unknown =>
    Reflect.get(record, name),
  );
  return fields
    .filter((value) => typeof value === 'string')
    .join(' ')
    .slice(0, 120);
}
