/**
 * M13, N7: a notice that is lost although the link holds, as it may be between the masters of a cluster.
 */
import { Agent, type Message, onMessage, single } from 'agent-runtime';
import { expect, test } from 'vitest';
import { World } from './world.ts';

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
