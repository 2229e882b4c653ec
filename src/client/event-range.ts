/**
 * Which part of the event stream a reader means: where it begins, where it ends, and which events in between it wants.
 *
 * Apart from the view, because pages, followers and replays mean the same by the same words.
 */
import type { EventFilter, EventRange, Moment } from '../agent/event-verbs.ts';
import { compileTopic } from '../agent/topic.ts';
import type { EventRecord } from '../broker/events.ts';
import { parseDuration } from '../core/duration.ts';
import { RuntimeError } from '../core/errors.ts';

export interface Part {
  /** Undefined when the caller did not say. */
  readonly after: string | undefined;
  /** Milliseconds since 1970; infinite when there is no end. */
  readonly untilMs: number;
  wants(event: EventRecord): boolean;
  /** True for the events behind `until`. */
  isOver(id: string): boolean;
}

/** `serverNow` in milliseconds: what `'10m'` counts back from. Throws `RuntimeError` for what is no range. */
export function partOf(range: EventRange, serverNow: number): Part {
  const { after, since, until } = range;
  if (after !== undefined && since !== undefined)
    throw new RuntimeError('range', `expected one of after and since, got: both, ${after} and ${show(since)}`);
  const untilMs = until === undefined ? Number.POSITIVE_INFINITY : momentMs(until, 'until', serverNow);
  return {
    after: since === undefined ? after : String(Math.floor(momentMs(since, 'since', serverNow))),
    untilMs,
    wants: matcher(range),
    isOver: (id) => timeOf(id) > untilMs,
  };
}

/** When the event was appended, in milliseconds of server time. */
export function timeOf(id: string): number {
  return Number(id.split('-')[0]);
}

function momentMs(moment: Moment, name: string, serverNow: number): number {
  const agoMs = typeof moment === 'string' ? parseDuration(moment) : undefined;
  const ms = agoMs === undefined ? Number(moment instanceof Date ? moment.getTime() : moment) : serverNow - agoMs;
  if (Number.isFinite(ms)) return Math.max(0, ms);
  throw new RuntimeError(
    'range',
    `expected ${name} to be a Date, milliseconds since 1970 or a span back from now such as '10m', got: ${show(moment)}`,
  );
}

function matcher({ topic, from }: EventFilter): (event: EventRecord) => boolean {
  const pattern = topic === undefined ? undefined : compileTopic(topic);
  if (typeof pattern === 'string')
    throw new RuntimeError('topic', `expected the topic to be ${pattern}, got: ${topic}`);
  return (event) => (pattern?.matches(event.topic) ?? true) && (from === undefined || event.from === from);
}

function show(value: unknown): string {
  return value instanceof Date ? String(value) : String(JSON.stringify(value));
}
