/**
 * Tasks of classic agents in the fleet: taken past foreign entries, done, and answered in the classic form.
 */
import { expect, test } from 'vitest';
import { waitFor } from '../support/wait.ts';
import { startClient } from './clients.ts';
import { missingClients } from './programs.ts';
import { auditor, classicStage } from './fleet.ts';
import { entry } from './rig/entries.ts';
import { expectClassic } from './vectors.ts';

const stage = classicStage();
const bridge = { classic: { foreign: [] } };

const completions = async (): Promise<Record<string, unknown>[]> =>
  (await stage.raw.lrange('task:completed', 0, -1)).map((text) => JSON.parse(text) as Record<string, unknown>);

test('a task for a role of the fleet is taken past foreign entries, which stay byte for byte and in order', async () => {
  const foreign = ['{"assignee": "someone",  "odd":  1}', entry({ assignee: 'php-b' }), entry({ assignee: 'audit2' })];
  await stage.raw.lpush('task:queue', foreign[0] ?? '', entry({ taskId: 'a' }), foreign[1] ?? '');
  await stage.raw.lpush('task:queue', entry({ taskId: 'b', metadata: { n: 2 } }), foreign[2] ?? '');
  const { ran, agents } = auditor();
  await stage.start({ agents, ...bridge });
  await waitFor(async () => (await completions()).length === 2, { what: 'two completions' });
  expect(ran).toEqual([
    { name: 'check', input: {}, from: 'php-a' },
    { name: 'check', input: { n: 2 }, from: 'php-a' },
  ]);
  expect((await stage.raw.lrange('task:queue', 0, -1)).reverse()).toEqual(foreign);
  const [last] = await completions();
  expectClassic(last ?? {}, 'php.completion');
  expect(last).toMatchObject({ taskId: 'b', completedBy: 'audit', result: { checked: { n: 2 } }, status: 'completed' });
});

test('the completion is stored before it is broadcast, and both are there once', async () => {
  const { agents } = auditor();
  await stage.start({ agents, ...bridge });
  const listener = stage.raw.duplicate();
  const heard: { message: string; stored: number }[] = [];
  listener.on('message', (_channel, text: string) => {
    const { message } = JSON.parse(text) as { message: string };
    void stage.raw.llen('task:completed').then((stored) => heard.push({ message, stored }));
  });
  await listener.subscribe('broadcast:agents');
  await stage.raw.lpush('task:queue', entry({ taskId: 'a' }));
  await waitFor(() => heard.length > 0, { what: 'the broadcast' });
  listener.disconnect();
  expect(heard).toEqual([{ message: 'Task completed: a', stored: 1 }]);
  const [[, flat] = ['', []]] = await stage.raw.xrange('events:stream', '-', '+');
  const fields = Object.fromEntries(flat.flatMap((field, at) => (at % 2 === 0 ? [[field, flat[at + 1]]] : [])));
  expectClassic(fields, 'php.event');
  expect(JSON.parse(String(fields['metadata']))).toEqual((await completions())[0]);
});

test('a failed task and one of an unknown name are broadcast as failed, and never reported completed', async () => {
  const { agents } = auditor();
  const { fleet } = await stage.start({ agents, ...bridge });
  const failed: { topic: string; data: { error?: string } }[] = [];
  const stop = new AbortController();
  const listening = (async () => {
    for await (const event of fleet.events.follow({ signal: stop.signal }))
      failed.push({ topic: event.topic, data: event.data as { error?: string } });
  })().catch(() => undefined);
  await stage.raw.lpush(
    'task:queue',
    entry({ taskId: 'a', task: 'fail' }),
    entry({ taskId: 'b', task: 'constructor' }),
  );
  await waitFor(() => failed.length === 2, { what: 'two failures' });
  stop.abort();
  await listening;
  expect(failed.map(({ topic }) => topic).sort()).toEqual(['Task failed: a', 'Task failed: b']);
  const byTopic = Object.fromEntries(failed.map(({ topic, data }) => [topic, data.error]));
  expect(byTopic['Task failed: a']).toBe('the disk is full');
  expect(byTopic['Task failed: b']).toContain('no such handler');
  expect(await completions()).toEqual([]);
});

test('tasks of the same taskId are tasks of their own', async () => {
  const { ran, agents } = auditor();
  await stage.start({ agents, ...bridge });
  const texts = Array.from({ length: 20 }, () => entry({ taskId: 'task_1795357614' }));
  await stage.raw.lpush('task:queue', ...texts);
  await waitFor(async () => (await completions()).length === 20, { what: 'twenty completions' });
  expect(ran).toHaveLength(20);
  expect(await stage.raw.llen('task:queue')).toBe(0);
});

test.skipIf(missingClients !== undefined)(
  `PHP and Python hand tasks in and read their completions (${missingClients ?? 'real clients'})`,
  async () => {
    const { ran, agents } = auditor();
    await stage.start({ agents, ...bridge });
    const php = startClient('php', 'php-a', stage.server);
    const python = startClient('python', 'py-a', stage.server);
    const heard = await php.listen<{ message: string }[]>('listenBroadcast', 1, 10);
    const fromPython = await python.call<{ taskId: string }>('enqueue_task', 'check', 'audit', { n: 1 });
    const done = await heard.heard;
    expect(done[0]?.message).toBe(`Task completed: ${fromPython.taskId}`);
    const fromPhp = await php.call<{ taskId: string }>('enqueueTask', 'check', 'audit', []);
    const all = await waitFor(
      async () => {
        const found = await python.call<{ taskId: string; result: unknown }[]>('completions');
        return found.length === 2 && found;
      },
      { what: 'both completions' },
    );
    expect(all.map(({ taskId }) => taskId)).toEqual([fromPhp.taskId, fromPython.taskId]);
    expect(ran.map(({ from, input }) => [from, input])).toEqual([
      ['py-a', { n: 1 }],
      ['php-a', {}],
    ]);
  },
);
