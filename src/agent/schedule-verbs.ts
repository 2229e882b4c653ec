/**
 * The verbs of schedules: tasks that the fleet repeats by itself, by cron expression or by interval.
 *
 * Types only: client/schedules.ts carries them out, for agents and for outside clients alike.
 */
import type { RecurrenceOption } from '../core/recurrence.ts';
import type { InputOf, Schema, TaskContract } from './contract.ts';
import type { TaskHandle } from './task-handle.ts';
import type { AddressedEnqueueOptions, EnqueueOptions, TaskAddress } from './task-verbs.ts';
import type { AgentClass, TaskInput, TaskNames } from './task-types.ts';

/** Options of every run. A run is known by its due time, so it takes no key, and no other time. */
export type RunOptions = Omit<EnqueueOptions, 'key' | 'keyTtl' | 'dedupe' | 'delay' | 'runAt'>;
export type AddressedRunOptions = Omit<AddressedEnqueueOptions, 'key' | 'keyTtl' | 'dedupe' | 'delay' | 'runAt'>;

/** How the runs are made. */
export interface SchedulePolicy {
  /**
   * What becomes of runs that nobody started within a minute of their time, because no node was up: left out (`'skip'`), one
   * run for all of them (`'once'`), or each of them, the newest 100 (`'all'`). Default `'skip'`: what is meant for the night does
   * not start at noon because the fleet was started then.
   */
  readonly missed?: 'skip' | 'once' | 'all';
  /** Whether a run is made while the task of the one before has not ended. Default `'allow'`. */
  readonly overlap?: 'allow' | 'skip';
}

/** When, how, and with which options. */
type Repeated<Options> = RecurrenceOption & SchedulePolicy & Options;

/** A schedule as it is now. Times are server time in milliseconds. */
export interface Schedule {
  readonly name: string;
  /** Cron expression and time zone, or an interval and where it is counted from. */
  readonly when:
    | { readonly cron: string; readonly timeZone: string }
    | { readonly everyMs: number; readonly startAt: number };
  /** A role or an agent id. */
  readonly queue: string;
  readonly task: string;
  readonly input: unknown;
  readonly policy: Required<SchedulePolicy>;
  readonly paused: boolean;
  /** Absent while it is paused. */
  readonly nextAt?: number;
  /** The time for which the last run was made, and its task. */
  readonly last?: { readonly dueAt: number; readonly taskId: string };
  readonly runs: number;
  /** Runs that were left out because nobody could make them in time, or their queue was full. */
  readonly missed: number;
  /** Runs that were left out because the one before had not ended. */
  readonly skipped: number;
}

/** What can be done with schedules. All of it rejects with `BrokerError` when the broker cannot be reached. */
export interface Schedules {
  /**
   * Repeats a task by name. Setting it again with the same content changes nothing, so every process may do it when it starts; with
   * another content it takes the place of the old one. Each due time makes one task, however many nodes there are.
   *
   * @throws ConfigError for a name, a time or a policy that is none; DeliveryError `invalid-payload` when the input does not fit,
   * `no-handler`, and `payload-too-large` beyond 64 KiB; RuntimeError `too-many-schedules` beyond 1,000.
   * @example
   * await fleet.schedules.set('nightly-audit', {
   *   cron: '0 3 * * *',
   *   timeZone: 'Europe/Berlin',
   *   task: [AuditAgent, 'audit', { path: '.' }],
   *   missed: 'once',
   * });
   */
  set<A extends object, N extends TaskNames<A>>(
    name: string,
    schedule: Repeated<{
      readonly task: readonly [agent: AgentClass<A>, task: N, input: TaskInput<A, N>];
      readonly options?: RunOptions;
    }>,
  ): Promise<'created' | 'changed' | 'unchanged'>;
  set<In extends Schema, Out extends Schema>(
    name: string,
    schedule: Repeated<{
      readonly task: readonly [contract: TaskContract<string, In, Out, string>, input: InputOf<In>];
      readonly options?: RunOptions;
    }>,
  ): Promise<'created' | 'changed' | 'unchanged'>;
  set<In extends Schema, Out extends Schema>(
    name: string,
    schedule: Repeated<{
      readonly task: readonly [contract: TaskContract<string, In, Out>, input: InputOf<In>];
      readonly options: AddressedRunOptions;
    }>,
  ): Promise<'created' | 'changed' | 'unchanged'>;
  set(
    name: string,
    schedule: Repeated<{
      readonly task: readonly [address: TaskAddress, input?: unknown];
      readonly options?: RunOptions;
    }>,
  ): Promise<'created' | 'changed' | 'unchanged'>;
  /** Ends a schedule; tasks that it made go on. False when there was none. */
  remove(name: string): Promise<boolean>;
  /** Makes no more runs until it is resumed; they are not missed. False when it was paused. Rejects with `no-schedule`. */
  pause(name: string): Promise<boolean>;
  /** Goes on with the next regular time. False when it was not paused. Rejects with `no-schedule`. */
  resume(name: string): Promise<boolean>;
  /** One run now, beside the regular ones. Rejects with `no-schedule`, and like `enqueue`. */
  run(name: string): Promise<TaskHandle>;
  /** All of them, by name. */
  list(): Promise<readonly Schedule[]>;
  get(name: string): Promise<Schedule | undefined>;
}

export interface ScheduleVerbs {
  /** Tasks that the fleet repeats by itself. */
  readonly schedules: Schedules;
}
