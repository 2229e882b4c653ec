/**
 * A Redis that answers, but not what was asked: full, read-only, loading, busy, without our scripts, with fewer rights. The fleet backs
 * off, says why, and goes on by itself when the server can again.
 */
import { Agent, onTask, pool, type Task } from 'agent-runtime';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { type RedisServer, startRedis } from '../support/redis-server.ts';
import { waitFor } from '../support/wait.ts';
import { openClient, startNode } from './fleet-parts.ts';

const address = { role: 'work', task: 'work' };
let server: RedisServer;
let raw: Redis;

beforeAll(async () => {
  server = await startRedis({ args: ['--enable-debug-command', 'local', '--busy-reply-threshold', '50'] });
  raw = new Redis(server.url);
});
afterAll(async () => {
  raw.disconnect();
  await server.stop();
});

/** A node whose handlers wait until `go` is called, a client, and what ran. */
async function open() {
  await raw.flushall();
  const ran: unknown[] = [];
  let go = (): void => undefined;
  const passed = new Promise<void>((resolve) => (go = resolve));
  class WorkAgent extends Agent {
    static readonly role = 'work';
    @onTask('work') async work({ input, signal }: Task): Promise<string> {
      ran.push(input);
      if (input === 'wait') await passed;
      if (input === 'until cancelled') await new Promise((_, reject) => signal.addEventListener('abort', reject));
      return `${String(input)} done`;
    }
  }
  const { node, said } = await startNode(server.url, [pool(WorkAgent, { size: 4 })]);
  const { fleet } = await openClient(server.url);
  return { ran, go, node, said, fleet };
}

test('a server that is full refuses new tasks with a typed error, while what is there is settled, renewed and cancelled', async () => {
  const { ran, go, said, fleet } = await open();
  const [running, cancelled] = [await fleet.enqueue(address, 'wait'), await fleet.enqueue(address, 'until cancelled')];
  await waitFor(() => ran.length === 2, { what: 'both to run' });
  await raw.config('SET', 'maxmemory', '1mb');
  onTestFinished(async () => void (await raw.config('SET', 'maxmemory', '0')));
  const refused = fleet.enqueue(address, 'new').catch((error: unknown) => error);
  const result = running.result();
  go();
  expect(await result).toBe('wait done');
  await cancelled.cancel();
  await expect(cancelled.result()).rejects.toMatchObject({ details: { reason: 'cancelled' } });
  await waitFor(() => said.of('task.settled').length === 2, { what: 'both to be settled' });
  expect(said.of('node.fenced')).toEqual([]);
  const full = { name: 'BrokerError', code: 'full', message: expect.stringContaining('raise its maxmemory') };
  expect(await refused).toMatchObject(full);
  await raw.config('SET', 'maxmemory', '0');
  expect(await fleet.run(address, 'after')).toBe('after done');
});

test('a server that has become a replica is left, and used again when it takes writes again', async () => {
  const { said, fleet, ran } = await open();
  await raw.call('REPLICAOF', '127.0.0.1', '1');
  onTestFinished(async () => void (await raw.call('REPLICAOF', 'NO', 'ONE')));
  const handle = fleet.enqueue(address, 'meanwhile');
  await waitFor(() => said.of('broker.trouble').some(({ error }) => error.message.includes('READONLY')), {
    what: 'trouble',
  });
  await raw.call('REPLICAOF', 'NO', 'ONE');
  expect(await (await handle).result()).toBe('meanwhile done');
  expect(ran).toEqual(['meanwhile']);
  expect(await fleet.queue('work')).toMatchObject({ waiting: 0, claimed: 0, dead: 0 });
});

test('a server that is busy with a foreign script is waited for, and the script is left alone', async () => {
  const { said, fleet, ran } = await open();
  const stranger = new Redis(server.url);
  onTestFinished(() => stranger.disconnect());
  const endless = stranger.eval('while true do end', 0).then(String, String);
  await waitFor(
    () =>
      raw.ping().then(
        () => false,
        (error: unknown) => String(error).includes('BUSY'),
      ),
    { what: 'the server to be busy' },
  );
  const handle = fleet.enqueue(address, 'meanwhile');
  await waitFor(() => said.of('broker.trouble').some(({ error }) => error.message.includes('BUSY')), {
    what: 'trouble',
  });
  await raw.call('SCRIPT', 'KILL');
  expect(await endless).toContain('Script killed by user');
  expect(await (await handle).result()).toBe('meanwhile done');
  expect(ran).toEqual(['meanwhile']);
});

test('a server whose scripts are flushed again and again under load gets them again, and nothing is lost or repeated', async () => {
  const { fleet, ran, said } = await open();
  const all = Array.from({ length: 300 }, (_, n) => n);
  const runs = all.map(async (n) => {
    if (n % 20 === 0) await raw.script('FLUSH');
    return fleet.run(address, n);
  });
  expect(await Promise.all(runs)).toEqual(all.map((n) => `${n} done`));
  expect(ran.toSorted((a, b) => Number(a) - Number(b))).toEqual(all);
  expect(said.of('broker.trouble')).toEqual([]);
});

test('a right that is taken away is said with the name of the command, not tried for ever, and used again when it is back', async () => {
  const { fleet, ran } = await open();
  await raw.call('ACL', 'SETUSER', 'default', '-evalsha');
  onTestFinished(async () => void (await raw.call('ACL', 'SETUSER', 'default', '+evalsha')));
  await expect(fleet.enqueue(address, 'refused')).rejects.toMatchObject({
    name: 'BrokerError',
    code: 'refused',
    message: expect.stringMatching(/evalsha.*NOPERM/),
  });
  await raw.call('ACL', 'SETUSER', 'default', '+evalsha');
  expect(await fleet.run(address, 'after')).toBe('after done');
  expect(ran).toEqual(['after']);
});
