/**
 * M11: a node whose activation went with the broker's data, and that does not know it yet, handles nothing of what is stored again.
 */
import { Agent, type Message, onMessage, onStart, single } from 'agent-runtime';
import { expect, test } from 'vitest';
import { gate, saidOf, World } from './world.ts';

function desk() {
  const instances: unknown[][] = [];
  const busy = gate();
  class DeskAgent extends Agent {
    static readonly role = 'desk';
    readonly #handled: unknown[] = [];
    @onStart() up(): void {
      instances.push(this.#handled);
    }
    @onMessage('note') async note({ data }: Message): Promise<void> {
      this.#handled.push(data);
      if (data === 4) await busy.passed;
    }
  }
  return { instances, busy, hosting: single(DeskAgent, { id: 'desk', mailbox: 1 }) };
}

test('what is brought back is handled in its order by the next activation, and not behind newer mail by the one that was lost', async () => {
  const world = new World();
  const { instances, busy, hosting } = desk();
  const first = await world.start('n1', [hosting]);
  const client = await world.connect();
  const send = (note: number): Promise<unknown> => world.until(client.fleet.send('desk', 'note', note));
  for (const note of [1, 2, 3]) await send(note);
  await world.eventually(() => instances[0]?.length === 3, 'the first messages to be handled');
  await world.until(first.node.stop({ graceMs: 0 }));
  const second = await world.start('n2', [hosting]);
  for (const note of [4, 5, 6, 7]) await send(note);
  await world.eventually(() => instances[1]?.length === 1, 'the message behind them to be begun');
  world.lose(client);
  await world.advance(50); // the client sends again what was lost
  expect(world.fleet.inboxes.get('desk')?.size).toBe(7);
  busy.open(); // there is room for what has not been read yet
  await world.eventually(() => second.ends.length > 0, 'the second node to be fenced');
  expect(saidOf(second, 'node.fenced')).toHaveLength(1);
  await world.until(second.node.stop({ graceMs: 0 }));
  await world.start('n3', [hosting]);
  await world.eventually(() => instances[2]?.length === 7, 'all of them to be handled again');
  expect(instances[1]).toEqual([4, 5]);
  expect(instances[2]).toEqual([1, 2, 3, 4, 5, 6, 7]);
});
