/**
 * What the runtime itself adds to the brokers' guarantees, one test for each promise. The patches of test/breaks/ for the runtime
 * break these one at a time.
 */
import { Agent, broadcast, message, pool, single, task } from 'agent-runtime';
import type { Broadcast, Message, Task } from 'agent-runtime';
import { describe, expect, test } from 'vitest';
import { BrokerError } from '../../src/core/errors.ts';
import { frame } from '../contract/harness.ts';
import { message as stored } from '../contract/post.ts';
import { gate, outcomesOf, type SimNode, World } from './world.ts';

/** What the agents of the running test did, in order. */
let seen: string[] = [];
let hold = gate();

class WorkAgent extends Agent {
  static readonly role = 'work';
  static readonly handlers = {
    slow: task(undefined, undefined, { retries: 2 }),
    failing: task(undefined, undefined, { retries: 2, backoff: '1s' }),
  };

  async slow({ attempt, redelivered, signal }: Task) {
    seen.push(`slow ${attempt}${redelivered ? ' again' : ''}`);
    signal.addEventListener('abort', () => seen.push(`aborted ${(signal.reason as { code: string }).code}`));
    await Promise.race([
      hold.passed,
      new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason))),
    ]);
    return null;
  }
  failing({ attempt, redelivered }: Task) {
    seen.push(`${attempt} ${redelivered}`);
    if (attempt < 3) throw new Error('it broke');
    return null;
  }
}

class DocsAgent extends Agent {
  static readonly role = 'docs';
  static readonly handlers = {
    note: message(),
    wait: message(),
    back: message(),
    saved: broadcast('docs.*'),
    missed: broadcast('runtime.gap'),
  };

  note({ data, redelivered }: Message) {
    seen.push(`${String(data)}${redelivered ? ' again' : ''}`);
  }
  async wait({ redelivered }: Message) {
    seen.push(`wait${redelivered ? ' again' : ''}`);
    await hold.passed;
    return 'waited';
  }
  async back({ from }: Message) {
    const asked = this.ask(from, 'wait', null, { deadline: '5s' });
    await asked.catch((error: { code: string }) => seen.push(error.code));
  }
  saved({ data }: Broadcast) {
    seen.push(String(data));
  }
  missed({ gap }: Broadcast) {
    seen.push(`gap ${gap}`);
  }
}

/** Asks an agent that asks back. */
class CallerAgent extends Agent {
  static readonly role = 'caller';
  static readonly handlers = { call: message(), wait: message() };

  call() {
    return this.ask('docs', 'back', null, { deadline: '10s' });
  }
  wait() {
    return null;
  }
}

async function open(options: { seed?: number; events?: number } = {}) {
  seen = [];
  hold = gate();
  const world = new World(options);
  return { world, client: await world.connect('client') };
}

const numbers = (count: number): string[] => Array.from({ length: count }, (_, index) => `${index}`);

/** Loses the first `count` replies of `port[method]`, after the call has been carried out. */
function loseReplies<Name extends string>(
  port: { [name in Name]: (frame: never) => Promise<unknown> },
  method: Name,
  count: number,
) {
  const real = port[method].bind(port) as (frame: unknown) => Promise<unknown>;
  let lost = 0;
  const lossy = async (sent: unknown): Promise<unknown> => {
    const reply = await real(sent);
    if (lost++ < count) throw new BrokerError('unknown-outcome', 'the reply was lost');
    return reply;
  };
  Object.assign(port, { [method]: lossy });
}

describe('tasks', () => {
  test('enqueue: a later attempt says that it is one', async () => {
    const { world, client } = await open();
    await world.start('a', [pool(WorkAgent)]);
    await world.until(client.fleet.run(WorkAgent, 'failing', undefined));
    expect(seen).toEqual(['1 false', '2 true', '3 true']);
  });

  test('recovery: a handler that takes longer than the lease keeps its task', async () => {
    const { world, client } = await open();
    const nodes = [await world.start('a', [pool(WorkAgent)]), await world.start('b', [pool(WorkAgent)])];
    const running = client.fleet.run(WorkAgent, 'slow', undefined);
    await world.advance(60_000);
    hold.open();
    await world.until(running);
    expect(seen).toEqual(['slow 1']);
    expect(nodes.flatMap(outcomesOf)).toEqual(['complete']);
  });

  test('recovery: a handler whose lease was lost is told at the next renewal, and settles nothing', async () => {
    const { world, client } = await open();
    const node = await world.start('a', [pool(WorkAgent)]);
    await world.until(client.fleet.enqueue(WorkAgent, 'slow', undefined));
    await world.eventually(() => seen.length === 1, 'the task to start');
    await client.broker.presence.join({ node: 'thief', host: 'h', pid: 1, startedAt: 0, status: '{}' }, 600_000);
    const request = { queue: 'work', node: 'thief', count: 1, leaseMs: 0, gone: [] };
    expect(await world.until(client.broker.tasks.recover(request))).toHaveLength(1);
    await world.advance(5_000);
    expect(seen).toEqual(['slow 1', 'aborted lease-lost']);
    expect(outcomesOf(node)).toEqual(['abandoned']);
    expect((await world.until(client.broker.queues.stats('work'))).claimed).toBe(1);
  });

  test('recovery: what a drain breaks off is released, and charges no attempt', async () => {
    const { world, client } = await open();
    const node = await world.start('a', [pool(WorkAgent)]);
    const running = client.fleet.run(WorkAgent, 'slow', undefined);
    await world.eventually(() => seen.length === 1, 'the task to start');
    await world.until(node.node.stop({ graceMs: 1_000 }));
    expect(outcomesOf(node)).toEqual(['release']);
    hold.open();
    await world.start('b', [pool(WorkAgent)]);
    await world.until(running);
    expect(seen).toEqual(['slow 1', 'aborted drain', 'slow 1 again']);
  });

  test('repeats: an enqueue whose reply was lost is sent again as the same frame, and stored once', async () => {
    const { world, client } = await open();
    loseReplies(client.broker.tasks, 'enqueue', 2);
    await world.until(client.fleet.enqueue(WorkAgent, 'slow', undefined));
    expect(await world.until(client.broker.queues.stats('work'))).toMatchObject({ waiting: 1 });
  });
});

describe('messages and asks', () => {
  test('send: an operation that the broker repeats is handled once', async () => {
    const { world, client } = await open();
    await world.start('a', [single(DocsAgent)]);
    await world.until(client.fleet.send('docs', 'wait'));
    await world.eventually(() => seen.includes('wait'), 'the agent to be busy');
    await world.until(client.fleet.send('docs', 'note', 'once'));
    const sent = [...(world.fleet.inboxes.get('docs')?.values() ?? [])].at(-1) ?? expect.fail('it is stored');
    const again = stored('docs', sent.envelope, { opId: sent.opId });
    await world.until(client.broker.mail.send(frame(client.broker.mail.tagOf('docs'), [again], { sender: 'other' })));
    hold.open();
    await world.until(client.fleet.send('docs', 'note', 'next'));
    await world.eventually(() => seen.includes('next'), 'the messages to be handled');
    expect(seen).toEqual(['wait', 'once', 'next']);
  });

  test('send: a message is acknowledged only when its handler has ended', async () => {
    const { world, client } = await open();
    const first = await world.start('a', [single(DocsAgent)]);
    await world.until(client.fleet.send('docs', 'wait'));
    await world.eventually(() => seen.includes('wait'), 'the handler to start');
    world.crash(first);
    await world.start('b', [single(DocsAgent)]);
    await world.eventually(() => seen.length > 1, 'the message to be repeated');
    hold.open();
    await world.until(client.fleet.send('docs', 'note', 'behind'));
    await world.eventually(() => seen.length > 2, 'the one behind it');
    expect(seen).toEqual(['wait', 'wait again', 'behind']);
  });

  test('send: messages that a small mailbox has no room for are handled later, in order', async () => {
    const { world, client } = await open();
    const { broker } = await world.start('a', [single(DocsAgent, { mailbox: 2 })]);
    const real = broker.mail.read.bind(broker.mail);
    broker.mail.read = async (request) => {
      await new Promise<void>((resolve) => world.clock.setTimer(50, resolve)); // others arrive while the inbox is read
      return real(request);
    };
    await world.until(client.fleet.send('docs', 'wait'));
    for (const name of numbers(20)) {
      if (name === '10') hold.open();
      await world.until(client.fleet.send('docs', 'note', name));
    }
    await world.eventually(() => seen.length >= 21, 'every message to be handled');
    expect(seen).toEqual(['wait', ...numbers(20)]);
  });

  test('send: messages whose frame could not be sent keep their order', async () => {
    const { world, client } = await open();
    await world.start('a', [single(DocsAgent)]);
    await world.until(client.fleet.send('docs', 'note', 'before'));
    const { mail } = client.broker;
    const real = mail.send.bind(mail);
    let calls = 0;
    mail.send = async (sent) => {
      if (calls++ > 0) return real(sent);
      await new Promise<void>((resolve) => world.clock.setTimer(10, resolve)); // the second frame is on its way by then
      throw new BrokerError('unreachable', 'the frame was lost');
    };
    const first = client.fleet.send('docs', 'note', 'first');
    await new Promise<void>((resolve) => client.clock.endOfTick(resolve));
    await world.until(Promise.all([first, client.fleet.send('docs', 'note', 'second')]));
    await world.eventually(() => seen.length >= 3, 'the messages to be handled');
    expect(seen).toEqual(['before', 'first', 'second']);
  });

  test('ask: a chain that comes back to one that waits fails at once as a cycle', async () => {
    const { world, client } = await open();
    await world.start('a', [single(DocsAgent), single(CallerAgent)]);
    await world.until(client.fleet.ask('caller', 'call', null, { deadline: '20s' }));
    expect(seen).toEqual(['ask-cycle']);
  });

  test('ask: fails when the presence of the owner ends, before the deadline', async () => {
    const { world, client } = await open();
    const node = await world.start('a', [single(DocsAgent)]);
    const asked = client.fleet.ask('docs', 'wait', null, { deadline: '5m' });
    const failed = expect(asked).rejects.toMatchObject({ code: 'agent-unavailable' });
    await world.eventually(() => seen.includes('wait'), 'the ask to arrive');
    world.crash(node);
    const before = world.clock.monotonic();
    await world.until(failed);
    expect(world.clock.monotonic() - before).toBeLessThan(10_000);
  });

  test('bounds: a full mailbox refuses an ask, and says so', async () => {
    const { world, client } = await open();
    await world.start('a', [single(DocsAgent, { mailbox: 2 })]);
    const ask = () => client.fleet.ask('docs', 'wait', null, { deadline: '1m' });
    const taken = [ask()];
    await world.eventually(() => seen.includes('wait'), 'the first ask to run');
    taken.push(ask(), ask());
    await world.advance(10);
    await expect(world.until(ask())).rejects.toMatchObject({ code: 'mailbox-full' });
    hold.open();
    expect(await world.until(Promise.all(taken))).toEqual(['waited', 'waited', 'waited']);
  });
});

describe('broadcasts', () => {
  const say = async (world: World, client: Awaited<ReturnType<typeof open>>['client'], names: readonly string[]) => {
    for (const name of names) await world.until(client.fleet.broadcast('docs.saved', name));
  };

  test('broadcast: what a cut link lost is read from the stream, each once and in order', async () => {
    const { world, client } = await open();
    const node = await world.start('a', [single(DocsAgent)]);
    await say(world, client, ['before']);
    node.broker.cutLink();
    await say(world, client, numbers(10));
    node.broker.restoreLink();
    await world.eventually(() => seen.length > 1, 'the gap to be filled', 10_000);
    await say(world, client, ['after']);
    await world.eventually(() => seen.includes('after'), 'the last one');
    expect(seen).toEqual(['before', ...numbers(10), 'after']);
  });

  test('broadcast: what the live copy lost without a cut shows at the next one', async () => {
    const { world, client } = await open();
    const node: SimNode = world.make('a', [single(DocsAgent)]);
    const { events } = node.broker;
    const real = events.listen.bind(events);
    let heard = 0;
    events.listen = (listener) =>
      real({
        ...listener,
        onEvent: (event) => (heard++ % 3 === 2 ? listener.onEvent(event) : undefined),
        onHint: () => {},
        onReset: () => {},
      });
    await world.until(node.node.start());
    await say(world, client, numbers(30));
    await world.eventually(() => seen.length >= 30, 'every broadcast');
    expect(seen).toEqual(numbers(30));
    await world.until(node.node.stop());
  });

  test('broadcast: those that arrive while the stream is read are not shown twice', async () => {
    const { world, client } = await open();
    const node = await world.start('a', [single(DocsAgent)]);
    const { events } = node.broker;
    const real = events.read.bind(events);
    events.read = async (request) => {
      await new Promise<void>((resolve) => world.clock.setTimer(50, resolve)); // the stream is read while others are heard
      return real(request);
    };
    node.broker.cutLink();
    node.broker.restoreLink();
    await say(world, client, numbers(10));
    await world.advance(1_000);
    expect(seen).toEqual(numbers(10));
  });

  test('broadcast: where retention has trimmed what an agent missed, it is told', async () => {
    const { world, client } = await open({ events: 5 });
    const node = await world.start('a', [single(DocsAgent)]);
    node.broker.cutLink();
    await say(world, client, numbers(20));
    node.broker.restoreLink();
    await world.eventually(() => seen.includes('19'), 'the rest to be shown');
    expect(seen).toEqual(['gap true', '15', '16', '17', '18', '19']);
  });
});

describe('leases', () => {
  test('lock: a lock is renewed for as long as it is held', async () => {
    const { world, client } = await open();
    const lock = await world.until(client.fleet.lock('repo'));
    await world.advance(10 * 60_000);
    expect(lock.signal.aborted).toBe(false);
    expect([...(world.fleet.locks.get('repo')?.holders.values() ?? [])]).toMatchObject([{ token: lock.token }]);
    await world.until(lock.release());
    expect(world.fleet.locks.has('repo')).toBe(false);
  });

  test('lock: who has lost a lock is told at the next renewal', async () => {
    const { world, client } = await open();
    const lock = await world.until(client.fleet.lock('repo'));
    world.fleet.locks.delete('repo');
    await world.advance(11_000);
    expect(lock.signal.reason).toMatchObject({ code: 'lock-lost' });
  });

  test('presence: a node whose presence has ended is fenced: its handlers end at the next heartbeat', async () => {
    const { world, client } = await open();
    const node = await world.start('a', [pool(WorkAgent)]);
    await world.until(client.fleet.enqueue(WorkAgent, 'slow', undefined));
    await world.eventually(() => seen.length === 1, 'the task to start');
    await world.until(client.broker.presence.leave('a'));
    await world.advance(2_000);
    expect(node.ends).toMatchObject([{ kind: 'fenced' }]);
    expect(seen).toEqual(['slow 1', 'aborted presence-lost']);
  });
});
