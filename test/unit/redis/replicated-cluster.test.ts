/**
 * Durability `replicated` on a cluster whose masters have a copy each: each write is confirmed by the copy of the master that serves its slot.
 */
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { Observer } from '../../../src/core/observer.ts';
import { systemClock, systemRandom } from '../../../src/core/system.ts';
import { RedisBroker } from '../../../src/redis/broker.ts';
import { slotOf } from '../../../src/redis/key-slot.ts';
import { Keys } from '../../../src/redis/keys.ts';
import { frame } from '../../contract/harness.ts';
import { message } from '../../contract/post.ts';
import { op } from '../../contract/work.ts';
import { masterOfSlot, type RedisCluster, startCluster } from '../../support/redis-cluster.ts';
import { waitFor } from '../../support/wait.ts';

const keys = new Keys({ fleet: 'f', db: 0, classic: false, cluster: true });
const queues = ['a', 'b', 'c', 'd', 'e', 'f'];
let cluster: RedisCluster;
beforeAll(async () => {
  cluster = await startCluster({ replicated: true, nodeTimeoutMs: 1_000 });
}, 40_000);
afterAll(() => cluster.stop());

const masterOf = (queue: string): Promise<number> => masterOfSlot(cluster, slotOf(keys.queue(queue).meta));

async function connect(address: string): Promise<RedisBroker> {
  const retention = { events: 100, eventsAgeMs: 3_600_000 };
  const deps = { url: cluster.url, fleet: 'f', classic: false, clock: systemClock, random: systemRandom };
  const broker = new RedisBroker({ ...deps, address, observer: new Observer(), retention, replicas: 1 });
  onTestFinished(() => broker.stop());
  await broker.start();
  return broker;
}

test('nothing is accepted while the copy of its master is silent, and what was accepted outlives the master', async () => {
  const broker = await connect('p1');
  const homes = await Promise.all(queues.map(masterOf));
  expect(new Set(homes).size).toBeGreaterThan(1);
  for (const [at, queue] of queues.entries()) {
    const [reply] = await broker.tasks.enqueue(frame(queue, [op(`t${at}`)], { sender: 'p1', seq: 1 }));
    expect(reply).toMatchObject({ kind: 'enqueued' });
  }
  const [sent] = await broker.mail.send(frame(broker.mail.tagOf('docs'), [message('docs', 'x')], { sender: 'p1' }));
  expect(sent).toMatchObject({ kind: 'stored' });

  const home = homes[0] ?? 0;
  const elsewhere = queues.find((_, at) => homes[at] !== home) ?? expect.fail('two masters have queues');
  const copy = cluster.replicas[home] ?? expect.fail('each master has a copy');
  await copy.kill('SIGSTOP');
  const second = { sender: 'p1', seq: 2, prev: 1 };
  const unheard = broker.tasks.enqueue(frame('a', [op('unheard')], second));
  await expect(unheard).rejects.toMatchObject({ code: 'unknown-outcome' });
  expect(await broker.tasks.enqueue(frame(elsewhere, [op('heard')], second))).toMatchObject([{ kind: 'enqueued' }]);
  await copy.kill('SIGCONT');
  expect(await broker.tasks.enqueue(frame('a', [op('unheard')], second))).toMatchObject([{ kind: 'enqueued' }]);

  await cluster.masters[home]?.kill('SIGKILL');
  const waiting = async (queue: string): Promise<number> => (await broker.queues.stats(queue)).waiting;
  const total = async (): Promise<number> =>
    (await Promise.all(queues.map(waiting))).reduce((sum, count) => sum + count, 0);
  await waitFor(async () => (await total()) === queues.length + 2, {
    what: 'everything that was accepted to be there',
    timeoutMs: 20_000,
  });
}, 60_000);
