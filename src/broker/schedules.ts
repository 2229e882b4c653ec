/**
 * The schedule port: tasks that repeat, as names with a next due time. Whoever is up looks which are due, by server time, and makes
 * their runs; when the times are, and what a run is, only the runtime knows.
 *
 * U1  A schedule is there from `set` until it is removed. Setting what is there already changes nothing; a changed `body` keeps
 *     the due time, a changed `plan` takes the new one. Pause and tallies outlive both.
 * U2  The due time is moved only by who names the one that stands: `begin` and `advance` with any other are refused and change
 *     nothing. So of many nodes that see one due time, one moves it.
 * U3  Before a run is made it is begun: the schedule keeps which run it is and since when, until the due time moves. Only one
 *     run is begun for a due time, and everybody else is told which; a node that finds it later ends it or knows how old it is.
 * U4  A paused schedule is never due, and what was begun is forgotten. It goes on from the due time that its resume names.
 * U5  Everyone is told `scheduled` when due times may have become earlier: after a set that changed something, and a resume.
 */
export interface ScheduleRequest {
  readonly name: string;
  /** Text that decides the due times and where the runs go. The broker only compares it. */
  readonly plan: string;
  /** Text of everything else. */
  readonly body: string;
  /** Server time in milliseconds. */
  readonly next: number;
  /** Refused when there are this many schedules of other names. */
  readonly most: number;
}

export type ScheduleReply = 'created' | 'changed' | 'unchanged' | 'too-many';

/** What has become of a schedule's runs. */
export interface ScheduleTally {
  /** Due time of the last run that was made, in server time, and its task. Absent: none was. */
  readonly last?: { readonly dueAt: number; readonly taskId: string };
  readonly runs: number;
  /** Runs that nobody made in time. */
  readonly missed: number;
  /** Runs left out because the one before had not ended. */
  readonly skipped: number;
}

export interface ScheduleRecord extends ScheduleTally {
  readonly name: string;
  readonly plan: string;
  readonly body: string;
  /** Server time in milliseconds. Absent while it is paused. */
  readonly next?: number;
  /** U3 */
  readonly begun?: BegunRun;
}

export interface BegunRun {
  /** Its due time, not before that of the schedule. */
  readonly dueAt: number;
  readonly agoMs: number;
}

/** What a call on the due time of a schedule is about. The node must hold its presence lease. */
interface DueRef {
  readonly node: string;
  readonly name: string;
  /** The due time that was seen (U2). */
  readonly seen: number;
}

export interface AdvanceRequest extends DueRef {
  /** The due time from now on. */
  readonly next: number;
  /** Added to the tally. */
  readonly run?: { readonly dueAt: number; readonly taskId: string };
  readonly missed: number;
  readonly skipped: number;
}

/** `moved`: the due time is another one (U2). */
export type BeginReply =
  | { readonly kind: 'begun' }
  | ({ readonly kind: 'begun-before' } & BegunRun)
  | { readonly kind: 'moved' };

export interface DueSchedules {
  /** Server time in milliseconds. */
  readonly now: number;
  /** The one that is due longest first. */
  readonly due: readonly ScheduleRecord[];
  /** Until the first that is not due yet. Absent: there is none. */
  readonly nextDueInMs?: number;
}

export interface SchedulePort {
  /** U1, U5 */
  set(request: ScheduleRequest): Promise<ScheduleReply>;
  /** True when it was there. */
  remove(name: string): Promise<boolean>;
  /** Pauses, or resumes at a due time (U4). True when that changed something, undefined when there is no such schedule. */
  switch(name: string, to: { readonly next?: number }): Promise<boolean | undefined>;
  /** The schedule of that name, if there is one; or those whose names come behind `after` in some fixed order, at most `count`. */
  read(page: { name: string } | { after: string; count: number }): Promise<readonly ScheduleRecord[]>;
  /** Those that are due, at most `count`. */
  due(count: number): Promise<DueSchedules>;
  /** U3 */
  begin(run: DueRef & { readonly run: number }): Promise<BeginReply>;
  /** Moves the due time (U2); true when it did. */
  advance(request: AdvanceRequest): Promise<boolean>;
}
