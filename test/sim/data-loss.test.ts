/**
 * A broker that comes back without its data: what senders had been told is stored is sent again, and what is gone is told.
 */
import { Agent, onBroadcast, onMessage, onTask, pool, single, type Task } from 'agent-runtime';
import { expect, test } from 'vitest';
import { limits } from '../../src/core/limits.ts';
import { saidOf, World } from './world.ts';

function audit() {
  const ran: { readonly input: unknown; readonly redelivered: boolean }[] = [];
  class AuditAgent extends Agent {
    static readonly role = 'audit';
    @onTask('audit')
    audit(task: Task): string {
      ran.push({ input: task.input, redelivered: task.redelivered });
      return `${String(task.input)} done`;
    }
  }
  return { ran, AuditAgent };
}

const address = { role: 'audit', task: 'audit' };
const names = ['a', 'b', 'c'];

test('tasks that were accepted in the last seconds run under their ids, marked, and their callers get the results', async () => {
  const world = new World();
  const { ran, AuditAgent } = audit();
  const client = await world.connect();
  const handles = await world.until(Promise.all(names.map((name) => client.fleet.enqueue(address, name))));
  const results = Promise.all(handles.map((handle) => handle.result()));
  await world.advance(limits.framesKeptMs - 1_000);
  world.lose(client);
  await world.start('n1', [pool(AuditAgent)]);
  expect(await world.until(results)).toEqual(['a done', 'b done', 'c done']);
  expect(ran).toEqual(names.map((input) => ({ input, redelivered: true })));
  expect(saidOf(client, 'broker.data-lost')).toMatchObject([
    { what: expect.stringContaining('3 operations are sent again') },
  ]);
});

test('a client that goes on sending finds out by its next task, and keeps the order', async () => {
  const world = new World();
  const { ran, AuditAgent } = audit();
  const client = await world.connect();
  await world.until(Promise.all(names.map((name) => client.fleet.enqueue(address, name))));
  world.fleet.lose();
  await world.until(client.fleet.enqueue(address, 'd'));
  await world.start('n1', [pool(AuditAgent)]);
  await world.eventually(() => ran.length === 4, 'all four to run');
  expect(ran).toEqual([...names, 'd'].map((input) => ({ input, redelivered: input !== 'd' })));
});

test('what was accepted longer ago is gone, and whoever waits for it is told', async () => {
  const world = new World();
  const client = await world.connect();
  const handle = await world.until(client.fleet.enqueue(address, 'old'));
  const told = handle.result().catch((error: unknown) => error);
  await world.advance(limits.framesKeptMs + 1_000);
  world.lose(client);
  expect(await world.until(told)).toMatchObject({ name: 'DeliveryError', code: 'unknown-task' });
});

test('messages and broadcasts of the last seconds come back, and are handled once by whoever is up', async () => {
  const world = new World();
  const heard: unknown[] = [];
  class DocsAgent extends Agent {
    static readonly role = 'docs';
    @onMessage('edit') edit({ data }: { data: unknown }): void {
      heard.push(data);
    }
    @onBroadcast('docs.*') changed({ data }: { data: unknown }): void {
      heard.push(data);
    }
  }
  const client = await world.connect();
  for (const name of names) await world.until(client.fleet.send('docs', 'edit', name));
  await world.until(client.fleet.broadcast('docs.changed', 'news'));
  world.lose(client);
  await world.advance(1_000);
  await world.start('n1', [single(DocsAgent, { id: 'docs' })]);
  await world.eventually(() => heard.length === 3, 'the messages to be handled');
  expect(heard).toEqual(names);
  const events = await world.until(client.fleet.events.read());
  expect(events.map(({ data }) => data)).toEqual(['news']);
});

test('what comes back is marked where it may have been handled, and not heard twice by whoever stayed up', async () => {
  const world = new World();
  const handled: { readonly data: unknown; readonly redelivered: boolean }[] = [];
  const heard: unknown[] = [];
  class DocsAgent extends Agent {
    static readonly role = 'docs';
    @onMessage('edit') edit({ data, redelivered }: { data: unknown; redelivered: boolean }): void {
      handled.push({ data, redelivered });
    }
  }
  const [first, client, listener] = [
    await world.start('n1', [single(DocsAgent, { id: 'docs' })]),
    await world.connect(),
    await world.connect(),
  ];
  await world.until(listener.member.feed.start());
  listener.member.feed.subscribe({ onEvent: ({ data }) => void heard.push(JSON.parse(data)), onGap: () => undefined });
  await world.until(client.fleet.send('docs', 'edit', 'page'));
  await world.until(client.fleet.broadcast('docs.changed', 'news'));
  await world.eventually(() => handled.length === 1 && heard.length === 1, 'both to be handled');
  world.lose(first, client, listener);
  await world.eventually(() => first.ends.length > 0, 'the node to be fenced');
  await world.until(first.node.stop({ graceMs: 0 }));
  await world.start('n2', [single(DocsAgent, { id: 'docs' })]);
  await world.eventually(() => handled.length === 2, 'the message to come again');
  expect(handled).toEqual([
    { data: 'page', redelivered: false },
    { data: 'page', redelivered: true },
  ]);
  const { events } = await world.until(client.broker.events.read({ after: '0', count: 10 }));
  expect(events).toMatchObject([{ data: '"news"', again: true }]);
  await world.until(client.fleet.broadcast('docs.changed', 'more'));
  await world.eventually(() => heard.length > 1, 'what was said last to be heard');
  expect(heard).toEqual(['news', 'more']);
});

test('what an agent had sent comes back with the next incarnation of its node', async () => {
  const world = new World();
  const { ran, AuditAgent } = audit();
  class PlanAgent extends Agent {
    static readonly role = 'plan';
    @onTask('plan')
    async plan(): Promise<void> {
      for (const name of names) await this.enqueue(address, name);
    }
  }
  const first = await world.start('n1', [pool(PlanAgent)]);
  const client = await world.connect();
  await world.until(client.fleet.run({ role: 'plan', task: 'plan' }, null));
  world.lose(first, client);
  await world.eventually(() => first.ends.length > 0, 'the node to be fenced');
  await world.until(first.node.stop({ graceMs: 0 }));
  const second = world.make('n2', [pool(AuditAgent)], {}, first.node.legacy);
  await world.until(second.node.start());
  await world.eventually(() => ran.length === 3, 'the lost tasks to run');
  expect(ran).toEqual(names.map((input) => ({ input, redelivered: true })));
  expect(saidOf(second, 'broker.data-lost').length).toBeGreaterThan(0);
  await world.until(second.node.stop({ graceMs: 0 }));
});

test('a link that was merely cut brings nothing back twice', async () => {
  const world = new World();
  const { ran, AuditAgent } = audit();
  const [node, client] = [await world.start('n1', [pool(AuditAgent)]), await world.connect()];
  for (const name of names) {
    await world.until(client.fleet.run(address, name));
    for (const { broker } of [node, client]) {
      broker.cutLink();
      broker.restoreLink();
    }
  }
  await world.advance(30_000);
  expect(ran).toEqual(names.map((input) => ({ input, redelivered: false })));
  expect([...saidOf(client, 'broker.data-lost'), ...saidOf(node, 'broker.data-lost')]).toEqual([]);
});

test('the loss of a single beat is noticed, also where nobody has sent anything', async () => {
  const world = new World();
  const { AuditAgent } = audit();
  const node = await world.start('n1', [pool(AuditAgent)]);
  await world.advance(4_000);
  expect(saidOf(node, 'broker.data-lost')).toEqual([]);
  world.fleet.directory.beats--;
  await world.advance(4_000);
  expect(saidOf(node, 'broker.data-lost')).toHaveLength(1);
});
