/**
 * M13, N7: a notice that is lost although the link holds, as it may be between the masters of a cluster.
 */
import { Agent, type Message, onMessage, single } from 'agent-runtime';
import { expect, test } from 'vitest';
import { saidOf, World } from './world.ts';

function desk() {
  const heard: unknown[] = [];
  class DeskAgent extends Agent {
    static readonly role = 'desk';
    @onMessage('note') note({ data }: Message): void {
      heard.push(data);
    }
  }
  return { heard, hosting: single(DeskAgent, { id: 'desk' }) };
}

test('a message whose notice was lost is handled before the one behind it, and alone when somebody looks', async () => {
  const world = new World();
  const { heard, hosting } = desk();
  await world.start('n1', [hosting]);
  const { fleet } = await world.connect();
  const { exchange, inboxes } = world.fleet;
  const post = exchange.postNotice.bind(exchange);
  let isLossy = false;
  exchange.postNotice = (address, notice) => {
    if (notice.kind !== 'mail') return post(address, notice);
    if (isLossy) return;
    const entries = [...(inboxes.get('desk')?.keys() ?? [])];
    const before = entries[entries.indexOf(notice.entry) - 1];
    post(address, { ...notice, ...(before !== undefined && { before }) });
  };
  const send = (data: unknown): Promise<unknown> => world.until(fleet.send('desk', 'note', data));
  await send(1);
  isLossy = true;
  await send(2);
  isLossy = false;
  await send(3);
  await world.eventually(() => heard.length === 3, 'all three to be handled');
  expect(heard).toEqual([1, 2, 3]);
  isLossy = true;
  await send(4);
  await world.advance(30_000);
  expect(heard).toEqual([1, 2, 3]);
  for (const ears of exchange.notices.values()) for (const { listener } of ears) listener.onDoubt?.();
  await world.eventually(() => heard.length === 4, 'the last one to be found');
});

test('N1: a notice that comes late does not bring a message again that was handled before a restart', async () => {
  const world = new World();
  const heard: unknown[] = [];
  class FragileAgent extends Agent {
    static readonly role = 'fragile';
    @onMessage('note') note({ data }: Message): void {
      heard.push(data);
    }
  }
  const node = await world.start('n1', [single(FragileAgent, { id: 'desk' })]);
  const { fleet } = await world.connect();
  const { exchange } = world.fleet;
  const post = exchange.postNotice.bind(exchange);
  const notices: (() => void)[] = [];
  exchange.postNotice = (address, notice) => {
    if (notice.kind === 'mail') notices.push(() => post(address, notice));
    post(address, notice);
  };
  const restart = async (): Promise<void> => {
    const restarts = saidOf(node, 'agent.up').length;
    const { supervisor, cells } = node.node.population;
    void supervisor.fail(cells[0] ?? expect.fail('there is none'), new Error('broken'));
    await world.eventually(() => saidOf(node, 'agent.up').length > restarts, 'the restart');
    await world.advance(1_000);
  };
  for (const data of [1, 2]) await world.until(fleet.send('desk', 'note', data));
  await world.eventually(() => heard.length === 2, 'both to be handled');
  for (const _ of ['first', 'second']) {
    await restart();
    for (const late of notices) late();
    await world.advance(1_000);
    expect(heard).toEqual([1, 2]);
  }
  await world.until(fleet.send('desk', 'note', 3));
  await world.eventually(() => heard.length === 3, 'a new one to be handled');
});
