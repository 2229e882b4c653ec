/**
 * Two nodes of which one is cut off or stands still without knowing it: the other one takes over, and what the first does late is refused.
 */
import { Agent, onMessage, onTask, pool, single, type Message, type Task } from 'agent-runtime';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { project, says } from '../e2e/project.ts';
import { type RedisServer, startRedis } from '../support/redis-server.ts';
import { waitFor } from '../support/wait.ts';
import { openClient, startNode, timing } from './fleet-parts.ts';
import { FaultyProxy } from './rig/proxy.ts';

const address = { role: 'work', task: 'work' };
let server: RedisServer;

beforeAll(async () => {
  server = await startRedis();
});
afterAll(() => server.stop());

/** What stands in the inbox of `agentId`, unacknowledged. */
async function standing(agentId: string): Promise<number> {
  const raw = new Redis(server.url);
  try {
    const inboxes = await raw.keys(`*}:in:${agentId}`);
    const lengths = await Promise.all(inboxes.map((inbox) => raw.xlen(inbox)));
    return lengths.reduce((sum, length) => sum + length, 0);
  } finally {
    raw.disconnect();
  }
}

test('an id is run by one of two nodes; when that one is cut off the other one runs it, and the late work of the first is refused', async () => {
  const log: string[] = [];
  const open: (() => void)[] = [];
  const agents = (name: string) => {
    class DocsAgent extends Agent {
      static readonly role = 'docs';
      @onMessage('edit') edit({ data }: Message): void {
        log.push(`${name} handles ${String(data)}`);
      }
    }
    class WorkAgent extends Agent {
      static readonly role = 'work';
      @onTask('work') async work({ redelivered }: Task): Promise<string> {
        log.push(`${name} begins${redelivered ? ' again' : ''}`);
        if (name === 'a') await new Promise<void>((resolve) => open.push(resolve));
        return `by ${name}`;
      }
    }
    return [single(DocsAgent, { id: 'docs' }), pool(WorkAgent)];
  };
  const proxy = new FaultyProxy(server.port);
  await proxy.open();
  onTestFinished(() => proxy.refuse());
  const a = await startNode(proxy.url, agents('a'));
  const { fleet } = await openClient(server.url);
  const handle = await fleet.enqueue(address, null);
  await waitFor(() => log.includes('a begins'), { what: 'the first node to begin' });
  const b = await startNode(server.url, agents('b'));
  await fleet.send('docs', 'edit', 'one');
  await waitFor(() => log.includes('a handles one'), { what: 'the first message' });
  await waitFor(async () => (await standing('docs')) === 0, { what: 'the first message to be acknowledged' });
  expect(b.said.of('agent.up').map(({ agent }) => agent)).not.toContain('docs');

  proxy.hold();
  await fleet.send('docs', 'edit', 'two');
  expect(await handle.result()).toBe('by b');
  await waitFor(() => log.includes('b handles two'), { what: 'the other node to handle it' });
  await waitFor(() => a.said.of('node.fenced').length > 0, { what: 'the first node to know that it is cut off' });
  for (const resolve of open) resolve();
  await proxy.heal();
  await fleet.send('docs', 'edit', 'three');
  await waitFor(() => log.includes('b handles three'), { what: 'the third message' });
  expect(log.toSorted()).toEqual(['a begins', 'a handles one', 'b begins again', 'b handles three', 'b handles two']);
  expect(a.said.of('task.settled').filter(({ outcome }) => outcome === 'complete')).toEqual([]);
  expect(await handle.result()).toBe('by b');
  expect(await fleet.queue('work')).toMatchObject({ waiting: 0, claimed: 0, dead: 0 });
});

test('a process that is frozen for longer than its leases loses its task to another; what it does when it wakes up is refused', async () => {
  const { runtime } = await project({
    'runtime.config.ts': `
      import { Agent, defineConfig, onTask, pool } from 'agent-runtime';
      class WorkAgent extends Agent {
        static role = 'work';
        @onTask('work') async work() {
          await this.broadcast('begun', process.pid);
          const until = Date.now() + 300;
          while (Date.now() < until) await new Promise((resolve) => setTimeout(resolve, 20));
          return 'by the frozen one';
        }
      }
      export default defineConfig({ redis: '${server.url}', timing: ${JSON.stringify(timing)}, agents: [pool(WorkAgent)] });
    `,
  });
  const frozen = runtime('start', '--plain', '--verbose');
  await says(frozen, 'the fleet is up');
  const { fleet } = await openClient(server.url);
  const handle = await fleet.enqueue(address, null);
  await waitFor(async () => (await fleet.events.read({ topic: 'begun' })).length === 1, { what: 'the task to begin' });
  frozen.child.kill('SIGSTOP');
  const runs: boolean[] = [];
  class WorkAgent extends Agent {
    static readonly role = 'work';
    @onTask('work') work({ redelivered }: Task): string {
      runs.push(redelivered);
      return 'by the other';
    }
  }
  await startNode(server.url, [pool(WorkAgent)]);
  expect(await handle.result()).toBe('by the other');
  expect(runs).toEqual([true]);
  frozen.child.kill('SIGCONT');
  await waitFor(() => /fenced|stale|abandoned/.test(frozen.out()), { what: 'it to find out' });
  expect(frozen.out()).not.toMatch(/work complete/);
  expect(await handle.result()).toBe('by the other');
  expect(await fleet.queue('work')).toMatchObject({ waiting: 0, claimed: 0, dead: 0 });
});
