/**
 * Asks on their way when their agent goes: each way there is, and that none of them is left to the deadline.
 */
import { Agent, AgentUnavailable, type Message, onMessage, onTask, single } from 'agent-runtime';
import { describe, expect, test } from 'vitest';
import { sleep } from '../../src/core/clock.ts';
import { gate, type SimClient, type SimNode, World } from './world.ts';

class DocsAgent extends Agent {
  static readonly role = 'docs';
  /** Ends when it is told to. */
  @onMessage('wait') wait(message: Message): Promise<void> {
    return sleep(this.clock, 3_600_000, message.signal);
  }
  /** Does not end. */
  @onMessage('hang') hang(): Promise<void> {
    return gate().passed;
  }
  @onMessage('parts') async *parts(message: Message): AsyncGenerator<number> {
    yield 1;
    await sleep(this.clock, 3_600_000, message.signal);
  }
  @onMessage('soon') async soon(): Promise<string> {
    await sleep(this.clock, 800);
    return 'answered';
  }
  @onTask('ignore', undefined, undefined, { timeout: '1s', grace: '1s', retries: 0 })
  async ignore(): Promise<void> {
    await sleep(this.clock, 3_600_000);
  }
}

interface End {
  readonly value?: unknown;
  readonly error?: unknown;
  readonly at: number;
}

const deadline = '10m';

function ended(world: World, promise: Promise<unknown>): Promise<End> {
  const at = (): number => world.clock.monotonic();
  return promise.then(
    (value) => ({ value, at: at() }),
    (error: unknown) => ({ error, at: at() }),
  );
}

async function stream({ fleet }: SimClient): Promise<void> {
  for await (const part of fleet.stream('docs', 'parts', {}, { deadline })) void part;
}

/** An agent that handles one ask at a time, with one that runs and three that wait; all of them are asked by others. */
async function busy(first: 'wait' | 'hang' | 'parts' | 'soon', concurrency = 1) {
  const world = new World();
  const node = await world.start('n1', [single(DocsAgent, { concurrency })]);
  const client = await world.connect();
  const running = ended(world, first === 'parts' ? stream(client) : client.fleet.ask('docs', first, {}, { deadline }));
  await world.advance(100);
  const waiting = [1, 2].map((n) => ended(world, client.fleet.ask('docs', 'wait', n, { deadline })));
  const streaming = ended(world, stream(client));
  await world.advance(100);
  return { world, node, client, running, waiting: [...waiting, streaming], since: world.clock.monotonic() };
}

async function expectUnavailable(world: World, ends: readonly Promise<End>[], since: number, withinMs: number) {
  for (const { error, at } of await world.until(Promise.all(ends))) {
    expect(error).toBeInstanceOf(AgentUnavailable);
    expect(at - since).toBeLessThanOrEqual(withinMs);
  }
}

const retire = ({ node }: SimNode, graceMs: number): Promise<boolean> =>
  node.population.remove('docs', graceMs, 'not needed any more');

describe('asks in flight', () => {
  test('that wait in the mailbox of an agent that is stopped are refused at once, the one that runs may end', async () => {
    const { world, node, running, waiting, since } = await busy('soon');
    const removed = retire(node, 5_000);
    await expectUnavailable(world, waiting, since, 50);
    expect(await world.until(running)).toMatchObject({ value: 'answered' });
    expect(await world.until(removed)).toBe(true);
  });

  test('that run when an agent is stopped are refused when its grace is over, whether or not their handler ends', async () => {
    for (const first of ['wait', 'hang', 'parts'] as const) {
      const { world, node, running, waiting, since } = await busy(first);
      await Promise.all([retire(node, 500), expectUnavailable(world, [running, ...waiting], since, 1_600)]);
    }
  });

  test('to an agent that is stopped and of which nobody says anything end with the next look', async () => {
    const { world, node, client, running, waiting, since } = await busy('wait');
    client.broker.cutLink();
    await world.until(retire(node, 0));
    client.broker.restoreLink();
    await expectUnavailable(world, [running, ...waiting], since, 2_500);
  });

  test('to an agent that has begun anew on the same node, and of which nobody says anything, end with the next look', async () => {
    const { world, node, client, running, waiting, since } = await busy('wait');
    await world.advance(1_500); // a look has seen the agent
    const { spec } = node.node.population.cell('docs') ?? expect.fail('there is none');
    client.broker.cutLink();
    await world.until(retire(node, 0));
    await world.until(node.node.population.add([spec]));
    client.broker.restoreLink();
    await expectUnavailable(world, [running, ...waiting], since, 4_500);
  });

  test('to a node that drains are refused: those that run after the grace, those that wait when nobody takes the agent over', async () => {
    const { world, node, running, waiting, since } = await busy('hang');
    const stopped = node.node.stop({ graceMs: 2_000 });
    await expectUnavailable(world, [running], since, 3_100);
    await expectUnavailable(world, waiting, since, 3_100 + 2_500);
    await world.until(stopped);
  });

  test('to a node that is killed end when another node finds its lease ended', async () => {
    const { world, node, running, waiting, since } = await busy('wait');
    await world.start('n2', []);
    world.crash(node);
    await expectUnavailable(world, [running, ...waiting], since, 6_600);
  });

  test('to an agent that is restarted in its place are refused, and it answers again afterwards', async () => {
    const { world, node, client, running, waiting, since } = await busy('wait');
    const cell = node.node.population.cell('docs') ?? expect.fail('there is none');
    await world.until(node.node.population.supervisor.fail(cell, new Error('broken')));
    await expectUnavailable(world, [running, ...waiting], since, 1_500);
    await expectUnavailable(
      world,
      [ended(world, client.fleet.ask('docs', 'soon', {}, { deadline }))],
      world.clock.monotonic(),
      50,
    );
    await world.eventually(() => cell.state === 'up', 'the restart');
    expect(await world.until(client.fleet.ask('docs', 'soon'))).toBe('answered');
  });

  test('to a node that is fenced end when its lease has ended', async () => {
    const { world, node, running, waiting, since } = await busy('wait');
    node.broker.cutLink();
    await expectUnavailable(world, [running, ...waiting], since, 6_100);
  });
});
