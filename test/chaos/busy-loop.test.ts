/**
 * A process whose event loop stands still because an agent computes: shorter than the presence lease nothing happens, longer the node is
 * fenced, comes back as another, and nothing counts twice.
 */
import { Agent, onMessage, onTask, single, type Message, type Task } from 'agent-runtime';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { project, says } from '../e2e/project.ts';
import { type RedisServer, startRedis } from '../support/redis-server.ts';
import { waitFor } from '../support/wait.ts';
import { openClient, startNode } from './fleet-parts.ts';

/** The defaults, scaled to two fifths. */
const timing = { presenceLease: '2s', heartbeat: '400ms', taskLease: '4s', drainGrace: '1s' } as const;
const address = { role: 'work', task: 'work' };
let server: RedisServer;

// One for each test: what the nodes of the one before held is nobody's in the next.
beforeEach(async () => {
  server = await startRedis();
});
afterEach(() => server.stop());

/** A node of its own process, whose single blocks the loop for as long as a task says. */
async function busyNode() {
  const { runtime } = await project({
    'runtime.config.ts': `
      import { Agent, defineConfig, onMessage, onTask, single } from 'agent-runtime';
      class WorkAgent extends Agent {
        static role = 'work';
        @onTask('work') async work(task) {
          await this.broadcast('begun', task.redelivered);
          const until = performance.now() + task.input;
          while (performance.now() < until);
          return 'by the busy one';
        }
        @onMessage('who') who() { return 'the busy one'; }
      }
      export default defineConfig({ redis: '${server.url}', timing: ${JSON.stringify(timing)}, agents: [single(WorkAgent)] });
    `,
  });
  const busy = runtime('start', '--plain', '--verbose');
  await says(busy, 'the fleet is up');
  return busy;
}

/** Stands by for the single of the busy node. */
async function standby() {
  const runs: boolean[] = [];
  class WorkAgent extends Agent {
    static readonly role = 'work';
    @onTask('work') work({ redelivered }: Task): string {
      runs.push(redelivered);
      return 'by the other';
    }
    @onMessage('who') who(_: Message): string {
      return 'the other';
    }
  }
  const other = await startNode(server.url, [single(WorkAgent)]);
  return { other, runs };
}

test('a loop that is busy for four fifths of the lease, again and again, keeps its presence, its task and its single', async () => {
  const busy = await busyNode();
  const { other, runs } = await standby();
  const { fleet } = await openClient(server.url);
  for (const ms of [1_600, 1_600, 1_600]) expect(await fleet.run(address, ms)).toBe('by the busy one');
  expect(await fleet.ask('work', 'who')).toBe('the busy one');
  expect((await fleet.events.read({ topic: 'begun' })).map(({ data }) => data)).toEqual([false, false, false]);
  expect(runs).toEqual([]);
  expect(other.said.of('agent.up')).toEqual([]);
  expect(busy.out()).not.toMatch(/fenced/);
});

test('a loop that is busy for longer than the lease loses its single to another node, comes back as a new one, and its late result does not count', async () => {
  const busy = await busyNode();
  const { other, runs } = await standby();
  const { fleet } = await openClient(server.url);
  const handle = await fleet.enqueue(address, 6_000);
  expect(await handle.result()).toBe('by the other');
  expect(runs).toEqual([true]);
  expect(await fleet.ask('work', 'who')).toBe('the other');
  await waitFor(() => /was fenced/.test(busy.out()), { what: 'the busy node to know', timeoutMs: 15_000 });
  const isBack = (): boolean => busy.out().split('fenced').at(-1)?.includes('stands by') ?? false;
  await waitFor(isBack, { what: 'it to come back as another node', timeoutMs: 15_000 });
  const nodes = (await fleet.nodes()).filter(({ alive }) => alive).map(({ node }) => node);
  expect(nodes).toHaveLength(2);
  expect(nodes).toContain(other.node.node);
  expect(busy.out()).not.toMatch(/work completed/);
  expect(await handle.result()).toBe('by the other');
  expect(await fleet.queue('work')).toMatchObject({ waiting: 0, claimed: 0, dead: 0 });
});
