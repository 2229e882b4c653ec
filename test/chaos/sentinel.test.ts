/**
 * A master behind Sentinel is killed while tasks flow: the fleet goes on with the one that is promoted, and what replicas had confirmed
 * is there. Who enqueues here keeps nothing to send again, so that only the replicas can have kept it.
 */
import { Agent, onTask, pool, type Task } from 'agent-runtime';
import { Redis } from 'ioredis';
import { expect, onTestFinished, test } from 'vitest';
import { connect } from '../../src/compose/connect.ts';
import { startFleet } from '../../src/compose/start-fleet.ts';
import { Observer } from '../../src/core/observer.ts';
import { systemClock, systemRandom } from '../../src/core/system.ts';
import { RedisBroker } from '../../src/redis/broker.ts';
import { frame } from '../contract/harness.ts';
import { op } from '../contract/work.ts';
import { startWatched, watchedName } from '../support/redis-sentinels.ts';
import { waitFor } from '../support/wait.ts';
import { Said, timing } from './fleet-parts.ts';

const queue = 'work';

class WorkAgent extends Agent {
  static readonly role = queue;
  @onTask('work') work({ input }: Task): unknown {
    return input;
  }
}

async function openProducer(url: string): Promise<RedisBroker> {
  const retention = { events: 100, eventsAgeMs: 3_600_000 };
  const deps = { url, fleet: 'default', classic: false, clock: systemClock, random: systemRandom, replicas: 1 };
  const broker = new RedisBroker({ ...deps, address: 'producer', observer: new Observer(), retention });
  onTestFinished(() => broker.stop());
  await broker.start();
  return broker;
}

const about = { v: 1, kind: 'task', from: 'producer', via: 'producer', to: queue, name: 'work' };
const envelopeOf = (n: number): string =>
  JSON.stringify({ ...about, opId: `op${n}`, data: n, sentAt: 1, trace: { id: `t${n}`, asks: [] } });

test('tasks that replicas confirmed outlive the master, and the fleet follows to the promoted one by itself', async () => {
  const watched = await startWatched();
  onTestFinished(() => watched.stop());
  const said = new Said();
  const agents = [pool(WorkAgent, { size: 4 })];
  const options = { redis: watched.url, agents, timing, durability: 'replicated', replicas: 1 } as const;
  const node = await startFleet(options, { observer: said.observer });
  onTestFinished(() => node.stop({ graceMs: 0 }));
  const producer = await openProducer(watched.url);

  const accepted: string[] = [];
  let isOver = false;
  const flow = (async () => {
    for (let seq = 1; !isOver; seq++) {
      const sent = frame(queue, [op(envelopeOf(seq))], { sender: 'producer', seq, prev: seq - 1 });
      const enqueue = () => producer.tasks.enqueue(sent).catch(() => undefined); // the same frame again: applied once
      const [reply] = await waitFor(enqueue, { what: `frame ${seq} to be accepted`, timeoutMs: 30_000 });
      if (reply?.kind === 'enqueued') accepted.push(reply.taskId);
    }
  })();
  await waitFor(() => accepted.length >= 200, { what: 'tasks to flow', timeoutMs: 30_000 });
  const before = accepted.length;
  await watched.master.kill('SIGKILL');
  await waitFor(async () => (await watched.masterPort()) !== watched.master.port, {
    what: 'a replica to be promoted',
    timeoutMs: 30_000,
  });
  await waitFor(() => accepted.length >= before + 200, { what: 'tasks to flow again', timeoutMs: 30_000 });
  isOver = true;
  await flow;

  const open = async (): Promise<number> =>
    (await producer.queues.outcomes(queue, accepted)).filter((one) => one?.kind !== 'completed').length;
  await waitFor(async () => (await open().catch(() => 1)) === 0, {
    what: 'every accepted task to complete',
    timeoutMs: 30_000,
  });
  expect(new Set(accepted).size).toBe(accepted.length);
  expect(said.of('broker.trouble').length).toBeGreaterThan(0);
}, 150_000);

test('a master that was replaced and does not know it is left as soon as the sentinels name another one', async () => {
  const watched = await startWatched();
  onTestFinished(() => watched.stop());
  const said = new Said();
  const node = await startFleet(
    { redis: watched.url, agents: [pool(WorkAgent, { size: 4 })], timing },
    { observer: said.observer },
  );
  onTestFinished(() => node.stop({ graceMs: 0 }));
  const [old, sentinel] = [new Redis(watched.master.url), new Redis(watched.sentinels[0] ?? 0)];
  onTestFinished(() => [old, sentinel].forEach((client) => client.disconnect()));
  await old.acl('SETUSER', 'default', '-replicaof', '-slaveof'); // nobody makes a replica of it
  await sentinel.call('sentinel', 'failover', watchedName);
  await waitFor(async () => (await watched.masterPort()) !== watched.master.port, {
    what: 'a replica to be promoted',
    timeoutMs: 30_000,
  });
  const client = await connect({ redis: watched.url });
  onTestFinished(() => client.close());
  expect(await client.run(WorkAgent, 'work', 7)).toBe(7);
  expect(await old.role()).toContain('master');
  const troubles = said.of('broker.trouble').map(({ error }) => error.message);
  expect(troubles.filter((message) => message.includes('the master is 127.0.0.1'))).not.toEqual([]);
}, 90_000);
