/**
 * A server that has the tasks and has forgotten that they ran: they run again and say so. One that syncs its file at each write has
 * forgotten nothing, and its tasks are as new as they were.
 */
import { statSync, truncateSync } from 'node:fs';
import { Agent, onTask, pool, type Task } from 'agent-runtime';
import { Redis } from 'ioredis';
import { expect, onTestFinished, test } from 'vitest';
import { appendOnlyFile, type RedisServer, startRedis } from '../support/redis-server.ts';
import { waitFor } from '../support/wait.ts';
import { openClient, startNode } from './fleet-parts.ts';
import { FaultyProxy } from './rig/proxy.ts';

const address = { role: 'work', task: 'work' };
const numbers = Array.from({ length: 20 }, (_, n) => n);

async function serve(...args: string[]): Promise<RedisServer> {
  const server = await startRedis({ args });
  onTestFinished(() => server.stop());
  return server;
}

async function isInFile(server: RedisServer): Promise<boolean> {
  const admin = new Redis(server.url);
  const about = await admin.info('persistence');
  admin.disconnect();
  return /^aof_buffer_length:0\r$/m.test(about);
}

function agents() {
  const ran = new Map<unknown, boolean[]>();
  class WorkAgent extends Agent {
    static readonly role = 'work';
    @onTask('work') work({ input, redelivered }: Task): unknown {
      ran.set(input, [...(ran.get(input) ?? []), redelivered]);
      return input;
    }
  }
  return { ran, list: [pool(WorkAgent, { size: 4 })] };
}

test('tasks that ran in the time that a promoted replica lacks run again marked, whatever node has them', async () => {
  const [master, replica] = [await serve('--repl-diskless-sync-delay', '0'), await serve()];
  const [proxy, replication] = [new FaultyProxy(master.port), new FaultyProxy(master.port)];
  for (const one of [proxy, replication]) {
    await one.open();
    onTestFinished(() => one.refuse());
  }
  const admin = new Redis(replica.url);
  onTestFinished(() => admin.disconnect());
  const { fleet } = await openClient(proxy.url);
  const handles = await Promise.all(numbers.map((n) => fleet.enqueue(address, n)));
  await admin.call('REPLICAOF', '127.0.0.1', new URL(replication.url).port);
  const follows = async (): Promise<boolean> => (await admin.info('replication')).includes('master_link_status:up');
  await waitFor(follows, { what: 'the replica to have the tasks' });
  replication.hold();

  const { ran, list } = agents();
  const { node } = await startNode(proxy.url, list);
  expect(await Promise.all(handles.map((handle) => handle.result()))).toEqual(numbers);
  await node.stop({ graceMs: 0 });
  await master.kill();
  await admin.call('REPLICAOF', 'NO', 'ONE');
  proxy.aim(replica.port);

  const fresh = agents();
  await startNode(proxy.url, fresh.list);
  await waitFor(() => fresh.ran.size === numbers.length, { what: 'the tasks to run again', timeoutMs: 15_000 });
  expect([...ran.values()].map(([first]) => first)).toEqual(numbers.map(() => false));
  expect([...fresh.ran.values()].flat()).toEqual(numbers.map(() => true));
  expect(await fleet.run(address, 'new')).toBe('new');
  expect(fresh.ran.get('new')).toEqual([false]);
});

test('tasks that ran in the time that the end of a file has lost run again marked', async () => {
  const server = await serve('--appendonly', 'yes', '--appendfsync', 'everysec', '--auto-aof-rewrite-percentage', '0');
  const { fleet } = await openClient(server.url);
  await Promise.all(numbers.map((n) => fleet.enqueue(address, n)));
  await waitFor(() => isInFile(server), { what: 'the tasks to be in the file' }); // a write waits while the one before is synced
  const file = appendOnlyFile(server);
  const { size } = statSync(file);
  const { ran, list } = agents();
  const { node } = await startNode(server.url, list);
  await waitFor(() => ran.size === numbers.length, { what: 'the tasks to run' });
  await node.stop({ graceMs: 0 });
  await server.kill();
  truncateSync(file, size);
  await server.restart();
  const fresh = agents();
  await startNode(server.url, fresh.list);
  await waitFor(() => fresh.ran.size === numbers.length, { what: 'the tasks to run again' });
  expect([...fresh.ran.values()].flat()).toEqual(numbers.map(() => true));
});

test('tasks that wait on a server which comes back with a file that is synced at each write are not marked', async () => {
  const server = await serve('--appendonly', 'yes', '--appendfsync', 'always');
  const { fleet } = await openClient(server.url);
  const handles = await Promise.all(numbers.map((n) => fleet.enqueue(address, n)));
  await server.restart();
  const { ran, list } = agents();
  await startNode(server.url, list);
  expect(await Promise.all(handles.map((handle) => handle.result()))).toEqual(numbers);
  expect([...ran.values()].map(([first]) => first)).toEqual(numbers.map(() => false));
});
