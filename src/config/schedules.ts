/**
 * Schedules in the configuration: their form, and what each option of one is for.
 *
 * Apart from the other options, because a schedule's time is checked by its own rules (core/recurrence.ts). Its task and its input
 * are checked when a node sets it, as for `schedules.set`.
 */
import * as z from 'zod';
import { readRecurrence, type RecurrenceOption } from '../core/recurrence.ts';
import { choice, optionRegistry } from './options.ts';

/** What `schedules.set` takes, without its types: the class or contract of the task, and its input. */
export type ScheduleOption = RecurrenceOption & {
  readonly task: readonly [target: (new () => object) | object, ...taskAndInput: unknown[]];
  readonly options?: object;
  readonly missed?: 'skip' | 'once' | 'all';
  readonly overlap?: 'allow' | 'skip';
};

export const schedulesRule = 'an object of schedules by name';
const taskRule = "a list such as [AuditAgent, 'audit', { path: '.' }] or [contract, input]";

const when = (rule: string, description: string) =>
  z.unknown().optional().register(optionRegistry, { rule, description });

/** Of one schedule; the times are looked at together. */
export const scheduleFields = z.strictObject({
  cron: when("a cron expression of five fields such as '0 3 * * *'", 'The times, on the clock of `timeZone`.'),
  timeZone: when("the IANA name of a time zone such as 'Europe/Berlin'", 'Of a cron expression. Absent: UTC.'),
  every: when("a duration from '1s' to '366d'", 'In place of a cron expression: the time from one run to the next.'),
  startAt: when('a date, its ISO 8601 text, or milliseconds since 1970', 'The first time. Absent: counted from 1970.'),
  task: z.array(z.unknown(), { error: taskRule }).min(1, { error: taskRule }).register(optionRegistry, {
    rule: taskRule,
    description: 'The task of every run: its class and name, its contract or its `{ role, task }`, then its input.',
  }),
  options: z.record(z.string(), z.unknown(), { error: 'the options of enqueue' }).optional().register(optionRegistry, {
    rule: 'the options of enqueue',
    description: 'Of every run: priority, retries, deadline.',
  }),
  missed: choice(['skip', 'once', 'all'], {
    description:
      'What becomes of runs that no node was up to make within a minute: left out, one run for all of them, or each, the newest 100.',
  }),
  overlap: choice(['allow', 'skip'], {
    description: 'Whether a run is made while the task of the one before has not ended.',
  }),
});

export const scheduleSchema = z
  .custom<ScheduleOption>((value) => typeof value === 'object' && value !== null, { error: 'an object of options' })
  .superRefine((value, context) => {
    const issues = scheduleFields.safeParse(value).error?.issues ?? [];
    for (const issue of issues) context.addIssue({ ...issue, input: value } as never);
    const read = readRecurrence(value);
    if ('problem' in read) context.addIssue({ code: 'custom', path: [read.problem.field], message: read.problem.rule });
  });
