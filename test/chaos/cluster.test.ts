/**
 * A Redis Cluster under a fleet: the slots of its queue move while tasks flow, and a master dies. Everything that was accepted ends.
 */
import { Agent, onTask, pool, type Task } from 'agent-runtime';
import { expect, onTestFinished, test } from 'vitest';
import { startFleet } from '../../src/compose/start-fleet.ts';
import { slotOf } from '../../src/redis/key-slot.ts';
import { Keys } from '../../src/redis/keys.ts';
import { masterOfSlot, moveSlot, type RedisCluster, startCluster } from '../support/redis-cluster.ts';
import { waitFor } from '../support/wait.ts';
import { openClient, Said, timing } from './fleet-parts.ts';

const work = { role: 'work', task: 'do' };
const keys = new Keys({ fleet: 'default', db: 0, classic: false, cluster: true });
const slotOfQueue = (queue: string): number => slotOf(keys.queue(queue).meta);

function workers() {
  const ran = new Map<unknown, number>();
  class WorkAgent extends Agent {
    static readonly role = 'work';
    @onTask('do') do({ input }: Task): unknown {
      ran.set(input, (ran.get(input) ?? 0) + 1);
      return input;
    }
  }
  return { ran, agents: [pool(WorkAgent, { size: 4 })] };
}

/** Tasks in sixteen lines, one behind the result of the other, until `stop`; resolves to those whose results came, in no order. */
function flow(fleet: Awaited<ReturnType<typeof openClient>>['fleet']) {
  let [isOver, made] = [false, 0];
  const ended: unknown[] = [];
  const lines = Array.from({ length: 16 }, async () => {
    while (!isOver) ended.push(await fleet.run(work, made++));
  });
  const stop = async (): Promise<number> => {
    isOver = true;
    await Promise.all(lines);
    return made;
  };
  return { ended, stop };
}

async function serve(cluster: RedisCluster) {
  onTestFinished(() => cluster.stop());
  const { ran, agents } = workers();
  const said = new Said();
  const options = { redis: cluster.url, agents, timing, queues: { work: { partitions: 2 } } };
  const node = await startFleet(options, { observer: said.observer });
  onTestFinished(() => node.stop({ graceMs: 0 }));
  const { fleet } = await openClient(cluster.url);
  return { ran, said, fleet };
}

test('slots of a busy queue move from master to master, and every task ends with its result', async () => {
  const cluster = await startCluster();
  const { ran, said, fleet } = await serve(cluster);
  const { ended, stop } = flow(fleet);
  await waitFor(() => ended.length >= 200, { what: 'tasks to flow', timeoutMs: 30_000 });
  for (const queue of ['work', 'work~1', 'work', 'work~1']) {
    const slot = slotOfQueue(queue);
    const next = ((await masterOfSlot(cluster, slot)) + 1) % cluster.masters.length;
    await moveSlot(cluster, slot, next);
    expect(await masterOfSlot(cluster, slot)).toBe(next);
    const before = ended.length;
    await waitFor(() => ended.length >= before + 200, { what: 'tasks to flow again', timeoutMs: 30_000 });
  }
  const made = await stop();
  expect(new Set(ended).size).toBe(made);
  expect(ended).toHaveLength(made);
  expect(ran.size).toBe(made);
  expect(said.of('broker.data-lost')).toEqual([]);
  expect(await fleet.queue('work')).toMatchObject({ waiting: 0, parked: 0, claimed: 0, dead: 0 });
}, 150_000);

const places = [
  { of: 'the queue', slot: slotOfQueue('work') },
  { of: 'presence', slot: slotOf(keys.presence.nodes) },
];

test.each(places)(
  'the master of $of is killed, its replica takes over, and every task ends',
  async ({ slot }) => {
    const cluster = await startCluster({ replicated: true, nodeTimeoutMs: 1_000 });
    const { fleet } = await serve(cluster);
    const { ended, stop } = flow(fleet);
    await waitFor(() => ended.length >= 200, { what: 'tasks to flow', timeoutMs: 30_000 });
    await cluster.masters[await masterOfSlot(cluster, slot)]?.kill('SIGKILL');
    const before = ended.length;
    await waitFor(() => ended.length >= before + 400, { what: 'tasks to flow again', timeoutMs: 60_000 });
    const made = await stop();
    expect(new Set(ended).size).toBe(made);
  },
  150_000,
);
