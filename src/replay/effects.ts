/**
 * From the journal of a replay to what the agent did, in order: one record for each effect, with everything that was in it.
 *
 * Only what an agent can cause is told; the pulse of its node is not.
 */
import { decodeEnvelope } from '../core/envelope.ts';
import { describeError, type ErrorRecord } from '../core/errors.ts';
import { fieldOf, type Fields, wordOf } from '../sim/fields.ts';
import type { HandlerEnd, Handled } from '../sim/instrument.ts';
import type { Entry, Run, Trip } from '../sim/journal.ts';
import type { Attempted } from './outside.ts';

/** What happened in a replay; `at` is virtual, in milliseconds since the first thing was fed, `order` says what came first at one time. */
export type Effect = { readonly at: number; readonly order: number } & Did;

export type Did =
  | {
      readonly kind: 'fed';
      readonly what: 'event' | 'task' | 'message';
      readonly name: string;
      readonly from: string;
      readonly id: string;
      readonly data: unknown;
    }
  | {
      readonly kind: 'began';
      readonly agent: string;
      readonly handles: Handled['kind'];
      readonly name: string;
      readonly id: string;
    }
  | {
      readonly kind: 'returned';
      readonly agent: string;
      readonly name: string;
      readonly id: string;
      readonly value: unknown;
    }
  | {
      readonly kind: 'threw';
      readonly agent: string;
      readonly name: string;
      readonly id: string;
      readonly error: ErrorRecord;
      readonly stack: string;
    }
  | { readonly kind: 'enqueue' | 'send' | 'ask'; readonly to: string; readonly name: string; readonly data: unknown }
  | { readonly kind: 'broadcast'; readonly name: string; readonly data: unknown }
  | { readonly kind: 'lock' | 'unlock' | 'schedule' | 'spawn' | 'cancel'; readonly name: string }
  | { readonly kind: 'progress'; readonly data: unknown }
  | {
      readonly kind: 'log';
      readonly agent: string;
      readonly level: string;
      readonly message: string;
      readonly data?: unknown;
    }
  | { readonly kind: Attempted['kind']; readonly what: string }
  /** The task ended without a handler, or by what its handler threw; or no handler took the message. */
  | { readonly kind: 'dead'; readonly reason: string; readonly error: ErrorRecord };

export function effectsOf(entries: readonly Entry[], place: string): readonly Effect[] {
  return entries
    .filter((entry) => entry.place === place)
    .flatMap((entry): Effect[] => {
      const { at, order } = entry;
      switch (entry.kind) {
        case 'run':
          return runEffects(entry);
        case 'log':
          return [{ at, order, kind: 'log', ...entry.record }];
        case 'trip':
          return didIn(entry).map((did) => ({ at, order, ...did }));
        default:
          return [];
      }
    });
}

function runEffects({ at, order, handled, endedAt, endOrder = 0, end }: Run): Effect[] {
  const { agent, kind: handles, name, id } = handled;
  const began: Effect = { at, order, kind: 'began', agent, handles, name, id };
  if (end === undefined || endedAt === undefined) return [began];
  return [began, { at: endedAt, order: endOrder, ...endOf(end, { agent, name, id }) }];
}

function endOf(end: HandlerEnd, who: { readonly agent: string; readonly name: string; readonly id: string }): Did {
  if (end.kind === 'returned') return { kind: 'returned', ...who, value: end.value };
  const { error } = end;
  return {
    kind: 'threw',
    ...who,
    error: describeError(error),
    stack: error instanceof Error ? stackOf(error) : String(error),
  };
}

function stackOf(error: Error): string {
  const cause = error.cause instanceof Error ? `\ncaused by: ${stackOf(error.cause)}` : '';
  return `${error.stack ?? error.message}${cause}`;
}

const ofEnvelope: Readonly<Record<string, 'enqueue' | 'send' | 'ask'>> = {
  'tasks.enqueue': 'enqueue',
  'mail.send': 'send',
  'mail.ask': 'ask',
};
const ofName: Readonly<Record<string, 'lock' | 'unlock' | 'schedule'>> = {
  'locks.acquire': 'lock',
  'locks.release': 'unlock',
  'schedules.set': 'schedule',
};

function didIn({ name, args }: Trip): readonly Did[] {
  const [first, second] = args;
  const kind = ofEnvelope[name];
  if (kind !== undefined) return opsOf(first).flatMap((op) => envelopeOf(kind, op));
  if (name === 'events.append')
    return opsOf(first).map((op) => ({ kind: 'broadcast', name: wordOf(op['topic']), data: parsed(op['data']) }));
  if (name === 'tasks.settle') return opsOf(first).flatMap(({ outcome }) => deathOf(outcome));
  if (name === 'mail.acknowledge')
    return opsOf(first).flatMap(({ dead }) => deathOf(dead && { kind: 'dead', ...dead }));
  if (name === 'queues.report')
    return (second as readonly Fields[]).map(({ body }) => ({ kind: 'progress', data: parsed(body) }));
  if (name === 'control.enrol') return [{ kind: 'spawn', name: wordOf(fieldOf(first, 'name')) }];
  if (name === 'control.cancel') return [{ kind: 'cancel', name: wordOf(fieldOf(first, 'taskId')) }];
  const named = ofName[name];
  return named === undefined ? [] : [{ kind: named, name: wordOf(fieldOf(first, 'name')) }];
}

function envelopeOf(kind: 'enqueue' | 'send' | 'ask', op: Fields): readonly Did[] {
  if (typeof op['envelope'] !== 'string') return [];
  const { to, name, data } = decodeEnvelope(op['envelope']);
  return [{ kind, to, name, data }];
}

function deathOf(outcome: unknown): readonly Did[] {
  if (fieldOf(outcome, 'kind') !== 'dead') return [];
  return [
    { kind: 'dead', reason: wordOf(fieldOf(outcome, 'reason')), error: fieldOf(outcome, 'error') as ErrorRecord },
  ];
}

function opsOf(frame: unknown): readonly Fields[] {
  const ops = fieldOf(frame, 'ops');
  return Array.isArray(ops) ? (ops as Fields[]) : [];
}

function parsed(text: unknown): unknown {
  return typeof text === 'string' ? (JSON.parse(text) as unknown) : undefined;
}
