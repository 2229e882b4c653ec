/**
 * What a master had applied and nobody had confirmed, when its copy takes its place: it may have been carried out, so it is repeated marked.
 */
import { Agent, onBroadcast, onTask, pool, type Broadcast, type Task } from 'agent-runtime';
import { Redis } from 'ioredis';
import { connect } from 'agent-runtime';
import { expect, onTestFinished, test } from 'vitest';
import { startRedis } from '../support/redis-server.ts';
import { waitFor } from '../support/wait.ts';
import { startNode } from './fleet-parts.ts';
import { FaultyProxy } from './rig/proxy.ts';

function agents() {
  const ran: { readonly input: unknown; readonly redelivered: boolean }[] = [];
  const heard: unknown[] = [];
  class WorkAgent extends Agent {
    static readonly role = 'work';
    @onTask('work') work({ input, redelivered }: Task): unknown {
      ran.push({ input, redelivered });
      return input;
    }
    @onBroadcast('word') word({ data }: Broadcast): void {
      heard.push(data);
    }
  }
  return { ran, heard, list: [pool(WorkAgent)] };
}

async function serve() {
  const server = await startRedis({ args: ['--repl-diskless-sync-delay', '0'] });
  onTestFinished(() => server.stop());
  return server;
}

test('a task that ran where its copy had not heard of it runs again marked, and a broadcast is heard once', async () => {
  const [master, replica] = [await serve(), await serve()];
  const [proxy, replication] = [new FaultyProxy(master.port), new FaultyProxy(master.port)];
  for (const one of [proxy, replication]) {
    await one.open();
    onTestFinished(() => one.refuse());
  }
  const admin = new Redis(replica.url);
  onTestFinished(() => admin.disconnect());
  await admin.call('REPLICAOF', '127.0.0.1', replication.port);
  const follows = async (): Promise<boolean> => (await admin.info('replication')).includes('master_link_status:up');
  await waitFor(follows, { what: 'the replica to follow' });
  const { ran, heard, list } = agents();
  await startNode(proxy.url, list);
  const fleet = await connect({ redis: proxy.url, durability: 'replicated', replicas: 1 });
  onTestFinished(() => fleet.close());
  await fleet.run({ role: 'work', task: 'work' }, 'confirmed'); // the copy knows the line of this sender
  await fleet.broadcast('word', 'confirmed');

  replication.hold();
  const enqueued = fleet.enqueue({ role: 'work', task: 'work' }, 'unheard');
  const said = fleet.broadcast('word', 'unheard');
  await waitFor(() => ran.length === 2 && heard.length === 2, { what: 'both to have come' });
  await master.kill();
  await admin.call('REPLICAOF', 'NO', 'ONE');
  proxy.aim(replica.port);
  const second = await serve(); // somebody has to confirm
  const follower = new Redis(second.url);
  onTestFinished(() => follower.disconnect());
  await follower.call('REPLICAOF', '127.0.0.1', replica.port);

  expect(await (await enqueued).result({ timeout: 20_000 })).toBe('unheard');
  await said;
  await fleet.broadcast('word', 'last');
  await waitFor(() => heard.includes('last'), { what: 'the last word' });
  const unheard = ran.filter(({ input }) => input === 'unheard').map(({ redelivered }) => redelivered);
  expect(unheard).toEqual([false, true]);
  expect(heard).toEqual(['confirmed', 'unheard', 'last']);
}, 60_000);
