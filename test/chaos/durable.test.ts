/**
 * A durable subscription on a real Redis whose owner loses its links in the middle: another node takes it over, nothing is missed, and
 * what comes again says so.
 */
import { Agent, type Broadcast, connect, onBroadcast, single, startFleet } from 'agent-runtime';
import { expect, onTestFinished, test } from 'vitest';
import { startRedis } from '../support/redis-server.ts';
import { waitFor } from '../support/wait.ts';
import { FaultyProxy } from './rig/proxy.ts';

interface Heard {
  readonly node: string;
  readonly number: number;
  readonly again: boolean;
}

const total = 3_000;
const timing = { presenceLease: '1s', heartbeat: '300ms', drainGrace: '1s' } as const;

function listenerOn(node: string, heard: Heard[]) {
  return class EarAgent extends Agent {
    static readonly role = 'ear';
    @onBroadcast('rig.*', { durable: true }) onWord(event: Broadcast): void {
      heard.push({ node, number: Number(event.data), again: event.redelivered === true });
    }
  };
}

test('broadcasts go on behind the last one that was handled, whichever node has the agent', async () => {
  const server = await startRedis();
  onTestFinished(() => server.stop());
  const heard: Heard[] = [];
  const proxy = new FaultyProxy(server.port);
  await proxy.open();
  onTestFinished(() => proxy.refuse());
  const start = async (node: string, redis: string) => {
    const running = await startFleet({ redis, timing, agents: [single(listenerOn(node, heard))] });
    onTestFinished(() => running.stop({ graceMs: 0 }));
  };
  await start('first', proxy.url);
  await start('second', server.url);
  const client = await connect({ redis: server.url });
  onTestFinished(() => client.close());
  const highest = (): number => heard.reduce((most, { number }) => Math.max(most, number), -1);
  for (let number = 0; number < total; number++) {
    await client.broadcast('rig.word', number);
    if (number === 500) proxy.hold();
    if (number === 600)
      await waitFor(() => heard.some(({ node }) => node === 'second'), { what: 'the take-over', timeoutMs: 30_000 });
    if (number === 1_500) await proxy.heal();
  }
  await waitFor(() => highest() === total - 1, { what: 'the newest', timeoutMs: 30_000 });
  expect(new Set(heard.map(({ number }) => number)).size).toBe(total);
  const fresh = heard.filter(({ again }) => !again).map(({ number }) => number);
  expect(fresh).toEqual([...new Set(fresh)].sort((a, b) => a - b));
  const [first, second] = ['first', 'second'].map((on) => heard.filter(({ node }) => node === on));
  expect(first?.length).toBeGreaterThan(100);
  expect(second?.map(({ number }) => number)).toEqual(
    Array.from({ length: second?.length ?? 0 }, (_, index) => total - (second?.length ?? 0) + index),
  );
}, 120_000);
