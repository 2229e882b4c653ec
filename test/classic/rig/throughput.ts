/**
 * How many tasks of classic agents a node takes in, works and answers in a second, while entries that are not the fleet's stand in the same
 * list: and whether each was answered once, and none of the others was touched.
 */
import type { Redis } from 'ioredis';
import { systemClock } from '../../../src/core/system.ts';
import { waitFor } from '../../support/wait.ts';
import { entry } from './entries.ts';
import { startNode } from './nodes.ts';

export interface ThroughputFigures {
  readonly tasks: number;
  readonly standing: number;
  readonly seconds: number;
  readonly perSecond: number;
  /** Tasks that were answered never, or more than once. */
  readonly lost: number;
  readonly doubled: number;
  /** Foreign entries that are gone, or not what and where they were. */
  readonly disturbed: number;
}

const batch = 500;
const limitMs = 120_000;
/** Tasks that may be under way: a creator that is far ahead only measures its own speed. */
const mostAhead = 5_000;

export async function measureThroughput(
  { raw, redis }: { readonly raw: Redis; readonly redis: string },
  { tasks, standing }: { readonly tasks: number; readonly standing: number },
): Promise<ThroughputFigures> {
  const foreign = Array.from({ length: standing }, (_, n) =>
    entry({ taskId: `foreign-${n}`, assignee: `other-${n % 7}` }),
  );
  for (let at = 0; at < standing; at += batch) await raw.lpush('task:queue', ...foreign.slice(at, at + batch));
  const node = await startNode({ redis, size: 4, concurrency: 100 });
  try {
    await play(raw, 'warm', Math.min(2_000, tasks));
    await raw.del('task:completed');
    const began = systemClock.monotonic();
    await play(raw, 'task', tasks);
    const seconds = (systemClock.monotonic() - began) / 1_000;
    const left = (await raw.lrange('task:queue', 0, -1)).reverse();
    return {
      tasks,
      standing,
      seconds: Math.round(seconds * 100) / 100,
      perSecond: Math.round(tasks / seconds),
      ...(await count(raw, tasks)),
      disturbed: Math.abs(left.length - standing) + foreign.filter((text, at) => left[at] !== text).length,
    };
  } finally {
    await node.kill();
  }
}

async function play(raw: Redis, name: string, tasks: number): Promise<void> {
  for (let at = 0; at < tasks; at += batch) {
    const texts = Array.from({ length: Math.min(batch, tasks - at) }, (_, n) => entry({ taskId: `${name}-${at + n}` }));
    await raw.lpush('task:queue', ...texts);
    await done(raw, at + texts.length - mostAhead);
  }
  await done(raw, tasks);
}

async function done(raw: Redis, least: number): Promise<void> {
  await waitFor(async () => (await raw.llen('task:completed')) >= least, {
    what: `${least} completions`,
    timeoutMs: limitMs,
  });
}

async function count(raw: Redis, tasks: number): Promise<{ readonly lost: number; readonly doubled: number }> {
  const ids = (await raw.lrange('task:completed', 0, -1)).map(
    (text) => (JSON.parse(text) as { taskId: string }).taskId,
  );
  return { lost: tasks - new Set(ids).size, doubled: ids.length - new Set(ids).size };
}
