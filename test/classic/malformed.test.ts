/**
 * Malformed input on every key and channel of the classic protocol, between good tasks: nothing crashes, nothing good is lost or doubled or
 * overtaken, and all of it is found in quarantine.
 */
import { Agent, type Message, onMessage, onTask, pool, single, type Task } from 'agent-runtime';
import { afterEach, expect, test } from 'vitest';
import type { Quarantined } from '../../src/broker/quarantine.ts';
import type { Fleet } from '../../src/compose/fleet.ts';
import { waitFor } from '../support/wait.ts';
import { classicStage } from './fleet.ts';
import { malformedEntries, malformedEvents, malformedRecords } from './malformed.ts';
import { entry } from './rig/entries.ts';

const stage = classicStage();

afterEach(() => {
  expect(({} as { admin?: unknown }).admin).toBeUndefined();
});

function parts() {
  const [ran, heard]: [string[], string[]] = [[], []];
  class AuditAgent extends Agent {
    static readonly role = 'audit';
    @onTask('check') check(task: Task): unknown {
      ran.push(String((task.input as { n?: unknown }).n));
      return task.input;
    }
  }
  class DeskAgent extends Agent {
    static readonly role = 'desk';
    @onMessage('*') any(message: Message): void {
      heard.push(message.name);
    }
  }
  return { ran, heard, agents: [pool(AuditAgent), single(DeskAgent, { mailbox: 1_000 })] };
}

const start = (agents: ReturnType<typeof parts>['agents']) =>
  stage.start({ agents, classic: { foreign: ['php-worker'] } });

async function quarantined(fleet: Fleet, origin: string): Promise<readonly Quarantined[]> {
  const { entries } = await fleet.quarantine.list({ count: 1_000, textBytes: 10 });
  return entries.filter((one) => one.origin === origin);
}

const completedIds = async (): Promise<string[]> =>
  (await stage.raw.lrange('task:completed', 0, -1)).flatMap((text) => {
    if (!text.includes('"completedBy":"audit"')) return [];
    return [(JSON.parse(text) as { taskId: string }).taskId];
  });

test('50 kinds of entries in task:queue are set aside with their reason, and the good ones between them are done in order, once', async () => {
  const { ran, agents } = parts();
  const foreign = entry({ assignee: 'someone', metadata: { deep: 1 } });
  const { fleet } = await start(agents);
  expect(malformedEntries.length).toBeGreaterThanOrEqual(50);
  for (const [n, [, bytes]] of malformedEntries.entries()) {
    await stage.raw.lpush('task:queue', bytes);
    await stage.raw.lpush('task:queue', entry({ taskId: `good-${n}`, metadata: { n } }));
    if (n % 10 === 0) await stage.raw.lpush('task:queue', foreign);
  }
  const good = malformedEntries.map((_, n) => String(n));
  await waitFor(async () => (await completedIds()).length >= good.length, {
    what: 'all good tasks',
    timeoutMs: 30_000,
  });
  expect(ran).toEqual(good);
  expect((await completedIds()).reverse()).toEqual(good.map((n) => `good-${n}`));
  const kept = await quarantined(fleet, 'task:queue');
  expect(kept).toHaveLength(malformedEntries.length);
  expect(kept.filter(({ reason, left }) => reason === '' || left !== 'list')).toEqual([]);
  expect(new Set(await stage.raw.lrange('task:queue', 0, -1))).toEqual(new Set([foreign]));
});

test('malformed completions are reported and left where they are, and the good ones between them are results', async () => {
  const { agents } = parts();
  const { fleet } = await start(agents);
  const handles = await fleet.enqueueMany(
    { role: 'php-worker', task: 'resize' },
    malformedRecords.map((_, n) => n),
  );
  for (const [n, [, bytes]] of malformedRecords.entries()) {
    const popped = await stage.raw.brpop('task:queue', 10);
    const { taskId, metadata } = JSON.parse(popped?.[1] ?? '') as { taskId: string; metadata: number };
    expect(metadata).toBe(n);
    await stage.raw.lpush('task:completed', bytes);
    await stage.raw.lpush(
      'task:completed',
      JSON.stringify({ taskId, completedBy: 'php-worker', result: { n: metadata } }),
    );
  }
  const results = await Promise.all(handles.map((handle) => handle.result({ timeout: '20s' })));
  expect(results).toEqual(malformedRecords.map((_, n) => ({ n })));
  await waitFor(async () => (await quarantined(fleet, 'task:completed')).length === malformedRecords.length, {
    what: 'all of them in quarantine',
  });
  expect(await stage.raw.llen('task:completed')).toBe(2 * malformedRecords.length);
});

test('malformed messages and broadcasts are kept once, and the good ones between them arrive in order', async () => {
  const { heard, agents } = parts();
  const { fleet } = await start(agents);
  await start(agents); // another node that hears the same
  const message = (n: number): string =>
    JSON.stringify({ from: 'a', to: 'desk', message: `m${n}`, metadata: {}, timestamp: 'now' });
  for (const [n, [, bytes]] of malformedRecords.entries()) {
    await stage.raw.publish('msg:a:desk', bytes as string);
    await stage.raw.publish('broadcast:agents', bytes as string);
    await stage.raw.publish('msg:a:desk', message(n));
  }
  for (const [, fields] of malformedEvents) await stage.raw.xadd('events:stream', '*', ...(fields as string[]));
  await stage.raw.publish('broadcast:agents', '{"agent":"a","timestamp":"","message":"look","metadata":{}}');
  await waitFor(() => heard.length === malformedRecords.length, { what: 'the good messages', timeoutMs: 20_000 });
  expect(heard).toEqual(malformedRecords.map((_, n) => `m${n}`));
  const counts = {
    'msg:a:desk': malformedRecords,
    'broadcast:agents': malformedRecords,
    'events:stream': malformedEvents,
  };
  for (const [origin, kinds] of Object.entries(counts))
    await waitFor(async () => (await quarantined(fleet, origin)).length === kinds.length, {
      what: `${kinds.length} of ${origin} in quarantine`,
      timeoutMs: 15_000,
    });
});

test('while a key has another type no task and no result is lost, and that is reported', async () => {
  const { ran, agents } = parts();
  const { fleet } = await start(agents);
  const spoil = async (key: string): Promise<void> => {
    await stage.raw.del(key);
    await stage.raw.set(key, 'spoilt');
  };
  await spoil('task:completed');
  await stage.raw.lpush('task:queue', entry({ taskId: 'a', metadata: { n: 1 } }));
  await waitFor(() => ran.length === 1, { what: 'the task to run' });
  const isTold = (key: string) => async () =>
    (await fleet.quarantine.list({ count: 100, textBytes: 0 })).entries.some(({ origin }) => origin.includes(key));
  await waitFor(isTold('task:completed'), { what: 'the report' });
  await stage.raw.del('task:completed');
  await waitFor(async () => (await completedIds()).length === 1, { what: 'the completion' });
  await spoil('events:stream');
  await stage.raw.lpush('task:queue', entry({ taskId: 'b', metadata: { n: 2 } }));
  await waitFor(async () => (await completedIds()).length === 2, { what: 'the second completion' });
  await waitFor(isTold('events:stream'), { what: 'the report' });
  await stage.raw.del('events:stream');
  await waitFor(async () => (await stage.raw.xlen('events:stream')) === 1, { what: 'its broadcast' });
  await spoil('task:queue');
  const handle = await fleet.enqueue({ role: 'php-worker', task: 'resize' }, 1);
  await waitFor(isTold('task:queue'), { what: 'the report' });
  await stage.raw.del('task:queue');
  const popped = await stage.raw.brpop('task:queue', 10);
  const { taskId } = JSON.parse(popped?.[1] ?? '') as { taskId: string };
  await stage.raw.lpush('task:completed', JSON.stringify({ taskId, completedBy: 'php-worker', result: 1 }));
  expect(await handle.result({ timeout: '10s' })).toBe(1);
  for (const key of ['lock:x', 'logs:desk']) await stage.raw.hset(key, 'a', 'b');
  expect(await fleet.tryLock('x')).toBeUndefined(); // somebody holds it, whatever that is
  await expect(fleet.lock('x', { wait: '5s' })).rejects.toMatchObject({ code: 'refused' });
  await waitFor(isTold('lock:x'), { what: 'the report' });
  expect(await completedIds()).toEqual(['b', 'a']);
  expect(ran).toEqual(['1', '2']);
});
