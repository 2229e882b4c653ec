/**
 * When something repeats: read from what users write, and the times that follow from it. Pure: the caller says from when on.
 *
 * Y5  A cron expression is read in its time zone, UTC unless another is named. A time written in numbers that a change of the
 *     clocks skips falls on the moment of the change; one that comes twice counts the first time. Where minutes or hours have a
 *     `*`, what matters is the clock on the wall: the skipped hour has no times, the repeated one has them twice.
 * Y6  An interval knows no time zones: its times are `startAt` and every multiple behind it. Without one they are counted
 *     from 1970, so that everybody finds the same ones.
 */
import { Cron } from 'croner';
import { type Duration, parseDuration } from './duration.ts';

/** As users write it. */
export type RecurrenceOption =
  | {
      /** Five fields: minute, hour, day of the month, month, day of the week; or `@hourly`, `@daily`, `@weekly`, `@monthly`. */
      readonly cron: string;
      /** An IANA name such as `'Europe/Berlin'`. Default `'UTC'`, whatever the machine's is. */
      readonly timeZone?: string;
      readonly every?: never;
      readonly startAt?: never;
    }
  | {
      /** From one second to 366 days. */
      readonly every: Duration;
      /** The first time: a date, its ISO 8601 text, or milliseconds since 1970. Default: counted from 1970. */
      readonly startAt?: Date | string | number;
      readonly cron?: never;
      readonly timeZone?: never;
    };

export type Recurrence =
  | { readonly cron: string; readonly timeZone: string }
  /** `startAt` in milliseconds since 1970. */
  | { readonly everyMs: number; readonly startAt: number };

/** What is wrong with one field. */
export interface RecurrenceProblem {
  readonly field: 'cron' | 'timeZone' | 'every' | 'startAt';
  /** Completes "expected <field> to be ...". */
  readonly rule: string;
}

const leastEveryMs = 1_000;
const mostEveryMs = 366 * 86_400_000;

/** The recurrence of an option, or what is wrong with it. */
export function readRecurrence(
  option: {
    readonly [field in RecurrenceProblem['field']]?: unknown;
  },
): Recurrence | { readonly problem: RecurrenceProblem } {
  const { cron, every, timeZone = 'UTC', startAt = 0 } = option;
  if (cron !== undefined && every !== undefined) return wrong('every', 'left out where there is a cron expression');
  if (cron === undefined) {
    if (option.timeZone !== undefined) return wrong('timeZone', 'left out where there is no cron expression');
    return readInterval(every, startAt);
  }
  if (option.startAt !== undefined) return wrong('startAt', 'left out where there is a cron expression');
  if (typeof timeZone !== 'string' || !isTimeZone(timeZone))
    return wrong('timeZone', "the IANA name of a time zone such as 'Europe/Berlin'");
  if (typeof cron !== 'string') return wrong('cron', cronRule);
  try {
    const recurrence = { cron, timeZone };
    return nextTime(recurrence, 0) === undefined ? wrong('cron', 'a time that comes about') : recurrence;
  } catch (error) {
    return wrong('cron', `${cronRule} (${(error as Error).message})`);
  }
}

const cronRule = "a cron expression of five fields such as '0 3 * * *'";

function readInterval(every: unknown, startAt: unknown): ReturnType<typeof readRecurrence> {
  const everyMs = parseDuration(every) ?? 0;
  if (everyMs < leastEveryMs || everyMs > mostEveryMs)
    return wrong('every', "a duration from '1s' to '366d', unless there is a cron expression");
  const at = startAt instanceof Date || typeof startAt === 'string' ? new Date(startAt).getTime() : startAt;
  if (typeof at !== 'number' || !Number.isSafeInteger(at) || at < 0)
    return wrong('startAt', 'a date, its ISO 8601 text, or milliseconds since 1970');
  return { everyMs, startAt: at };
}

function wrong(field: RecurrenceProblem['field'], rule: string): { readonly problem: RecurrenceProblem } {
  return { problem: { field, rule } };
}

function isTimeZone(name: string): boolean {
  try {
    return new Intl.DateTimeFormat('en', { timeZone: name }).resolvedOptions().timeZone !== '';
  } catch {
    return false;
  }
}

/** The first time after `after` (not at it), in milliseconds since 1970; undefined when there is none. */
export function nextTime(recurrence: Recurrence, after: number): number | undefined {
  return timesOf(recurrence)(after);
}

/** Times that lie behind, oldest first. */
export interface PastTimes {
  /** How many there are before those that are listed. */
  readonly earlier: number;
  readonly listed: readonly number[];
  /** There are later ones, too: they were too many to be listed. */
  readonly more: boolean;
}

/** The times from `first`, itself one, up to and including `until`, at most `most` of them. */
export function timesUntil(recurrence: Recurrence, first: number, until: number, most: number): PastTimes {
  const next = timesOf(recurrence);
  const earlier = Math.max(0, intervalsUntil(recurrence, first, until) - most);
  const listed: number[] = [];
  let at: number | undefined = 'everyMs' in recurrence ? first + earlier * recurrence.everyMs : first;
  for (; at !== undefined && at <= until && listed.length < most; at = next(at)) listed.push(at);
  return { earlier, listed, more: at !== undefined && at <= until };
}

/** An interval's times are counted, not found: there may be millions. */
function intervalsUntil(recurrence: Recurrence, first: number, until: number): number {
  return 'everyMs' in recurrence ? Math.floor((until - first) / recurrence.everyMs) + 1 : 0;
}

/** The library is handed the time to start from; its own look at the machine's clock has no influence then. */
function timesOf(recurrence: Recurrence): (after: number) => number | undefined {
  if ('everyMs' in recurrence) {
    const { everyMs, startAt } = recurrence;
    return (after) => (after < startAt ? startAt : startAt + (Math.floor((after - startAt) / everyMs) + 1) * everyMs);
  }
  const { cron, timeZone: timezone } = recurrence;
  const pattern = new Cron(cron, { timezone, mode: '5-part', fixedTimeRule: 'no-wildcard' });
  return (after) => pattern.nextRun(new Date(after))?.getTime();
}
