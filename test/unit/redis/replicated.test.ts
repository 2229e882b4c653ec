/**
 * Durability `replicated`: what was accepted is on the replica, too, and what cannot be confirmed is not called accepted.
 */
import { Redis } from 'ioredis';
import { afterEach, expect, onTestFinished, test } from 'vitest';
import { Observer } from '../../../src/core/observer.ts';
import { systemClock, systemRandom } from '../../../src/core/system.ts';
import { RedisBroker } from '../../../src/redis/broker.ts';
import { frame } from '../../contract/harness.ts';
import { message } from '../../contract/post.ts';
import { op, queue } from '../../contract/work.ts';
import { type RedisServer, startRedis } from '../../support/redis-server.ts';
import { waitFor } from '../../support/wait.ts';

const servers: RedisServer[] = [];
afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.stop()));
});

async function start(...args: string[]): Promise<RedisServer> {
  const server = await startRedis({ args: ['--repl-diskless-sync-delay', '0', ...args] });
  servers.push(server);
  return server;
}

async function startReplicaOf({ host, port, url }: RedisServer): Promise<RedisServer> {
  const replica = await start('--replicaof', host, String(port));
  const raw = new Redis(url);
  const confirms = async (): Promise<boolean> =>
    (await raw.set('written', '1')) === 'OK' && (await raw.wait(1, 500)) === 1;
  await waitFor(confirms, { what: 'the replica to confirm' });
  raw.disconnect();
  return replica;
}

async function promote({ url }: RedisServer): Promise<void> {
  const raw = new Redis(url);
  await raw.replicaof('NO', 'ONE');
  raw.disconnect();
}

async function connect({ url }: RedisServer, replicas: number) {
  const retention = { events: 100, eventsAgeMs: 3_600_000 };
  const deps = { url, fleet: 'f', classic: false, address: 'p1', clock: systemClock, random: systemRandom };
  const broker = new RedisBroker({ ...deps, observer: new Observer(), retention, replicas });
  onTestFinished(() => broker.stop());
  return { broker, info: await broker.start() };
}

const event = { opId: 'op1', topic: 'docs.saved', from: 'docs', data: '{}', sentAt: 1 };

test('what was accepted is there when the server dies and the replica is promoted', async () => {
  const master = await start();
  const replica = await startReplicaOf(master);
  const { broker } = await connect(master, 1);
  for (let seq = 1; seq <= 200; seq++) {
    const sent = frame(queue, [op(`t${seq}`)], { seq, prev: seq - 1 });
    await waitFor(() => broker.tasks.enqueue(sent), { what: `the confirmation of frame ${seq}` });
  }
  await broker.mail.send(frame(broker.mail.tagOf('docs'), [message('docs', 'x')]));
  await broker.events.append(frame('events', [event]));
  await master.kill('SIGKILL');
  await promote(replica);
  const promoted = await connect(replica, 0);
  expect(await promoted.broker.queues.stats(queue)).toMatchObject({ waiting: 200 });
  expect((await promoted.broker.events.read({ after: '0', count: 10 })).events).toMatchObject([{ opId: 'op1' }]);
});

test('what no replica confirms has an unknown outcome; repeated as the same frame it is applied once', async () => {
  const master = await start();
  const replica = await startReplicaOf(master);
  const { broker } = await connect(master, 1);
  const before = frame(queue, [op('x')], { seq: 1 });
  const first = await waitFor(() => broker.tasks.enqueue(before), { what: 'the first confirmation' });
  await replica.kill('SIGSTOP');
  const sent = frame(queue, [op('y')], { seq: 2, prev: 1 });
  const unconfirmed = { name: 'BrokerError', code: 'unknown-outcome', repeatable: true };
  await expect(broker.tasks.enqueue(sent)).rejects.toMatchObject(unconfirmed);
  await expect(broker.tasks.enqueue(sent)).rejects.toMatchObject(unconfirmed);
  await replica.kill('SIGCONT');
  const reply = await waitFor(() => broker.tasks.enqueue(sent), { what: 'the confirmation' });
  expect(reply).toMatchObject([{ kind: 'enqueued' }]);
  expect(reply).not.toEqual(first);
  expect(await broker.queues.stats(queue)).toMatchObject({ waiting: 2 });
});

test('a repeat over a new connection waits for the replica again', async () => {
  const master = await start();
  const replica = await startReplicaOf(master);
  const { broker } = await connect(master, 1);
  const admin = new Redis(master.url);
  onTestFinished(() => admin.disconnect());
  await replica.kill('SIGSTOP');
  onTestFinished(() => replica.kill('SIGCONT'));
  const sent = frame(queue, [op('y')], { seq: 1 });
  await expect(broker.tasks.enqueue(sent)).rejects.toMatchObject({ code: 'unknown-outcome' });
  const idOfLink = async (): Promise<string> =>
    /^id=(\d+).* name=p1:writes /m.exec(String(await admin.client('LIST')))?.[1] ?? '';
  const before = await idOfLink();
  await admin.client('KILL', 'ID', before);
  const isNew = async (): Promise<boolean> => !['', before].includes(await idOfLink());
  await waitFor(isNew, { what: 'another connection' });
  const answer = async (): Promise<string | false> => {
    const said = await broker.tasks.enqueue(sent).then(
      () => 'accepted',
      (error: { message: string }) => error.message,
    );
    return !said.endsWith('got: down') && said;
  };
  expect(await waitFor(answer, { what: 'an answer over the new connection' })).toMatch(/got: 0$/);
  expect(await broker.queues.stats(queue)).toMatchObject({ waiting: 1 });
});

test('the start says what is not promised', async () => {
  const alone = await connect(await start(), 2);
  expect(alone.info.warnings).toContainEqual(
    expect.stringMatching(/^Redis has 0 of the 2 replicas that have to confirm/),
  );
  expect(alone.info.warnings).toContainEqual(expect.stringContaining('min-replicas-to-write 0'));
  const master = await start('--min-replicas-to-write', '1');
  await startReplicaOf(master);
  const { info } = await connect(master, 1);
  expect(info.warnings.filter((text) => text.includes('replica'))).toEqual([]);
  expect((await connect(master, 0)).info.warnings.filter((text) => text.includes('replica'))).toEqual([]);
});
