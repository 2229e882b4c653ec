/**
 * What strangers write into our streams, inboxes and events, raw and on a real Redis: nothing crashes, what cannot be read is set aside
 * with its reason, and good neighbours flow on.
 */
import {
  Agent,
  type Broadcast,
  type Message,
  onBroadcast,
  onMessage,
  onTask,
  pool,
  single,
  type Task,
} from 'agent-runtime';
import { Redis } from 'ioredis';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { limits } from '../../src/core/limits.ts';
import { Keys } from '../../src/redis/keys.ts';
import { type RedisServer, startRedis } from '../support/redis-server.ts';
import { waitFor } from '../support/wait.ts';
import { openClient, startNode } from './fleet-parts.ts';

const keys = new Keys({ fleet: 'default', db: 0, classic: false });
let server: RedisServer;
let raw: Redis;

beforeAll(async () => {
  server = await startRedis();
  raw = new Redis(server.url);
});
afterAll(async () => {
  raw.disconnect();
  await server.stop();
});
afterEach(async () => {
  expect(Object.keys(Object.prototype)).toEqual([]);
  expect(({} as { admin?: unknown }).admin).toBeUndefined();
  await raw.flushall();
});

const deep = '['.repeat(100_000) + ']'.repeat(100_000);
const envelope = {
  v: 1,
  opId: 'op',
  kind: 'task',
  from: 'stranger',
  via: 'nobody',
  to: 'work',
  name: 'work',
  data: 'x',
  sentAt: 1,
  trace: { id: 't', asks: [] },
};
const withData = (data: string): string =>
  JSON.stringify({ ...envelope, data: 0 }).replace('"data":0', `"data":${data}`);
const polluting = '{"__proto__":{"admin":true},"constructor":{"prototype":{"admin":true}}}';
/** Texts that are no envelope, or one with something in it that must not come in. */
const corpus: readonly string[] = [
  '',
  '{',
  'null',
  '[]',
  '"text"',
  '\u0000\u001e\u001f\u001e',
  'a:1:{s:5:"admin";b:1;}',
  deep,
  '{"a":'.repeat(5_000),
  'x'.repeat(3 * limits.payloadBytes),
  JSON.stringify({ ...envelope, v: 2 }),
  JSON.stringify({ ...envelope, trace: null }),
  JSON.stringify({ ...envelope, sentAt: 'now' }),
  JSON.stringify({ ...envelope, deadline: {} }),
  JSON.stringify({ ...envelope, policy: 'often' }),
  JSON.stringify({ ...envelope, name: 'toString' }),
  JSON.stringify({ ...envelope, name: '__proto__' }),
  JSON.stringify({ ...envelope, name: 'constructor' }),
  withData(deep),
  withData(polluting),
  withData('{"list":[{"\\u005f_proto__":{"admin":true}}]}'),
  '{"__proto__":{"v":1,"opId":"x"}}',
];

function work() {
  const ran: unknown[] = [];
  class WorkAgent extends Agent {
    static readonly role = 'work';
    @onTask('work') work({ input }: Task): string {
      ran.push(input);
      return 'done';
    }
  }
  return { ran, WorkAgent };
}

const address = { role: 'work', task: 'work' };

test('tasks that strangers wrote into a queue become dead letters with their reason, and those around them run', async () => {
  const { ran, WorkAgent } = work();
  const { fleet } = await openClient(server.url);
  const [, normal = ''] = keys.queue('work').streams;
  const first = await fleet.enqueue(address, 'first');
  for (const text of corpus) await raw.xadd(normal, '*', 'e', text);
  const odd = [
    ['nothing', 'of ours'],
    ['e', '{', 'a', 'many'],
    ['e', '{', 't', 'n.1-1'],
    ['e', '{', 't', ''],
  ];
  for (const fields of odd) await raw.xadd(normal, '*', ...fields);
  const last = await fleet.enqueue(address, 'last');
  await startNode(server.url, [pool(WorkAgent, { size: 3 })]);
  expect(await Promise.all([first.result(), last.result()])).toEqual(['done', 'done']);
  const strange = corpus.length + odd.length;
  await waitFor(async () => (await fleet.queue('work')).dead === strange, { what: 'the strange ones to be set aside' });
  expect(await fleet.queue('work')).toMatchObject({ waiting: 0, claimed: 0, parked: 0 });
  const letters = await fleet.deadLetters('work', { count: 100 });
  expect(new Set(letters.map(({ error }) => error.code))).toEqual(new Set(['malformed', 'no-handler']));
  expect(ran).toEqual(['first', 'last']);
});

test('messages that strangers wrote into an inbox are set aside with their reason, and those around them are handled', async () => {
  const handled: unknown[] = [];
  class DocsAgent extends Agent {
    static readonly role = 'docs';
    @onMessage('edit') edit({ data }: Message): void {
      handled.push(data);
    }
  }
  const { fleet } = await openClient(server.url);
  const mail = keys.mail('m0');
  const inbox = mail.inbox('docs');
  await fleet.send('docs', 'edit', 'first');
  for (const [at, text] of corpus.entries()) await raw.xadd(inbox, '*', 'o', `op${at}`, 'e', text);
  for (const fields of [
    ['nothing', 'of ours'],
    ['o', 'twice'],
    ['e', '{', 'h', 'x', 'o', ''],
  ])
    await raw.xadd(inbox, '*', ...fields);
  await fleet.send('docs', 'edit', 'last');
  const { said } = await startNode(server.url, [single(DocsAgent, { id: 'docs' })]);
  await waitFor(() => handled.length === 2, { what: 'the good ones to be handled' });
  expect(handled).toEqual(['first', 'last']);
  await waitFor(async () => (await raw.exists(inbox)) === 0, { what: 'the inbox to be empty' });
  const { letters, total } = await fleet.deadMessages('docs', { count: 100 });
  expect(total).toBe(corpus.length + 3);
  expect(new Set(letters.map(({ reason }) => reason))).toEqual(new Set(['malformed', 'no-handler']));
  expect(said.of('message.failed').every(({ dead }) => dead)).toBe(true);
});

test('events that strangers wrote reach whoever listens as far as they can be read, and hide none of those around them', async () => {
  const heard: unknown[] = [];
  class EarAgent extends Agent {
    static readonly role = 'ear';
    @onBroadcast('*') hear({ topic, data }: Broadcast): void {
      if (topic === 'mark') heard.push(data);
      else heard.push('strange');
    }
  }
  await startNode(server.url, [pool(EarAgent)]);
  const { fleet } = await openClient(server.url);
  await fleet.broadcast('mark', 1);
  const { stream } = keys.events;
  for (const text of corpus) {
    await raw.xadd(stream, '*', 'message', 'strange', 'metadata', text);
    await raw.xadd(stream, '*', 'message', 'strange', 'metadata', text, 'opId', 'o', 'prev', text, 'sentAt', text);
    await raw.publish(keys.eventsChannel, text);
  }
  await raw.xadd(stream, '*', 'nothing', 'of ours');
  await fleet.broadcast('mark', 2);
  await waitFor(() => heard.at(-1) === 2, { what: 'the last broadcast to be heard' });
  expect(heard.filter((one) => one !== 'strange')).toEqual([1, 2]);
  const read = await fleet.events.read({ limit: 100 });
  expect(read.filter(({ topic }) => topic === 'mark').map(({ data }) => data)).toEqual([1, 2]);
  const readable = read.filter(({ topic }) => topic === 'strange');
  expect(readable).toHaveLength(2 * corpus.length);
  expect(readable.filter(({ data }) => data !== null && Object.hasOwn(Object(data), '__proto__'))).toEqual([]);
});

test('records that strangers publish to a process harm nobody and are reported', async () => {
  const { WorkAgent } = work();
  const { node, said } = await startNode(server.url, [pool(WorkAgent)]);
  const { fleet, said: heard } = await openClient(server.url);
  const texts = [
    'settled',
    'progress',
    'mail',
    'ask',
    'reply',
    'part',
    'credit',
    'cancelled',
    'granted',
    'classic',
  ].flatMap((kind) =>
    corpus.flatMap((text) => [
      [kind, text],
      [kind, 'x', text],
      [kind, 'x', '1', text],
      [kind, 'x', '1', 'more', text],
    ]),
  );
  for (const fields of texts)
    for (const address of ['*', node.node, fleet.name]) await raw.publish(keys.channel(address), fields.join('\u001f'));
  expect(await fleet.run(address, 'after them')).toBe('done');
  for (const one of [said, heard]) expect(one.of('broker.trouble').length).toBeGreaterThan(10);
  for (const one of [said, heard]) expect(one.of('node.fenced')).toEqual([]);
});

test('what is too large, too deep or forbidden is refused at its sender, and nothing is stored', async () => {
  const { fleet } = await openClient(server.url);
  const large = 'x'.repeat(limits.payloadBytes);
  const nested = JSON.parse('['.repeat(limits.payloadDepth + 1) + ']'.repeat(limits.payloadDepth + 1)) as unknown;
  const forbidden = JSON.parse('{"a":{"__proto__":{"admin":true}}}') as unknown;
  for (const [data, code] of [
    [large, 'payload-too-large'],
    [nested, 'invalid-payload'],
    [forbidden, 'invalid-payload'],
  ] as const) {
    const refused = { name: 'DeliveryError', code };
    await expect(fleet.enqueue(address, data)).rejects.toMatchObject(refused);
    await expect(fleet.send('docs', 'edit', data)).rejects.toMatchObject(refused);
    await expect(fleet.broadcast('docs.saved', data)).rejects.toMatchObject(refused);
  }
  expect(await raw.keys('rt:default:*{*}*[^p]:*')).not.toContain(expect.stringMatching(/normal|in:docs|stream/));
  expect(await fleet.enqueue(address, 'x'.repeat(limits.payloadBytes - 1_000))).toBeDefined();
});
