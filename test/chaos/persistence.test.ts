/**
 * A Redis that keeps what it accepts in a file, killed in the middle of a load: nothing that was accepted is lost, and what a torn file
 * has lost of the last seconds is sent again.
 */
import { statSync, truncateSync } from 'node:fs';
import { Agent, onTask, pool, type Task } from 'agent-runtime';
import { Redis } from 'ioredis';
import { expect, onTestFinished, test } from 'vitest';
import { appendOnlyFile, type RedisServer, startRedis } from '../support/redis-server.ts';
import { waitFor } from '../support/wait.ts';
import { openClient, startNode } from './fleet-parts.ts';

const address = { role: 'work', task: 'work' };

async function serve(...args: string[]): Promise<RedisServer> {
  const server = await startRedis({ args });
  onTestFinished(() => server.stop());
  return server;
}

function work() {
  const ran = new Map<unknown, boolean[]>();
  class WorkAgent extends Agent {
    static readonly role = 'work';
    @onTask('work') work({ input, redelivered }: Task): unknown {
      ran.set(input, [...(ran.get(input) ?? []), redelivered]);
      return input;
    }
  }
  return { ran, WorkAgent };
}

/** Runs that began after others of the same task, and did not say so. */
function unmarked(ran: ReadonlyMap<unknown, readonly boolean[]>): unknown[] {
  return [...ran].filter(([, marks]) => marks.slice(1).includes(false)).map(([input]) => input);
}

for (const sync of ['everysec', 'always'])
  test(`with appendfsync ${sync} a server that is killed under load loses nothing that was accepted`, async () => {
    const server = await serve('--appendonly', 'yes', '--appendfsync', sync);
    const { ran, WorkAgent } = work();
    const { said } = await startNode(server.url, [pool(WorkAgent, { size: 3 })]);
    const { fleet, said: heard } = await openClient(server.url);
    const results: Promise<unknown>[] = [];
    let accepted = 0;
    for (let n = 0; n < 300; n++) {
      const enqueued = fleet.enqueue(address, n);
      results.push(enqueued.then((handle) => (accepted++, handle.result())));
      if (n % 20 === 0) await enqueued;
      if (n === 150) void server.kill();
      if (n === 155) await server.restart();
    }
    expect(await Promise.all(results)).toEqual(results.map((_, n) => n));
    expect(accepted).toBe(300);
    expect(unmarked(ran)).toEqual([]);
    // While its disk is busy, a server that syncs every second puts off its writes: what is lost then is said, and sent again.
    if (sync === 'always') for (const one of [said, heard]) expect(one.of('broker.data-lost')).toEqual([]);
  });

test('what the torn end of a file has lost is sent again, runs and says so', async () => {
  const server = await serve('--appendonly', 'yes', '--auto-aof-rewrite-percentage', '0');
  const { ran, WorkAgent } = work();
  const { fleet, said } = await openClient(server.url);
  const handles = [];
  for (let n = 0; n < 20; n++) handles.push(await fleet.enqueue(address, n));
  await server.kill();
  const file = appendOnlyFile(server);
  truncateSync(file, Math.floor(statSync(file).size / 2));
  await server.restart();
  await waitFor(() => said.of('broker.data-lost').length > 0, { what: 'the loss to be told' });
  await startNode(server.url, [pool(WorkAgent, { size: 3 })]);
  expect(await Promise.all(handles.map((handle) => handle.result()))).toEqual(handles.map((_, n) => n));
  expect([...ran.values()].some(([first]) => first)).toBe(true);
  expect(unmarked(ran)).toEqual([]);
});

test('a server that loads its data is waited for, and no caller hears of it', async () => {
  const server = await serve('--key-load-delay', '500', '--loading-process-events-interval-bytes', '1024');
  const raw = new Redis(server.url, { retryStrategy: () => 20, maxRetriesPerRequest: null, enableReadyCheck: false });
  raw.on('error', () => undefined);
  onTestFinished(() => raw.disconnect());
  const { WorkAgent } = work();
  const { said } = await startNode(server.url, [pool(WorkAgent)]);
  const { fleet } = await openClient(server.url);
  expect(await fleet.run(address, 'before')).toBe('before');
  await Promise.all(Array.from({ length: 1_000 }, (_, n) => raw.set(`other:${n}`, 'x'.repeat(100))));
  await raw.save();
  const back = server.restart();
  const during = fleet.run(address, 'during');
  const refusals = new Set<string>();
  const isLoading = (): Promise<boolean> =>
    raw.ping().then(
      () => refusals.size > 0,
      (error: unknown) => refusals.add(String(error).slice(0, 30)).size < 0,
    );
  await waitFor(isLoading, { what: 'the server to have loaded' });
  await back;
  expect([...refusals].join()).toContain('LOADING');
  expect(await during).toBe('during');
  expect(said.of('broker.data-lost')).toEqual([]);
});
