/**
 * A Redis that forgets what it had accepted, because it keeps nothing or because a replica that lags was promoted: what was accepted in
 * the last seconds is sent again, runs and is settled, its callers get their results, and the loss is told.
 */
import { Agent, onMessage, onTask, pool, single, type Message, type Task } from 'agent-runtime';
import { Redis } from 'ioredis';
import { expect, onTestFinished, test } from 'vitest';
import { type RedisServer, startRedis } from '../support/redis-server.ts';
import { waitFor } from '../support/wait.ts';
import { openClient, startNode } from './fleet-parts.ts';
import { FaultyProxy } from './rig/proxy.ts';

const address = { role: 'work', task: 'work' };
const tasks = 60;

async function serve(...args: string[]): Promise<RedisServer> {
  const server = await startRedis({ args });
  onTestFinished(() => server.stop());
  return server;
}

function agents() {
  const ran = new Map<unknown, boolean[]>();
  const handled: unknown[] = [];
  class WorkAgent extends Agent {
    static readonly role = 'work';
    @onTask('work') async work({ input, redelivered, signal }: Task): Promise<unknown> {
      ran.set(input, [...(ran.get(input) ?? []), redelivered]);
      await new Promise((resolve) => void setImmediate(resolve));
      signal.throwIfAborted();
      return input;
    }
  }
  class DocsAgent extends Agent {
    static readonly role = 'docs';
    @onMessage('edit') edit({ data }: Message): void {
      handled.push(data);
    }
  }
  return { ran, handled, list: [pool(WorkAgent, { size: 2 }), single(DocsAgent, { id: 'docs' })] };
}

interface Loss {
  /** From now on what is accepted will be lost. */
  readonly begin: () => void;
  readonly lose: () => Promise<void>;
}

/** A fleet that works, what it accepts before the loss, and what must be true afterwards. */
async function survives(url: string, { begin, lose }: Loss): Promise<void> {
  const { ran, handled, list } = agents();
  const nodes = [await startNode(url, list), await startNode(url, list)];
  const { fleet, said } = await openClient(url);
  expect(await fleet.run(address, 'kept')).toBe('kept');
  begin();
  await fleet.pause('work');
  const handles = await Promise.all(Array.from({ length: tasks }, (_, n) => fleet.enqueue(address, n)));
  await fleet.send('docs', 'edit', 'before');
  const results = Promise.all(handles.map((handle) => handle.result()));
  await lose();
  expect(await results).toEqual(handles.map((_, n) => n));
  await waitFor(() => handled.includes('before'), { what: 'the message to be handled' });
  expect([...ran].filter(([, marks]) => marks.slice(1).includes(false))).toEqual([]);
  const told = [said, ...nodes.map((node) => node.said)].flatMap((one) => one.of('broker.data-lost'));
  expect(told.length).toBeGreaterThan(0);
  expect(await fleet.run(address, 'after')).toBe('after');
  expect(await fleet.queue('work')).toMatchObject({ waiting: 0, parked: 0, claimed: 0, dead: 0 });
}

test('a server without persistence that is killed and comes back empty', async () => {
  const server = await serve();
  await survives(server.url, { begin: () => undefined, lose: () => server.restart() });
});

test('a replica that lags behind and is promoted behind the same address', async () => {
  const [master, replica] = [await serve('--repl-diskless-sync-delay', '0'), await serve()];
  const [proxy, replication] = [new FaultyProxy(master.port), new FaultyProxy(master.port)];
  for (const one of [proxy, replication]) {
    await one.open();
    onTestFinished(() => one.refuse());
  }
  const admin = new Redis(replica.url);
  onTestFinished(() => admin.disconnect());
  await admin.call('REPLICAOF', '127.0.0.1', new URL(replication.url).port);
  const follows = async (): Promise<boolean> => (await admin.info('replication')).includes('master_link_status:up');
  await waitFor(follows, { what: 'the replica to follow' });
  await survives(proxy.url, {
    begin: () => replication.hold(),
    async lose() {
      await master.kill();
      await admin.call('REPLICAOF', 'NO', 'ONE');
      proxy.aim(replica.port);
    },
  });
});
