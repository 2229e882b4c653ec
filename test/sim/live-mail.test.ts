/**
 * Live mail: volatile messages, and what a full mailbox does with what nobody has stored.
 */
import { Agent, AgentUnavailable, type Message, onMessage, single } from 'agent-runtime';
import { describe, expect, test } from 'vitest';
import { gate, type SimNode, saidOf, World } from './world.ts';

function listener() {
  const heard: unknown[] = [];
  const held = gate();
  class DocsAgent extends Agent {
    static readonly role = 'docs';
    @onMessage('hold') hold(): Promise<void> {
      heard.push('hold');
      return held.passed;
    }
    @onMessage('note') note({ data, isAsk }: Message): unknown {
      heard.push(data);
      return isAsk ? `answer to ${String(data)}` : undefined;
    }
  }
  return { heard, held, DocsAgent };
}

const droppedOf = ({ node }: SimNode): number => node.cells.reduce((sum, cell) => sum + cell.dropped, 0);
const codeOf = (asked: Promise<unknown>): Promise<unknown> =>
  asked.then(String, (error: { code: string }) => error.code);

describe('a volatile message', () => {
  test('is handed to its live agent, in order with the sender’s others, and stored nowhere', async () => {
    const world = new World();
    const { heard, DocsAgent } = listener();
    await world.start('n1', [single(DocsAgent)]);
    const { fleet } = await world.connect();
    const sends = [1, 2, 3].map((number) => fleet.send('docs', 'note', number, { volatile: true }));
    expect(await world.until(Promise.all(sends))).toEqual(
      sends.map(() => ({ id: expect.any(String) as string, stored: false })),
    );
    expect(world.fleet.inboxes.size).toBe(0);
    expect(await world.until(fleet.ask('docs', 'note', 4))).toBe('answer to 4');
    expect(heard).toEqual([1, 2, 3, 4]);
  });

  test('to an id that nobody owns is refused at once, and never comes later', async () => {
    const world = new World();
    const { heard, DocsAgent } = listener();
    const { fleet } = await world.connect();
    const sent = world.until(fleet.send('docs', 'note', 1, { volatile: true }));
    await expect(sent).rejects.toBeInstanceOf(AgentUnavailable);
    await world.start('n1', [single(DocsAgent)]);
    await world.until(fleet.send('docs', 'note', 2));
    await world.eventually(() => heard.length > 0, 'the stored one');
    await world.advance(5_000);
    expect(heard).toEqual([2]);
  });

  test('comes at most once, whatever becomes of the replies and the links', async () => {
    const world = new World({ seed: 3 });
    const { heard, DocsAgent } = listener();
    const node = await world.start('n1', [single(DocsAgent)]);
    const client = await world.connect();
    for (let number = 0; number < 100; number++) {
      const sent = client.fleet.send('docs', 'note', number, { volatile: true });
      const cut = [node.broker, client.broker][number % 3];
      if (number % 5 === 0) cut?.cutLink();
      await world.advance(number % 7 === 0 ? 40 : 3);
      cut?.restoreLink();
      await world.until(sent);
    }
    await world.advance(5_000);
    expect(new Set(heard).size).toBe(heard.length);
    expect(heard.length).toBeGreaterThan(50);
    expect(heard).toEqual([...(heard as number[])].sort((a, b) => a - b));
  });

  test('that finds no handler or a full mailbox is said aloud and counted, and is no dead letter', async () => {
    const world = new World();
    const { heard, held, DocsAgent } = listener();
    const node = await world.start('n1', [single(DocsAgent, { mailbox: 2 })]);
    const { fleet } = await world.connect();
    await world.until(fleet.send('docs', 'unknown', 0, { volatile: true }));
    await world.eventually(() => saidOf(node, 'message.failed').length === 1, 'the failure');
    await world.until(fleet.send('docs', 'hold'));
    await world.eventually(() => heard.length === 1, 'the agent to be busy');
    for (const number of [1, 2, 3, 4]) await world.until(fleet.send('docs', 'note', number, { volatile: true }));
    await world.advance(10);
    held.open();
    await world.eventually(() => heard.length === 3, 'what there was room for');
    expect(heard).toEqual(['hold', 1, 2]);
    expect(saidOf(node, 'message.dropped')).toMatchObject([
      { agent: 'docs', name: 'note', error: { code: 'mailbox-full' } },
      { agent: 'docs', name: 'note', error: { code: 'mailbox-full' } },
    ]);
    expect(droppedOf(node)).toBe(2);
    await world.advance(3_000);
    const [{ status } = { status: '' }] = await world.until(fleet.nodes());
    expect(JSON.parse(status)).toMatchObject({ agents: [{ id: 'docs', dropped: 2 }] });
    expect(await world.until(fleet.deadMessages('docs', { count: 9 }))).toMatchObject({ total: 0 });
  });

  test('that waits when its agent is stopped is said to be lost', async () => {
    const world = new World();
    const { heard, DocsAgent } = listener();
    const node = await world.start('n1', [single(DocsAgent)]);
    const { fleet } = await world.connect();
    await world.until(fleet.send('docs', 'hold'));
    await world.eventually(() => heard.length === 1, 'the agent to be busy');
    await world.until(fleet.send('docs', 'note', 1, { volatile: true }));
    await world.advance(10);
    await world.until(node.node.stop({ graceMs: 100 }));
    expect(saidOf(node, 'message.dropped')).toMatchObject([{ name: 'note', error: { code: 'agent-unavailable' } }]);
    expect(heard).toEqual(['hold']);
  });

  test('has no key', async () => {
    const world = new World();
    const { fleet } = await world.connect();
    const options = { volatile: true, key: 'k' } as never;
    await expect(world.until(fleet.send('docs', 'note', 1, options))).rejects.toMatchObject({ code: 'malformed' });
  });
});

describe('a full mailbox', () => {
  /** A busy agent whose mailbox takes two, asked and sent to in this order: a, stored, b, c. */
  async function crowded(overflow: 'reject' | 'drop-oldest') {
    const world = new World();
    const { heard, held, DocsAgent } = listener();
    const node = await world.start('n1', [single(DocsAgent, { mailbox: 2, overflow })]);
    const { fleet } = await world.connect();
    await world.until(fleet.send('docs', 'hold'));
    await world.eventually(() => heard.length === 1, 'the agent to be busy');
    const asks: Promise<unknown>[] = [];
    const ask = async (data: string): Promise<void> => {
      asks.push(codeOf(fleet.ask('docs', 'note', data)));
      await world.advance(10);
    };
    await ask('a');
    await world.until(fleet.send('docs', 'note', 'stored'));
    await world.advance(10);
    await ask('b');
    await ask('c');
    held.open();
    const answers = await world.until(Promise.all(asks));
    await world.eventually(() => heard.includes('stored'), 'the stored message');
    return { node, heard, answers };
  }

  test('refuses live mail by default: who asks is told, and what is stored is handled', async () => {
    const { node, heard, answers } = await crowded('reject');
    expect(answers).toEqual(['answer to a', 'mailbox-full', 'mailbox-full']);
    expect(heard).toEqual(['hold', 'a', 'stored']);
    expect(droppedOf(node)).toBe(2);
  });

  test('with drop-oldest the oldest live mail makes room and its asker is told; what is stored never does', async () => {
    const { node, heard, answers } = await crowded('drop-oldest');
    expect(answers).toEqual(['mailbox-full', 'mailbox-full', 'answer to c']);
    expect(heard).toEqual(['hold', 'stored', 'c']);
    expect(droppedOf(node)).toBe(2);
  });

  test('with drop-oldest refuses live mail when all that waits is stored', async () => {
    const world = new World();
    const { heard, held, DocsAgent } = listener();
    const node = await world.start('n1', [single(DocsAgent, { mailbox: 2, overflow: 'drop-oldest' })]);
    const { fleet } = await world.connect();
    await world.until(fleet.send('docs', 'hold'));
    await world.eventually(() => heard.length === 1, 'the agent to be busy');
    for (const number of [1, 2, 3]) await world.until(fleet.send('docs', 'note', number));
    await world.advance(10);
    expect(await world.until(codeOf(fleet.ask('docs', 'note', 'x')))).toBe('mailbox-full');
    held.open();
    await world.eventually(() => heard.length === 4, 'every stored message');
    expect(heard).toEqual(['hold', 1, 2, 3]);
    expect(droppedOf(node)).toBe(1);
  });
});
