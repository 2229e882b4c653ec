/**
 * The scheduler: makes the runs of schedules that are due. Every node does it for the whole fleet.
 *
 * Y1  A run is known by its schedule and its due time, and is enqueued under a key made of both (tasks, T7). However many nodes
 *     make it, and whoever is lost in between, it is one task.
 * Y2  In this order: the run is begun, enqueued, and the due time moved behind it (schedules, U2 and U3). A node that is lost before
 *     the last step leaves a run that was begun; another one repeats the rest `takeOverMs` later. Whatever the rule for missed
 *     runs says, a run that was begun is ended.
 * Y3  Nobody enqueues a run that was begun longer ago than its key lives: it may be a task already, and the key would not say so.
 *     It counts as missed.
 * Y4  A run that cannot be enqueued (its queue is full) counts as missed; it holds up no other.
 */
import type { SchedulePort, ScheduleRecord } from '../broker/schedules.ts';
import type { QueuePort } from '../broker/queues.ts';
import { type Definition, decodeDefinition } from '../client/schedule-record.ts';
import { type AnySchedule, ClientSchedules } from '../client/schedule-verbs.ts';
import { prepareRun, runKeyMs } from '../client/scheduled-run.ts';
import { submitTask } from '../client/task-op.ts';
import type { VerbsDeps } from '../client/verbs.ts';
import type { Clock } from '../core/clock.ts';
import { BrokerError, describeError, OwnershipError } from '../core/errors.ts';
import { observe, type Observer } from '../core/observer.ts';
import type { Random } from '../core/random.ts';
import { nextTime, timesUntil } from '../core/recurrence.ts';
import { Duty } from './duty.ts';
import { decideRun, listedTimes } from './missed-runs.ts';

export interface SchedulerDeps {
  readonly clock: Clock;
  readonly random: Random;
  readonly observer: Observer;
  readonly schedules: SchedulePort;
  readonly queues: QueuePort;
  readonly node: string;
  readonly verbs: VerbsDeps;
  /** Schedules of the configuration: set when the node starts. */
  readonly configured: Readonly<Record<string, AnySchedule>>;
}

/** The longest between two looks. */
const lookEveryMs = 5_000;
/** How far apart the nodes look. */
const apartMs = 200;
/** How long a run that somebody has begun is left to them. */
const takeOverMs = 5_000;
/** Longer than an operation waits for a broker that cannot be reached. */
const keySpareMs = 120_000;
const dueAtOnce = 32;
const mostStuck = 8 * dueAtOnce;

export class Scheduler extends Duty {
  readonly #deps: SchedulerDeps;
  readonly #verbs: ClientSchedules;
  #nextMs = 0;
  /** Schedules that were due in the last look and could not be moved: the next look goes past them. */
  #stuck = 0;

  constructor(deps: SchedulerDeps) {
    super(deps, { name: 'making scheduled runs', intervalMs: () => this.#nextMs, tick: () => this.#look() });
    this.#deps = deps;
    this.#verbs = new ClientSchedules(deps.verbs);
  }

  override async start(): Promise<void> {
    await this.#setConfigured();
    this.#nextMs = this.#apart();
    await super.start();
  }

  /** A schedule may be due earlier than before. */
  onScheduled(): void {
    this.#nextMs = this.#apart();
    this.rearm();
  }

  /** The broker has lost data: what the configuration says is set again. */
  onDataLost(): void {
    this.#setConfigured().catch((error: unknown) => {
      const what = 'setting the schedules of the configuration again';
      observe(this.#deps.observer, 'broker.trouble', { what, error: describeError(error) });
    });
  }

  async #setConfigured(): Promise<void> {
    for (const [name, schedule] of Object.entries(this.#deps.configured)) await this.#verbs.set(name, schedule);
  }

  async #look(): Promise<void> {
    this.#nextMs = lookEveryMs;
    const count = dueAtOnce + this.#stuck;
    const { now, due, nextDueInMs = lookEveryMs } = await this.#deps.schedules.due(count);
    let moved = 0;
    for (const record of due) {
      const { next } = record;
      if (next !== undefined && (await this.#attend({ ...record, next }, now))) moved++;
    }
    const stuck = Math.min(mostStuck, due.length - moved);
    const isCut = due.length === count && stuck > this.#stuck;
    this.#stuck = stuck;
    this.#nextMs = Math.min(this.#nextMs, moved > 0 || isCut ? 0 : Math.min(nextDueInMs, lookEveryMs) + this.#apart());
  }

  #apart(): number {
    return this.#deps.random.fraction('schedules') * apartMs;
  }

  /** One step for one schedule; true when its due time has moved. What goes wrong with one is told, and holds up no other. */
  async #attend(record: DueRecord, now: number): Promise<boolean> {
    try {
      return await this.#step(record, decodeDefinition(record), now);
    } catch (error) {
      if (error instanceof OwnershipError || (error instanceof BrokerError && error.code === 'closed')) throw error;
      const what = `making a run of schedule "${record.name}"`;
      observe(this.#deps.observer, 'broker.trouble', { what, error: describeError(error) });
      return false;
    }
  }

  async #step(record: DueRecord, definition: Definition, now: number): Promise<boolean> {
    const { begun } = record;
    if (begun !== undefined && begun.agoMs < takeOverMs) return false;
    if (begun !== undefined) return this.#end(record, definition, begun.dueAt, begun.agoMs);
    const past = timesUntil(definition.recurrence, record.next, now, listedTimes);
    const { missed, run, rest } = decideRun(past, now, definition.policy.missed);
    if (run === undefined) {
      const next = rest ?? nextTime(definition.recurrence, past.listed.at(-1) ?? now);
      return this.#advance(record, { next, missed, why: notInTime });
    }
    if (await this.#overlaps(record, definition)) return this.#leaveOut(record, definition, run, missed);
    const { schedules, node } = this.#deps;
    const reply = await schedules.begin({ node, name: record.name, seen: record.next, run });
    return reply.kind === 'begun' && (await this.#end(record, definition, run, 0));
  }

  async #overlaps({ last }: DueRecord, { policy }: Definition): Promise<boolean> {
    if (policy.overlap === 'allow' || last === undefined) return false;
    return ['waiting', 'parked', 'claimed'].includes(await this.#deps.queues.state(last.taskId));
  }

  #leaveOut(record: DueRecord, { recurrence }: Definition, run: number, missed: number): Promise<boolean> {
    return this.#advance(record, { next: nextTime(recurrence, run), missed, skipped: 1, why: notInTime });
  }

  /** Enqueues a run that was begun and moves the due time behind it (Y2 to Y4). */
  async #end(record: DueRecord, { recurrence }: Definition, run: number, agoMs: number): Promise<boolean> {
    const { earlier, listed } = timesUntil(recurrence, record.next, run - 1, listedTimes);
    const before = earlier + listed.length;
    const next = nextTime(recurrence, run);
    if (agoMs > runKeyMs - keySpareMs)
      return this.#advance(record, { next, missed: before + 1, why: 'the node that had begun it was lost' });
    const outcome = await this.#enqueue(record, run);
    if ('why' in outcome) return this.#advance(record, { next, missed: before + 1, why: outcome.why });
    const { taskId } = outcome;
    const made = await this.#advance(record, { next, missed: before, run: { dueAt: run, taskId }, why: notInTime });
    if (made) observe(this.#deps.observer, 'schedule.run', { schedule: record.name, task: taskId, dueAt: run });
    return made;
  }

  /** The task, or why there can be none (Y4). Rejects when nobody knows, or the broker cannot be reached. */
  async #enqueue(record: DueRecord, run: number): Promise<{ readonly taskId: string } | { readonly why: string }> {
    const { verbs } = this.#deps;
    try {
      return { taskId: (await submitTask(verbs, await prepareRun(verbs, record, run))).id };
    } catch (error) {
      if (error instanceof BrokerError || error instanceof OwnershipError) throw error;
      return { why: describeError(error).message };
    }
  }

  async #advance({ name: schedule, next: seen }: DueRecord, step: Step): Promise<boolean> {
    const { schedules, node, observer } = this.#deps;
    const { next = never, missed, skipped = 0, run, why } = step;
    const moved = await schedules.advance({ node, name: schedule, seen, next, missed, skipped, ...(run && { run }) });
    if (moved && missed > 0) observe(observer, 'schedule.missed', { schedule, runs: missed, why });
    if (moved && skipped > 0) observe(observer, 'schedule.missed', { schedule, runs: skipped, why: overlapping });
    return moved;
  }
}

type DueRecord = ScheduleRecord & { readonly next: number };

interface Step {
  readonly next: number | undefined;
  readonly missed: number;
  readonly skipped?: number;
  readonly run?: { readonly dueAt: number; readonly taskId: string };
  readonly why: string;
}

const notInTime = 'no node was up to make them in time';
const overlapping = 'the task of the run before has not ended';
/** Far behind every date that there is. */
const never = 8.64e15;
