/**
 * What an agent may do: the verbs that everybody in the fleet has, and what only a live agent knows.
 *
 * `Verbs` is one interface for agents and for outside clients: a cell gives its agent the same verbs, in the agent's name.
 * The runtime implements `AgentContext` once; the class `Agent` only delegates to it.
 */
import type { Clock } from '../core/clock.ts';
import type { Random } from '../core/random.ts';
import type { EventVerbs } from './event-verbs.ts';
import type { LockVerbs } from './lock-verbs.ts';
import type { MailVerbs } from './mail-verbs.ts';
import type { ScheduleVerbs } from './schedule-verbs.ts';
import type { SpawnVerbs } from './spawn-verbs.ts';
import type { TaskVerbs } from './task-verbs.ts';
import type { WatchVerbs } from './watch-verbs.ts';

/** The verbs of everybody in the fleet. */
export interface Verbs extends TaskVerbs, MailVerbs, EventVerbs, LockVerbs, ScheduleVerbs, SpawnVerbs {}

/** An agent's log: to the terminal, to the observer and to the agent's last lines in the broker. */
export interface AgentLog {
  info(message: string, data?: unknown): void;
  warn(message: string, data?: unknown): void;
  error(message: string, data?: unknown): void;
}

/** What the runtime attaches to an agent: the verbs in its name, and what it knows about itself. */
export interface AgentContext extends Verbs, WatchVerbs {
  /** The fleet-wide name of this live agent. */
  readonly id: string;
  readonly role: string;
  /** Aborts when this agent has to end: its activation is lost, or the drain's grace is over. */
  readonly signal: AbortSignal;
  /** Use it instead of `Date` and timers, so that simulation drives the agent. */
  readonly clock: Clock;
  /** Use it instead of `Math.random` and `randomUUID`, so that a seed repeats the run. */
  readonly random: Random;
  readonly log: AgentLog;
  /** True while a task runs in this agent. */
  readonly busy: boolean;
  /**
   * Ends this agent: its work is done. It takes nothing in any more, its handlers may finish within the grace of a drain, `onStop` runs.
   * Returns at once, and is not to be waited for in a handler. One whose restart is `permanent` is started again.
   */
  stop(): void;
  /**
   * Says that the agent itself is broken, whatever it was doing: it is taken down and started again as after a failure. The handler call
   * in which this is said ends with `error`, its task is charged with it; other tasks that the agent runs are given back uncharged.
   * Returns the error, so that a handler ends with `throw this.escalate(error)`.
   */
  escalate(error: unknown): Error;
  /** Says what the agent is about, for the command line and the dashboard; nothing clears it. */
  setStatus(text?: string): void;
}
