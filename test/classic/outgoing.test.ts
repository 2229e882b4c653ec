/**
 * Tasks of the fleet for classic agents: they go out in the classic form, and their completion comes back to the caller.
 */
import { expect, test } from 'vitest';
import { waitFor } from '../support/wait.ts';
import { startClient } from './clients.ts';
import { missingClients } from './programs.ts';
import { auditor, classicStage } from './fleet.ts';
import { entry } from './rig/entries.ts';
import { expectClassic } from './vectors.ts';

const stage = classicStage();
const classic = { foreign: ['php-worker', 'py:worker'] };
const address = { role: 'php-worker', task: 'resize' };

interface Entry {
  readonly taskId: string;
  readonly metadata: unknown;
}

/** The next task that is out, taken as a classic agent takes it. */
async function take(): Promise<Entry> {
  const popped = await stage.raw.brpop('task:queue', 10);
  return JSON.parse(popped?.[1] ?? 'null') as Entry;
}

const complete = (taskId: string, result: unknown): Promise<unknown> =>
  stage.raw.lpush('task:completed', JSON.stringify({ taskId, completedBy: 'php-worker', result, completedAt: 'now' }));

test('a task for a foreign assignee goes out in the classic form, and its completion is the result', async () => {
  const { fleet } = await stage.start({ agents: [], classic });
  const handle = await fleet.enqueue(address, { width: 10 });
  const taken = await take();
  expectClassic({ ...taken }, 'php.task');
  expect(taken).toMatchObject({ creator: fleet.name, assignee: 'php-worker', task: 'resize', metadata: { width: 10 } });
  await complete('somebody-else', 'wrong');
  await complete(taken.taskId, { height: 20 });
  expect(await handle.result({ timeout: '10s' })).toEqual({ height: 20 });
});

test('what a foreign agent says has failed is told to the caller, whether it is appended or only published', async () => {
  const { fleet } = await stage.start({ agents: [], classic });
  const [one, two] = [await fleet.enqueue(address, 1), await fleet.enqueue(address, 2)];
  const [first, second] = [await take(), await take()];
  const metadata = (taskId: string): string => JSON.stringify({ taskId, error: 'no such picture' });
  const fields = ['agent', 'php-worker', 'type', 'broadcast', 'message', `Task failed: ${first.taskId}`];
  await stage.raw.xadd('events:stream', '*', ...fields, 'metadata', metadata(first.taskId), 'timestamp', 'now');
  await stage.raw.publish('broadcast:agents', '{"agent":"x","timestamp":"","message":"look","metadata":{}}');
  const published = `{"agent":"php-worker","timestamp":"now","message":"Task failed: ${second.taskId}","metadata":${metadata(second.taskId)}}`;
  await stage.raw.publish('broadcast:agents', published);
  const failure = { message: expect.stringContaining('php-worker: no such picture') as unknown };
  await expect(one.result({ timeout: '10s' })).rejects.toMatchObject(failure);
  await expect(two.result({ timeout: '10s' })).rejects.toMatchObject(failure);
});

test('a task that is cancelled, or whose deadline has passed, is taken out of the queue again', async () => {
  const { fleet } = await stage.start({ agents: [], classic });
  const foreign = entry({ assignee: 'somebody' });
  await stage.raw.lpush('task:queue', foreign);
  const handle = await fleet.enqueue(address, 1);
  const late = await fleet.enqueue(address, 2, { deadline: '2s' });
  await waitFor(async () => (await stage.raw.llen('task:queue')) === 3, { what: 'both to be out' });
  expect(await handle.cancel('not needed')).toBe('requested');
  await expect(handle.result({ timeout: '10s' })).rejects.toThrow('not needed');
  await expect(late.result({ timeout: '10s' })).rejects.toThrow('deadline');
  await waitFor(async () => (await stage.raw.llen('task:queue')) === 1, { what: 'both to be withdrawn' });
  expect(await stage.raw.lrange('task:queue', 0, -1)).toEqual([foreign]);
});

test('a failed task that may be tried again goes out again, as a new one', async () => {
  const { fleet } = await stage.start({ agents: [], classic });
  const handle = await fleet.enqueue(address, 1, { retries: 1 });
  const first = await take();
  await stage.raw.publish(
    'broadcast:agents',
    `{"agent":"p","timestamp":"","message":"Task failed: ${first.taskId}","metadata":{"error":"busy"}}`,
  );
  const second = await take();
  expect(second.taskId).not.toBe(first.taskId);
  await complete(first.taskId, 'late');
  await complete(second.taskId, 'in time');
  expect(await handle.result({ timeout: '10s' })).toBe('in time');
});

test('when the bridge moves to another node, what is out is not put out again, and its answer arrives', async () => {
  const options = { agents: [], classic };
  const [first, second] = [await stage.start(options), await stage.start(options)];
  const { fleet } = second;
  const handles = [await fleet.enqueue(address, 1), await fleet.enqueue(address, 2)];
  const taken = await take();
  await first.stop();
  await complete(taken.taskId, 'while nobody was the bridge');
  const other = await take();
  await complete(other.taskId, 'second');
  expect(await Promise.all(handles.map((handle) => handle.result({ timeout: '15s' })))).toEqual([
    'while nobody was the bridge',
    'second',
  ]);
  expect(await stage.raw.llen('task:queue')).toBe(0);
});

test.skipIf(missingClients !== undefined)(
  `PHP and Python do tasks of the fleet (${missingClients ?? 'real clients'})`,
  async () => {
    const { agents } = auditor();
    const { fleet } = await stage.start({ agents, classic });
    const php = startClient('php', 'php-worker', stage.server);
    const python = startClient('python', 'py:worker', stage.server);
    const forPhp = await fleet.enqueue(address, { n: 1 });
    await php.call('work', 1, 1);
    const forPython = await fleet.enqueue({ role: 'py:worker', task: 'count' }, [1, 2]);
    await python.call('work', 1, 1);
    expect(await forPhp.result({ timeout: '10s' })).toEqual({ by: 'php-worker', task: 'resize', metadata: { n: 1 } });
    expect(await forPython.result({ timeout: '10s' })).toEqual({ by: 'py:worker', task: 'count', metadata: [1, 2] });
    const failing = await fleet.enqueue(address, {});
    const { taskId } = await php.call<{ taskId: string }>('getNextTask', 5);
    await php.call('failTask', taskId, 'no memory');
    await expect(failing.result({ timeout: '10s' })).rejects.toThrow('no memory');
  },
);
