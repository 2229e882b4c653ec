/**
 * `runtime events --lifecycle`: what became of the fleet's nodes and agents, and what becomes of them.
 *
 * Apart from the broadcasts: there are few records, each with a time, a subject and a reason, and nothing of a user's in them.
 */
import type { EventFilter } from '../agent/event-verbs.ts';
import type { LifecycleEvent, LifecycleRange } from '../client/lifecycle-view.ts';
import type { Fleet } from '../compose/fleet.ts';
import { limits } from '../core/limits.ts';
import type { CliContext } from './context.ts';
import { bad, faint, good, name, warning } from './render/colours.ts';
import { plain, record, timeOfDay } from './render/text.ts';

export interface LifecycleOptions {
  readonly last?: number;
  readonly since?: EventFilter;
  readonly follow?: true;
  readonly json?: true;
}

export async function showLifecycle(fleet: Fleet, options: LifecycleOptions, context: CliContext): Promise<void> {
  const { since, last = since === undefined ? 20 : limits.lifecycle } = options;
  const stored = await fleet.lifecycle.read({ ...rangeOf(since), limit: limits.lifecycle });
  for (const event of last === 0 ? [] : stored.slice(-last)) print(event, options, context);
  if (options.follow) await follow(fleet, stored.at(-1)?.id ?? '0', options, context);
}

function rangeOf({ after, since }: EventFilter = {}): LifecycleRange {
  return { ...(after !== undefined && { after }), ...(since !== undefined && { since }) };
}

async function follow(fleet: Fleet, after: string, options: LifecycleOptions, context: CliContext): Promise<void> {
  const leaving = new AbortController();
  const unlisten = context.signals.listen(() => leaving.abort());
  try {
    for await (const event of fleet.lifecycle.follow({ after, signal: leaving.signal })) print(event, options, context);
  } finally {
    unlisten();
  }
}

const marks = { up: good('+'), down: faint('-'), restarted: warning('!') } as const;

function print(event: LifecycleEvent, { json, follow: live, since }: LifecycleOptions, { output }: CliContext): void {
  if (json) return output.out(record(event));
  if (event.gap && (live || since !== undefined))
    output.out(warning('some records before this one are kept no longer'));
  const subject =
    'agent' in event ? `${name(plain(event.agent))} on node ${plain(event.node)}` : `node ${plain(event.node)}`;
  const change = event.kind.split('.')[1] as keyof typeof marks;
  const isLost = event.kind === 'node.down' && event.reason !== 'left';
  const why = event.reason === undefined ? '' : faint(`  ${plain(event.reason)}`);
  const mark = isLost ? bad('!') : marks[change];
  output.out(
    `${faint(timeOfDay(event.at))}  ${mark} ${subject} ${change === 'restarted' ? change : `is ${change}`}${why}`,
  );
}
