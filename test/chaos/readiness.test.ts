/**
 * A node on a real Redis whose links fail one by one: it says that it is not ready, and why, and mends itself.
 */
import { Redis } from 'ioredis';
import { Agent, onTask, pool, type Task } from 'agent-runtime';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { type RedisServer, startRedis } from '../support/redis-server.ts';
import { waitFor } from '../support/wait.ts';
import { openClient, startNode } from './fleet-parts.ts';
import { FaultyProxy } from './rig/proxy.ts';

const address = { role: 'work', task: 'work' };
let server: RedisServer;
let admin: Redis;

beforeAll(async () => {
  server = await startRedis();
  admin = new Redis(server.url, { connectionName: 'admin' });
});
afterAll(async () => {
  admin.disconnect();
  await server.stop();
});

async function open() {
  await admin.flushall();
  const runs: unknown[] = [];
  class WorkAgent extends Agent {
    static readonly role = 'work';
    @onTask('work') work({ input }: Task): unknown {
      runs.push(input);
      return input;
    }
  }
  const proxy = new FaultyProxy(server.port);
  await proxy.open();
  onTestFinished(() => proxy.refuse());
  const { node, said } = await startNode(proxy.url, [pool(WorkAgent)]);
  const { fleet } = await openClient(server.url);
  await waitFor(() => node.readiness().ready, { what: 'the node to be ready' });
  return { proxy, node, said, fleet, runs };
}

/** The ports from which the node connects for this link, as the server sees them. */
async function portsOf(node: string, link: string): Promise<readonly number[]> {
  const lines = String(await admin.client('LIST'))
    .split('\n')
    .filter((line) => line.includes(` name=${node}:${link} `));
  return lines.map((line) => Number(/ addr=\S+:(\d+) /.exec(line)?.[1]));
}

test('a blocking read that never comes back is noticed: the node is not ready, makes the link anew, is ready again, and its task runs once', async () => {
  const { proxy, node, said, fleet, runs } = await open();
  const incarnation = node.node;
  for (const port of await portsOf(node.node, 'blocking')) proxy.swallow(port);
  const handle = await fleet.enqueue(address, 'meanwhile');
  const hangs = (): boolean =>
    node.readiness().why.some((why) => why.startsWith('its blocking read has not come back'));
  await waitFor(hangs, { what: 'it to say that its blocking read is away', timeoutMs: 8_000 });
  const isGivenUp = (): boolean => said.of('broker.trouble').some(({ what }) => what === 'the blocking link to Redis');
  await waitFor(isGivenUp, { what: 'the watchdog to throw the link away', timeoutMs: 8_000 });
  await waitFor(() => node.readiness().ready, { what: 'it to be ready again', timeoutMs: 8_000 });
  expect(await handle.result()).toBe('meanwhile');
  expect(await fleet.run(address, 'afterwards')).toBe('afterwards');
  expect(runs).toEqual(['meanwhile', 'afterwards']);
  expect(said.of('node.fenced')).toEqual([]);
  expect(node.node).toBe(incarnation);
});

test('a subscription over which nothing comes any more is noticed, and made anew', async () => {
  const { proxy, node, said } = await open();
  for (const port of await portsOf(node.node, 'subscriptions')) proxy.swallow(port);
  const isDown = (): boolean => node.readiness().why.includes('its subscriptions link is down');
  await waitFor(isDown, { what: 'it to say that the link is down', timeoutMs: 10_000 });
  await waitFor(() => node.readiness().ready, { what: 'it to be ready again', timeoutMs: 8_000 });
  expect(said.of('node.fenced')).toEqual([]);
});

test('a node whose server goes away is not ready, and is again when the server is back', async () => {
  const { proxy, node } = await open();
  await proxy.refuse();
  await waitFor(() => node.readiness().why.includes('its commands link is down'), { what: 'it to say so' });
  expect(node.readiness().why).toContain('its blocking link is down');
  await proxy.heal();
  await waitFor(() => node.readiness().ready, { what: 'it to be ready again', timeoutMs: 15_000 });
});
