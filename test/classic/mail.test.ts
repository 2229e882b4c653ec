/**
 * Direct messages between the fleet and real PHP and Python agents, both ways, and those that nobody can read.
 */
import { Agent, type Message, onMessage, single } from 'agent-runtime';
import { expect, test } from 'vitest';
import { waitFor } from '../support/wait.ts';
import { startClient } from './clients.ts';
import { missingClients } from './programs.ts';
import { classicStage } from './fleet.ts';
import { expectClassic } from './vectors.ts';

const stage = classicStage();
const title = missingClients ?? 'real clients';
const skipped = test.skipIf(missingClients !== undefined);

function desk() {
  const heard: { from: string; name: string; data: unknown }[] = [];
  class DeskAgent extends Agent {
    static readonly role = 'desk';
    @onMessage('*') any({ from, name, data }: Message): void {
      heard.push({ from, name, data });
    }
    @onMessage('later') later(message: Message): void {
      this.any(message);
    }
  }
  return { heard, agents: [single(DeskAgent, { id: 'desk', mailbox: 5_000 })] };
}

skipped(
  `a message to an id that never was native goes out as a classic one and fills no inbox (${title})`,
  async () => {
    const { fleet } = await stage.start({ agents: desk().agents });
    for (const [language, id] of [
      ['php', 'php-b'],
      ['python', 'py:b*[x]?'],
    ] as const) {
      const client = startClient(language, id, stage.server);
      const method = language === 'php' ? 'listenMessages' : 'listen_messages';
      const { heard } = await client.listen<Record<string, unknown>[]>(method, fleet.name, 1, 10);
      expect(await fleet.send(id, 'hello', { k: 'v' })).toMatchObject({ stored: false });
      const [message] = await heard;
      expectClassic(message ?? {}, 'php.message');
      expect(message).toMatchObject({ from: fleet.name, to: id, message: 'hello', metadata: { k: 'v' } });
    }
    expect(await stage.raw.keys('rt:*:in:*')).toEqual([]);
  },
);

test('what is for an id that never was native is told so to its sender, with and without a key, and is stored nowhere', async () => {
  const { fleet } = await stage.start({ agents: desk().agents });
  expect(await fleet.send('php-c', 'hello')).toMatchObject({ stored: false });
  const first = await fleet.send('php-c', 'hello', {}, { key: 'once' });
  expect(await fleet.send('php-c', 'hello', {}, { key: 'once' })).toEqual({ id: first.id, stored: false });
  expect(await stage.raw.keys('rt:*:in:*')).toEqual([]);
});

test('a message to an agent of the fleet waits in its inbox while that is down', async () => {
  const { heard, agents } = desk();
  const first = await stage.start({ agents });
  await first.stop();
  const client = await stage.client();
  expect(await client.send('desk', 'later')).toMatchObject({ stored: true });
  await stage.start({ agents });
  await waitFor(() => heard.length === 1, { what: 'the message' });
});

skipped(`messages of PHP and Python are routed by what they say, whatever their ids look like (${title})`, async () => {
  const { heard, agents } = desk();
  await stage.start({ agents });
  const php = startClient('php', 'php:a:*', stage.server);
  const python = startClient('python', 'constructor', stage.server);
  await php.call('sendMessage', 'desk', 'from php', {});
  await php.call('sendMessage', 'desk:other', 'for another', {});
  await php.call('sendMessage', 'd?sk', 'for a pattern', {});
  await python.call('send_message', 'desk', 'from python', { n: 1 });
  await waitFor(() => heard.length === 2, { what: 'both messages' });
  expect(heard.sort((a, b) => a.name.localeCompare(b.name))).toEqual([
    { from: 'php:a:*', name: 'from php', data: {} },
    { from: 'constructor', name: 'from python', data: { n: 1 } },
  ]);
});

test('a burst arrives whole and in order, over one subscription of the node', async () => {
  const { heard, agents } = desk();
  await stage.start({ agents });
  const text = (n: number): string =>
    JSON.stringify({ from: 'a', to: 'desk', message: `m${n}`, metadata: [], timestamp: '2026-11-22T14:26:49+00:00' });
  const burst = stage.raw.pipeline();
  for (let n = 0; n < 3_000; n++) burst.publish('msg:a:desk', text(n));
  await burst.exec();
  await waitFor(() => heard.length === 3_000, { what: 'all of them' });
  expect(heard.map(({ name }) => name)).toEqual(Array.from({ length: 3_000 }, (_, n) => `m${n}`));
  const patterns = String(await stage.raw.client('LIST')).match(/psub=(\d+)/g);
  expect(patterns?.filter((one) => one !== 'psub=0')).toEqual(['psub=1']);
});
