/**
 * Progress, locks and logs between the fleet and real PHP and Python agents.
 */
import { Agent, onTask, pool, type Task } from 'agent-runtime';
import { expect, test } from 'vitest';
import { waitFor } from '../support/wait.ts';
import { startClient } from './clients.ts';
import { missingClients } from './programs.ts';
import { classicStage } from './fleet.ts';
import { entry } from './rig/entries.ts';
import { expectClassic } from './vectors.ts';

const stage = classicStage();
const title = missingClients ?? 'real clients';
const skipped = test.skipIf(missingClients !== undefined);

class StepAgent extends Agent {
  static readonly role = 'audit';
  @onTask('check') async check(task: Task): Promise<string> {
    await task.progress(1, 3, 'reading');
    this.log.info('reading');
    return 'done';
  }
}
const agents = [pool(StepAgent)];

skipped(
  `progress is published on task:<id>:<name>, and broadcast, under the id that PHP knows (${title})`,
  async () => {
    await stage.start({ agents, classic: { foreign: [] } });
    const php = startClient('php', 'php-a', stage.server);
    const { heard } = await php.listen<Record<string, unknown>[]>('listenTo', 'task:task_7:check', 1, 10);
    await stage.raw.lpush('task:queue', entry({ taskId: 'task_7' }));
    expect((await heard)[0]).toMatchObject({ taskId: 'task_7', task: 'check', done: 1, total: 3, note: 'reading' });
    const python = startClient('python', 'py-a', stage.server);
    const events = await waitFor(
      async () => {
        const all = await python.call<{ message: string; metadata: unknown; agent: string }[]>('get_events');
        return all.some(({ message }) => message === 'Task completed: task_7') && all;
      },
      { what: 'the events' },
    );
    expect(events[0]).toMatchObject({
      message: 'Task progress: task_7',
      metadata: { done: 1, total: 3, note: 'reading' },
    });
    expect(events[0]?.agent).toMatch(/^audit@/);
  },
);

skipped(`broadcasts and events go both ways with all five fields (${title})`, async () => {
  const { fleet } = await stage.start({ agents });
  const php = startClient('php', 'php-a', stage.server);
  const python = startClient('python', 'py-a', stage.server);
  const { heard } = await python.listen<Record<string, unknown>[]>('listen_broadcast', 1, 10);
  await fleet.broadcast('docs.changed', { path: 'a/b', list: [1] });
  const [published] = await heard;
  expectClassic(published ?? {}, 'php.broadcast');
  expect(published).toMatchObject({ agent: fleet.name, message: 'docs.changed', metadata: { path: 'a/b', list: [1] } });
  const [read] = await php.call<Record<string, unknown>[]>('getEvents');
  expect(read).toMatchObject({
    agent: fleet.name,
    type: 'broadcast',
    message: 'docs.changed',
    metadata: { path: 'a/b', list: [1] },
    timestamp: expect.stringMatching(/\+00:00$/) as unknown,
  });
  await php.call('broadcast', 'from php', { n: 1 });
  await python.call('broadcast', 'from python');
  const events = await waitFor(
    async () => {
      const all = await fleet.events.read();
      return all.length === 3 && all.map(({ topic, from, data }) => ({ topic, from, data }));
    },
    { what: 'three events' },
  );
  expect(events.slice(1)).toEqual([
    { topic: 'from php', from: 'php-a', data: { n: 1 } },
    { topic: 'from python', from: 'py-a', data: {} },
  ]);
});

skipped(
  `locks exclude PHP and the fleet from each other, and a dead holder's lock is taken after its end (${title})`,
  async () => {
    const { fleet } = await stage.start({ agents });
    const php = startClient('php', 'php-a', stage.server);
    const lock = await fleet.lock('agents.md');
    expect(await stage.raw.get('lock:agents.md')).toMatch(new RegExp(`^${fleet.name}:`));
    expect(await stage.raw.ttl('lock:agents.md')).toBeGreaterThan(20);
    await expect(php.call('acquireLock', 'agents.md', 1)).rejects.toThrow('Failed to acquire lock');
    await lock.release();
    const held = await php.call<{ lockValue: string }>('acquireLock', 'agents.md', 10, 1);
    expect(await fleet.tryLock('agents.md')).toBeUndefined();
    php.kill();
    const second = await fleet.lock('agents.md', { wait: '10s' });
    expect(second.token).toBeGreaterThan(lock.token);
    const other = startClient('php', 'php-b', stage.server);
    expect(await other.call('releaseLock', 'agents.md', held.lockValue)).toBe(false);
    await second.release();
    const third = await other.call<{ lockValue: string }>('acquireLock', 'agents.md', 1);
    expect(await other.call('releaseLock', 'agents.md', third.lockValue)).toBe(true);
    expect(await stage.raw.exists('lock:agents.md')).toBe(0);
  },
);

skipped(`logs are lists of at most a hundred lines, read by each side (${title})`, async () => {
  const { fleet } = await stage.start({ agents });
  const php = startClient('php', 'php-a', stage.server);
  for (let n = 0; n < 110; n++) await php.call('log', `line ${n}`, 'warn');
  const lines = await fleet.logs('php-a');
  expect(lines).toHaveLength(100);
  expect(lines[0]).toMatchObject({ level: 'warn', message: 'line 109' });
  await fleet.run({ role: 'audit', task: 'check' }, {});
  const [key] = await waitFor(
    async () => {
      const keys = await stage.raw.keys('logs:audit@*');
      return keys.length > 0 && keys;
    },
    { what: 'the log of the agent' },
  );
  const [line] = await php.call<Record<string, unknown>[]>('readLog', String(key).slice('logs:'.length));
  expectClassic(line ?? {}, 'php.log');
  expect(line).toMatchObject({ level: 'info', message: 'reading' });
});
