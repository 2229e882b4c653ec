/**
 * With `classic: true` the names and records of broadcasts, events, direct messages, locks and logs are those that PHP and Python agents
 * already speak: held against captures of their real traffic, both ways.
 */
import { Redis } from 'ioredis';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import type { EventRecord } from '../../src/broker/events.ts';
import type { Notice } from '../../src/broker/notices.ts';
import { encodeEnvelope } from '../../src/core/envelope.ts';
import { Observer } from '../../src/core/observer.ts';
import { systemClock, systemRandom } from '../../src/core/system.ts';
import { RedisBroker } from '../../src/redis/broker.ts';
import { type RedisServer, startRedis } from '../support/redis-server.ts';
import { waitFor } from '../support/wait.ts';
import { expectClassic, sent } from './vectors.ts';

let server: RedisServer;
let raw: Redis;
let heard: { channel: string; text: string }[];
let listener: Redis;
let broker: RedisBroker;

beforeAll(async () => {
  server = await startRedis();
  raw = new Redis(server.url);
});
afterAll(async () => {
  raw.disconnect();
  await server.stop();
});

beforeEach(async () => {
  await raw.flushall();
  heard = [];
  listener = new Redis(server.url);
  listener.on('pmessage', (_pattern: string, channel: string, text: string) => heard.push({ channel, text }));
  await listener.psubscribe('broadcast:*', 'msg:*');
  broker = new RedisBroker({
    url: server.url,
    fleet: 'wire',
    classic: true,
    address: 'node1',
    clock: systemClock,
    random: systemRandom,
    observer: new Observer(),
    retention: { events: 100, eventsAgeMs: 3_600_000 },
  });
  await broker.start();
});
afterEach(async () => {
  listener.disconnect();
  await broker.stop();
});

const frame = <Op>(
  tag: string,
  op: Op,
): { tag: string; sender: string; seq: number; prev: number; leased: boolean; ops: readonly Op[] } => ({
  tag,
  sender: 'node1',
  seq: 1,
  prev: 0,
  leased: false,
  ops: [op],
});

const broadcast = {
  opId: 'op1',
  topic: 'Résumé a/b',
  from: 'ts-agent',
  data: '{"n":1,"list":["x"]}',
  sentAt: 1_767_323_045_678,
};

function toRecord(flat: readonly string[]): Record<string, string> {
  return Object.fromEntries(flat.flatMap((field, index) => (index % 2 === 0 ? [[field, flat[index + 1] ?? '']] : [])));
}

test('a broadcast is published on broadcast:agents as PHP publishes it', async () => {
  await broker.events.append(frame('events', broadcast));
  const [{ channel, text }] = (await waitFor(() => (heard.length > 0 ? heard : undefined), {
    what: 'the broadcast',
  })) as typeof heard & [{ channel: string; text: string }];
  expect(channel).toBe(sent('php.broadcast', 'PUBLISH')[0]?.[1]);
  const record = JSON.parse(text) as Record<string, unknown>;
  expectClassic(record, 'php.broadcast');
  expect(record).toMatchObject({
    agent: 'ts-agent',
    message: 'Résumé a/b',
    metadata: { n: 1, list: ['x'] },
    timestamp: '2026-01-02T03:04:05+00:00',
  });
});

test('a broadcast stands in events:stream with all five classic fields in order', async () => {
  await broker.events.append(frame('events', broadcast));
  const [key] = sent('php.broadcast', 'XADD')[0]?.slice(1) ?? [];
  expect(key).toBe('events:stream');
  const [[, flat] = ['', []]] = await raw.xrange('events:stream', '-', '+');
  expectClassic(toRecord(flat), 'php.event');
});

test('data that is no map is published as a map, and read back as it was', async () => {
  await broker.events.append(frame('events', { ...broadcast, data: '[1,2]' }));
  const [[, flat] = ['', []]] = await raw.xrange('events:stream', '-', '+');
  expectClassic(toRecord(flat), 'php.event');
  const { events } = await broker.events.read({ after: '0', count: 10 });
  expect(events.map((event) => event.data)).toEqual(['[1,2]']);
});

test.each(['php.broadcast', 'php.broadcast.empty', 'py.broadcast', 'py.broadcast.empty'])(
  '%s is heard as a hint and read from the stream',
  async (id) => {
    let hints = 0;
    await broker.events.listen({ onEvent: () => undefined, onHint: () => hints++, onReset: () => undefined });
    for (const argv of [...sent(id, 'PUBLISH'), ...sent(id, 'XADD')]) await raw.call(String(argv[0]), ...argv.slice(1));
    await waitFor(() => hints > 0, { what: 'the hint' });
    const { events } = await broker.events.read({ after: '0', count: 10 });
    const [event] = events as [EventRecord];
    const published = JSON.parse(String(sent(id, 'PUBLISH')[0]?.[2])) as {
      agent: string;
      message: string;
      metadata: unknown;
    };
    expect(event).toMatchObject({ from: published.agent, topic: published.message });
    const empty = Array.isArray(published.metadata) && published.metadata.length === 0;
    expect(JSON.parse(event.data)).toEqual(empty ? {} : published.metadata);
  },
);

test('our events and foreign ones keep one order, and the one behind a foreign one names it', async () => {
  const [argv] = sent('py.broadcast', 'XADD');
  const foreignId = await raw.call('XADD', ...(argv ?? []).slice(1));
  await broker.events.append(frame('events', broadcast));
  const { events } = await broker.events.read({ after: '0', count: 10 });
  expect(events.map((event) => event.from)).toEqual(['py-a', 'ts-agent']);
  expect(events[1]?.prev).toBe(foreignId);
});

function message(to: string, name: string, data: unknown) {
  const head = { v: 1, opId: 'op1', kind: 'message', from: 'ts-agent', via: 'ts-agent', to, name } as const;
  const envelope = encodeEnvelope({ ...head, data, sentAt: 1_767_323_045_678, trace: { id: 'op1', asks: [] } });
  return { to, opId: 'op1', envelope, limit: 10 };
}

test('a direct message is published on msg:<from>:<to> as PHP publishes it', async () => {
  await broker.mail.send(frame(broker.mail.tagOf('php-a'), message('php-a', 'hello', { k: 'v' })));
  await waitFor(() => heard.length > 0, { what: 'the message' });
  expect(heard[0]?.channel).toBe('msg:ts-agent:php-a');
  const record = JSON.parse(String(heard[0]?.text)) as Record<string, unknown>;
  expectClassic(record, 'php.message');
  expect(record).toMatchObject({ from: 'ts-agent', to: 'php-a', message: 'hello', metadata: { k: 'v' } });
});

test('a direct message from PHP is heard by its parts, and our own copy is not heard twice', async () => {
  const notices: Notice[] = [];
  await broker.notices.listen('node1', { onNotice: (notice) => notices.push(notice), onReset: () => undefined });
  await broker.mail.send(frame(broker.mail.tagOf('docs'), message('docs', 'own', {})));
  const [argv] = sent('php.sendMessage', 'PUBLISH');
  await raw.publish(String(argv?.[1]), String(argv?.[2]));
  await waitFor(() => notices.length > 0, { what: 'the message' });
  expect(notices).toEqual([
    {
      kind: 'classic',
      from: 'php-a',
      to: 'ts-agent',
      message: 'hello',
      metadata: '{"k":"v"}',
      timestamp: expect.stringMatching(/\+00:00$/) as unknown,
    },
  ]);
});

test('a lock is lock:<resource> with a time to live and a value of PHP form; classic compare-and-delete frees it', async () => {
  const reply = await broker.locks.acquire({
    name: 'agents.md',
    holder: 'php-a:0123456789abc',
    address: 'node1',
    leaseMs: 30_000,
    wait: false,
  });
  expect(reply.kind).toBe('granted');
  const key = String(sent('php.acquireLock', 'SET')[0]?.[1]);
  const value = await raw.get(key);
  expectClassic({ value }, 'php.lock');
  expect(await raw.pttl(key)).toBeGreaterThan(20_000);
  await raw.del(key);
  expect(await broker.locks.inspect('agents.md')).toBeUndefined();
});

test('a lock that PHP holds is held for us, its waiters look again soon, and its end gives us a token', async () => {
  const [argv] = sent('php.acquireLock', 'SET');
  await raw.call('SET', ...(argv ?? []).slice(1));
  const request = { name: 'agents.md', holder: 'docs:1', address: 'node1', leaseMs: 1_000, wait: true };
  const waiting = await broker.locks.acquire(request);
  expect(waiting).toMatchObject({ kind: 'waiting' });
  expect(waiting.kind === 'waiting' && waiting.lookAgainInMs).toBeLessThan(1_000);
  await raw.del('lock:agents.md');
  expect(await broker.locks.acquire(request)).toMatchObject({ kind: 'granted', token: expect.any(Number) as unknown });
});

test('PHP cannot take a lock that we hold', async () => {
  await broker.locks.acquire({ name: 'agents.md', holder: 'docs:1', address: 'node1', leaseMs: 5_000, wait: false });
  const [argv] = sent('php.acquireLock.busy', 'SET');
  expect(await raw.call('SET', ...(argv ?? []).slice(1))).toBeNull();
});

/** Waiters of ours in the line of one lock, and the grants and calls to look again that they hear. */
async function lineUp(count: number) {
  const heard: Extract<Notice, { kind: 'granted' }>[] = [];
  await broker.notices.listen('node1', {
    onNotice: (notice) => void (notice.kind === 'granted' && heard.push(notice)),
    onReset: () => {},
  });
  const acquire = (holder: string) =>
    broker.locks.acquire({ name: 'agents.md', holder, address: 'node1', leaseMs: 60_000, wait: true });
  const first = await acquire('docs:first');
  let current = { holder: 'docs:first', token: first.kind === 'granted' ? first.token : expect.fail(first.kind) };
  for (let n = 1; n <= count; n++) expect(await acquire(`docs:${n}`)).toMatchObject({ kind: 'waiting' });
  const release = async () => {
    const before = heard.length;
    expect(await broker.locks.release({ name: 'agents.md', ...current })).toBe(true);
    await waitFor(() => heard.length > before, { what: 'the head of the line to hear of the release' });
    return (current = heard.at(-1) ?? expect.fail('nothing heard'));
  };
  return { acquire, release };
}

test('L9: after ten hand-overs in a row a contended lock stays free for a moment, and PHP may take it', async () => {
  const { acquire, release } = await lineUp(12);
  for (let n = 1; n <= 10; n++)
    expect(await release()).toMatchObject({ holder: `docs:${n}`, token: expect.any(Number) as unknown });
  expect(await release()).toMatchObject({ holder: 'docs:11', token: 0 });
  const looks = await acquire('docs:11');
  expect(looks.kind === 'waiting' && looks.lookAgainInMs).toBeLessThanOrEqual(250);
  expect(await acquire('docs:newcomer')).toMatchObject({ kind: 'waiting' });
  const [argv] = sent('php.acquireLock', 'SET');
  expect(await raw.call('SET', ...(argv ?? []).slice(1))).toBe('OK');
  expect(await acquire('docs:11')).toMatchObject({ kind: 'waiting' });
  await raw.del('lock:agents.md');
  await waitFor(async () => (await acquire('docs:11')).kind === 'granted', { what: 'the end of the moment' });
  expect(await acquire('docs:12')).toMatchObject({ kind: 'waiting' });
});

test('L9: when no foreign agent comes, the head of the line takes the lock after the moment', async () => {
  const { acquire, release } = await lineUp(3);
  await release();
  await raw.hset('rt:wire:{l:agents.md}:about', 'since', String(systemClock.now() - 10_001));
  expect(await release()).toMatchObject({ holder: 'docs:2', token: 0 });
  expect(await acquire('docs:3')).toMatchObject({ kind: 'waiting' });
  await waitFor(async () => (await acquire('docs:2')).kind === 'granted', { what: 'the end of the moment' });
});

test('a semaphore lies beside lock:<resource>: it neither sets that key nor minds who holds it', async () => {
  const request = { name: 'agents.md', address: 'node1', leaseMs: 5_000, wait: false, permits: 2 };
  const [argv] = sent('php.acquireLock', 'SET');
  await raw.call('SET', ...(argv ?? []).slice(1));
  const foreign = await raw.get('lock:agents.md');
  for (const holder of ['docs:1', 'docs:2'])
    expect(await broker.locks.acquire({ ...request, holder })).toMatchObject({ kind: 'granted' });
  expect(await broker.locks.acquire({ ...request, holder: 'docs:3' })).toEqual({ kind: 'held' });
  expect(await raw.get('lock:agents.md')).toBe(foreign);
  await raw.del('lock:agents.md');
  expect(await broker.locks.inspect('agents.md')).toMatchObject({ permits: 2 });
  expect(await raw.exists('lock:agents.md')).toBe(0);
});

test('logs are a list of at most 100 under logs:<agent>, newest first, as PHP writes them', async () => {
  const entries = Array.from({ length: 130 }, (_, n) => ({
    agent: 'docs',
    level: 'info' as const,
    message: `line ${n}`,
    at: 1_767_323_045_678,
  }));
  await broker.logs.append(entries);
  const lines = await raw.lrange('logs:docs', 0, -1);
  expect(lines).toHaveLength(100);
  const newest = JSON.parse(String(lines[0])) as Record<string, unknown>;
  expectClassic(newest, 'php.log');
  expect(newest).toEqual({ timestamp: '2026-01-02 03:04:05', level: 'info', message: 'line 129' });
});

test("PHP's own log lines are read like ours", async () => {
  const [argv] = sent('php.releaseLock.mismatch', 'LPUSH');
  await raw.call('LPUSH', ...(argv ?? []).slice(1));
  const lines = await broker.logs.read('php-a', 10);
  expect(lines).toMatchObject([{ level: 'warn', message: expect.stringContaining('value mismatch') as unknown }]);
});
