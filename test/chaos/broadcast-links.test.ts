/**
 * Broadcasts over links that fail, on a real Redis: nothing is missed, repeated or out of order, however the link was lost.
 */
import { Redis } from 'ioredis';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { type RedisServer, startRedis } from '../support/redis-server.ts';
import { waitFor } from '../support/wait.ts';
import { cutLinks } from './rig/broadcasts.ts';
import { Ear } from './rig/ears.ts';
import { Voice } from './rig/voice.ts';

const faultless = { missing: 0, repeated: 0, outOfOrder: 0 };
let server: RedisServer;
let admin: Redis;

beforeAll(async () => {
  server = await startRedis();
  admin = new Redis(server.url);
});
afterAll(async () => {
  admin.disconnect();
  await server.stop();
});

async function open(onEvent?: Parameters<typeof Ear.open>[2]): Promise<{ ear: Ear; voice: Voice }> {
  await admin.flushall();
  const ear = await Ear.open(server.port, 'ear', onEvent);
  onTestFinished(() => ear.close());
  const voice = await Voice.open(server.url);
  onTestFinished(() => voice.close());
  return { ear, voice };
}

test('10,000 broadcasts arrive once and in order although a link is cut after each hundred', async () => {
  const { ear, voice } = await open(({ heard, proxy }) => {
    if (heard.length % 100 === 0) proxy.cut('reply', 1);
  });
  for (let frame = 0; frame < 100; frame++) {
    await voice.say(100);
    await waitFor(() => ear.heard.length === voice.sent.length, { what: 'the hundred to be heard', timeoutMs: 30_000 });
  }
  await voice.say(1);
  await waitFor(() => ear.heard.includes(voice.sent.at(-1) ?? ''), { what: 'one more', timeoutMs: 60_000 });
  expect(ear.judge(voice.sent)).toEqual(faultless);
  expect(ear.proxy.cuts).toBeGreaterThan(90);
}, 120_000);

test('a subscriber whose buffer on the server was overrun is cut by it, and reads what it has missed', async () => {
  await admin.config('SET', 'client-output-buffer-limit', 'pubsub 1mb 512kb 1');
  const { ear, voice } = await open();
  await voice.say(1);
  await waitFor(() => ear.heard.length === 1, { what: 'the first broadcast' });
  const link = await subscriberId();
  ear.proxy.stall();
  const big = 'x'.repeat(64 * 1024);
  for (let frame = 0; frame < 200; frame++) await voice.say(3, big);
  await waitFor(async () => (await subscriberId()) !== link, { what: 'the server to cut the link' });
  expect(ear.heard.length).toBeLessThan(voice.sent.length);
  await ear.proxy.heal();
  await voice.say(1);
  await waitFor(() => ear.heard.includes(voice.sent.at(-1) ?? ''), { what: 'the newest', timeoutMs: 30_000 });
  expect(ear.judge(voice.sent)).toEqual(faultless);
}, 60_000);

test('a run of the rig tells what was cut and that nothing was lost', async () => {
  const report = await cutLinks({ ears: 2, seconds: 1, perSecond: 500, seed: 1 });
  expect(report).toMatchObject(faultless);
  expect(report.cuts).toBeGreaterThan(5);
  expect(report.sent).toBeGreaterThan(100);
}, 60_000);

/** The connection on which the ear hears, as the server knows it. */
async function subscriberId(): Promise<string | undefined> {
  const list = String(await admin.client('LIST'));
  const line = list.split('\n').find((one) => one.includes(' name=ear:subscriptions '));
  return /\bid=(\d+)/.exec(line ?? '')?.[1];
}
