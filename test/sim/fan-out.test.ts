/**
 * Parents and children: what is split is run once, ended together, and joined again by whoever runs the parent next.
 */
import { Agent, HandlerError, onTask, pool, single, type Task, TerminalError } from 'agent-runtime';
import { describe, expect, test } from 'vitest';
import { sleep } from '../../src/core/clock.ts';
import { integer } from '../../src/core/random.ts';
import { gate, outcomesOf, saidOf, type SimNode, World } from './world.ts';

type Part = { readonly name: string; readonly ms?: number; readonly fails?: boolean };
interface Split {
  readonly parts: readonly Part[];
  readonly onFailure?: 'cancel' | 'collect';
  readonly retries?: number;
  readonly ending?: string;
}

const parent = { role: 'parent', task: 'split' };
const child = { role: 'child', task: 'part' };

/** Every run of a child, by its name, and what those were told that were ended. */
function family() {
  const ran: string[] = [];
  const ended: string[] = [];
  const attempts: number[] = [];
  class ChildAgent extends Agent {
    static readonly role = 'child';
    @onTask('part', undefined, undefined, { retries: 0 }) async part(task: Task): Promise<string> {
      const { name, ms = 0, fails } = task.input as Part;
      ran.push(name);
      await sleep(this.clock, ms, task.signal).catch((error: Error) => {
        ended.push(`${name}: ${error.message}`);
        throw error;
      });
      if (fails) throw new TerminalError(`${name} is bad`);
      return `${name} of ${task.parent === undefined ? 'nobody' : 'its parent'}`;
    }
  }
  class ParentAgent extends Agent {
    static readonly role = 'parent';
    @onTask('split', undefined, undefined, { retries: 2, backoff: '1s' }) async split(task: Task): Promise<unknown> {
      attempts.push(task.attempt);
      const { parts, onFailure = 'cancel', retries = 0, ending } = task.input as Split;
      const children = await task.fanOut(child, parts, { onFailure, retries });
      if (ending === 'returns') return 'early';
      if (ending === 'throws once' && task.attempt === 1) throw new Error('not this time');
      if (ending === 'throws') throw new TerminalError('never');
      if (onFailure === 'cancel') return children.results();
      return (await children.settled()).map((end) =>
        end.status === 'fulfilled' ? end.value : end.reason.cause.message,
      );
    }
  }
  return { ran, ended, attempts, ChildAgent, ParentAgent };
}

async function open(children = 2) {
  const world = new World();
  const made = family();
  const childNode = await world.start('c1', [pool(made.ChildAgent, { size: children })]);
  const { fleet } = await world.connect();
  return { world, fleet, childNode, ...made };
}

const parts = (...names: string[]): Part[] => names.map((name) => ({ name, ms: 1_000 }));
describe('a fan-out', () => {
  test('gives the results of its children in the order of the inputs, each run once', async () => {
    const { world, fleet, ran, ParentAgent } = await open();
    await world.start('p1', [pool(ParentAgent)]);
    const inputs = [{ name: 'a', ms: 3_000 }, ...parts('b', 'c')];
    expect(await world.until(fleet.run(parent, { parts: inputs }))).toEqual(
      ['a', 'b', 'c'].map((name) => `${name} of its parent`),
    );
    expect(ran).toEqual(['a', 'b', 'c']);
  });

  test('cancels the others when one child fails for good, and every attempt tries what did not complete', async () => {
    const { world, fleet, ran, ended, attempts, ParentAgent } = await open(3);
    await world.start('p1', [pool(ParentAgent)]);
    const inputs = [{ name: 'fast' }, { name: 'bad', ms: 500, fails: true }, { name: 'slow', ms: 60_000 }];
    const failure = await world.until(fleet.run(parent, { parts: inputs }).catch((error: unknown) => error));
    expect(failure).toBeInstanceOf(HandlerError);
    expect(failure).toMatchObject({ details: { reason: 'retries-exhausted' } });
    expect((failure as Error).message).toContain('bad is bad');
    expect([attempts, ran.filter((name) => name === 'fast')]).toEqual([[1, 2, 3], ['fast']]);
    expect(ran.filter((name) => name === 'bad')).toHaveLength(3);
    expect(ended).toHaveLength(3);
    expect(ended[0]).toMatch(/^slow: task .+, a child of the same parent, has failed$/);
    expect(await world.until(fleet.queue('child'))).toMatchObject({ waiting: 0, claimed: 0 });
  });

  test('collects failures as outcomes in their order, and lets the others go on', async () => {
    const { world, fleet, ran, ParentAgent } = await open();
    await world.start('p1', [pool(ParentAgent)]);
    const inputs = [{ name: 'bad', fails: true }, ...parts('a', 'b')];
    expect(await world.until(fleet.run(parent, { parts: inputs, onFailure: 'collect' }))).toEqual([
      'bad is bad',
      'a of its parent',
      'b of its parent',
    ]);
    expect(ran).toEqual(['bad', 'a', 'b']);
  });
});

describe('a parent that is tried again joins its children', () => {
  test('after its node was killed between fan-out and collect', async () => {
    const { world, fleet, ran, attempts, ParentAgent } = await open(1);
    const lost = await world.start('p1', [pool(ParentAgent)]);
    const result = fleet.run(parent, { parts: parts('a', 'b', 'c') });
    await world.eventually(() => ran.length === 2, 'the second child to run');
    world.crash(lost);
    await world.start('p2', [pool(ParentAgent)]);
    expect(await world.until(result)).toHaveLength(3);
    expect([ran, attempts]).toEqual([
      ['a', 'b', 'c'],
      [1, 2],
    ]);
  });

  test('after it threw, also when they have ended meanwhile; failures that were collected stay', async () => {
    const { world, fleet, ran, attempts, ParentAgent } = await open();
    await world.start('p1', [pool(ParentAgent)]);
    const input = { parts: [{ name: 'bad', fails: true }, { name: 'a' }], onFailure: 'collect', ending: 'throws once' };
    expect(await world.until(fleet.run(parent, input))).toEqual(['bad is bad', 'a of its parent']);
    expect([ran, attempts]).toEqual([
      ['bad', 'a'],
      [1, 2],
    ]);
  });

  test('and a child whose node is killed is taken over like any task', async () => {
    const { world, fleet, ran, attempts, childNode, ParentAgent, ChildAgent } = await open(1);
    await world.start('p1', [pool(ParentAgent)]);
    const result = fleet.run(parent, { parts: parts('a', 'b'), retries: 1 });
    await world.eventually(() => ran.length === 2, 'the second child to run');
    await world.start('c2', [pool(ChildAgent)]);
    world.crash(childNode);
    expect(await world.until(result)).toHaveLength(2);
    expect([ran, attempts]).toEqual([['a', 'b', 'b'], [1]]);
  });

  test('when a result has expired meanwhile, that child runs again', async () => {
    const world = new World();
    const ran: string[] = [];
    class ChildAgent extends Agent {
      static readonly role = 'child';
      @onTask('part') part(task: Task): unknown {
        ran.push(task.input as string);
        return task.input;
      }
    }
    const parked = gate();
    class ParentAgent extends Agent {
      static readonly role = 'parent';
      @onTask('split') async split(task: Task): Promise<unknown> {
        const children = await task.fanOut(child, ['a'], { resultTtl: '10s' });
        if (task.attempt === 1) await parked.passed;
        return children.results();
      }
    }
    await world.start('c1', [pool(ChildAgent)]);
    const lost = await world.start('p1', [pool(ParentAgent)]);
    const { fleet } = await world.connect();
    const result = fleet.run(parent, {});
    await world.eventually(() => ran.length === 1, 'the child to run');
    world.crash(lost);
    await world.advance(60_000);
    await world.start('p2', [pool(ParentAgent)]);
    expect(await world.until(result)).toEqual(['a']);
    expect(ran).toEqual(['a', 'a']);
  });

  test('but not one whose input is another', async () => {
    const world = new World();
    const ran: unknown[] = [];
    class ChildAgent extends Agent {
      static readonly role = 'child';
      @onTask('part') part(task: Task): unknown {
        ran.push(task.input);
        return task.input;
      }
    }
    class ParentAgent extends Agent {
      static readonly role = 'parent';
      @onTask('split', undefined, undefined, { backoff: '1s' }) async split(task: Task): Promise<unknown> {
        const children = await task.fanOut(child, [{ same: 1, too: 2 }, { attempt: task.attempt }]);
        const results = await children.results();
        if (task.attempt === 1) throw new Error('again');
        return results;
      }
    }
    await world.start('n1', [pool(ChildAgent), pool(ParentAgent)]);
    const { fleet } = await world.connect();
    expect(await world.until(fleet.run(parent, {}))).toEqual([{ same: 1, too: 2 }, { attempt: 2 }]);
    expect(ran).toEqual([{ same: 1, too: 2 }, { attempt: 1 }, { attempt: 2 }]);
  });
});

describe('no child outlives its parent', () => {
  test.each(['returns', 'throws'])('that %s without waiting for them', async (ending) => {
    const { world, fleet, ran, ended, ParentAgent } = await open(1);
    await world.start('p1', [pool(ParentAgent)]);
    const handle = await world.until(fleet.enqueue(parent, { parts: parts('a', 'b', 'c'), ending }));
    await world.until(handle.result().catch(() => undefined));
    await world.advance(900);
    expect(await world.until(fleet.queue('child'))).toMatchObject({ waiting: 0, claimed: 0, dead: 0 });
    expect(ended).toEqual(ran.map((name) => `${name}: its parent ${handle.id} has ended`));
    await world.advance(60_000);
    expect(ran.length).toBeLessThanOrEqual(1);
  });

  test('that is cancelled from outside while it waits for them', async () => {
    const { world, fleet, ran, ended, childNode, ParentAgent } = await open(1);
    await world.start('p1', [pool(ParentAgent)]);
    const handle = await world.until(fleet.enqueue(parent, { parts: parts('a', 'b', 'c') }));
    const result = handle.result().catch((error: unknown) => error);
    await world.eventually(() => ran.length === 2, 'the second child to run');
    await world.until(handle.cancel());
    expect(await world.until(result)).toMatchObject({ details: { reason: 'cancelled' } });
    await world.eventually(() => ended.length === 1, 'the child to hear of it');
    await world.advance(10_000);
    expect([ran, outcomesOf(childNode)]).toEqual([
      ['a', 'b'],
      ['complete', 'cancelled'],
    ]);
  });

  test('whose node was killed and that was cancelled before anybody took it over', async () => {
    const { world, fleet, ran, ended, ParentAgent } = await open(1);
    const lost = await world.start('p1', [pool(ParentAgent)]);
    const handle = await world.until(fleet.enqueue(parent, { parts: [{ name: 'a', ms: 600_000 }, ...parts('b')] }));
    await world.eventually(() => ran.length === 1, 'the first child to run');
    world.crash(lost);
    await world.until(handle.cancel());
    expect(ended).toEqual([]);
    await world.start('p2', [pool(ParentAgent)]); // it ends the cancelled parent, and runs nothing
    await world.eventually(() => ended.length === 1, 'the child to find out');
    await world.advance(10_000);
    expect([ran, ended]).toEqual([['a'], [`a: its parent ${handle.id} has ended`]]);
    expect(await world.until(fleet.queue('child'))).toMatchObject({ waiting: 0, claimed: 0, dead: 0 });
  });

  test('in any generation: what a child has fanned out goes with it', async () => {
    const { world, fleet, ran, ended, ParentAgent } = await open(1);
    class GrandAgent extends Agent {
      static readonly role = 'grand';
      @onTask('grand') async grand(task: Task): Promise<unknown> {
        const children = await task.fanOut(parent, [{ parts: [{ name: 'deep', ms: 600_000 }] }]);
        return children.results();
      }
    }
    await world.start('p1', [pool(ParentAgent), pool(GrandAgent)]);
    const handle = await world.until(fleet.enqueue({ role: 'grand', task: 'grand' }, {}));
    await world.eventually(() => ran.length === 1, 'the grandchild to run');
    await world.until(handle.cancel());
    await world.eventually(() => ended.length === 1, 'the grandchild to end');
    expect(ended[0]).toMatch(/^deep: its parent parent\..+ has ended$/);
  });

  test('and a parent that was a dead letter and is put back splits anew', async () => {
    const { world, fleet, ran, ChildAgent } = await open();
    const runs: boolean[] = [];
    class ParentAgent extends Agent {
      static readonly role = 'parent';
      @onTask('split') async split(task: Task): Promise<unknown> {
        const children = await task.fanOut(child, parts('a', 'b'), { onFailure: 'collect' });
        if (runs.push(true) === 1) throw new TerminalError('not ready');
        return children.results();
      }
    }
    await world.start('p1', [pool(ParentAgent), pool(ChildAgent)]);
    const handle = await world.until(fleet.enqueue(parent, {}));
    await expect(world.until(handle.result())).rejects.toThrow('not ready');
    await world.advance(5_000);
    ran.length = 0;
    expect(await world.until(fleet.requeue('parent', [handle.id]))).toEqual([handle.id]);
    const again = await world.connect();
    await world.eventually(() => runs.length === 2, 'the parent to run again');
    await world.advance(5_000);
    expect(await world.until(again.broker.queues.outcomes('parent', [handle.id]))).toMatchObject([
      { kind: 'completed', result: '["a of its parent","b of its parent"]' },
    ]);
    expect(ran).toEqual(['a', 'b']);
  });
});

describe('with agents of one role for both', () => {
  class TreeAgent extends Agent {
    static readonly role = 'tree';
    @onTask('walk') async walk(task: Task): Promise<number> {
      const below = await (await task.fanOut({ role: 'tree', task: 'walk' }, task.input as unknown[])).results();
      return below.reduce((sum: number, count) => sum + Number(count), 1);
    }
  }

  test('a tree is walked while there are agents enough, and a stall is said', async () => {
    const world = new World();
    const node = await world.start('n1', [pool(TreeAgent, { size: 3 })]);
    const { fleet } = await world.connect();
    const walk = { role: 'tree', task: 'walk' };
    expect(await world.until(fleet.run(walk, [[[]], []]))).toBe(4);
    const stuck = await world.until(fleet.enqueue(walk, [[[[]]]], { deadline: '1m' }));
    const result = stuck.result().catch((error: unknown) => error);
    await world.advance(40_000);
    const warnings = node.said.filter((said) => said.event === 'log' && said.level === 'warn');
    expect(warnings).toHaveLength(3);
    expect(warnings[0]).toMatchObject({
      message: expect.stringContaining('Give parents a role of their own') as string,
    });
    expect(await world.until(result)).toMatchObject({ details: { reason: 'deadline' } });
  });

  test('a single agent that would wait for itself is refused', async () => {
    const world = new World();
    await world.start('n1', [single(TreeAgent, { id: 'tree' })]);
    const { fleet } = await world.connect();
    const failed = world.until(fleet.run({ role: 'tree', task: 'walk' }, [[]]));
    await expect(failed).rejects.toMatchObject({ details: { reason: 'terminal', attempts: 1 } });
  });
});

test.each([1, 2, 3, 4, 5])('whatever is killed on the way, every child completes once (seed %i)', async (seed) => {
  const world = new World({ seed });
  const { ParentAgent, ChildAgent } = family();
  const names = Array.from({ length: 20 }, (_, index) => `part ${index}`);
  const hostings = [pool(ParentAgent), pool(ChildAgent, { size: 2 })];
  const nodes = [await world.start('n0', hostings), await world.start('n1', hostings)];
  const { fleet } = await world.connect();
  const input = { parts: names.map((name) => ({ name, ms: 700 })), retries: 50 };
  const result = fleet.run(parent, input, { retries: 50 });
  for (let round = 2; round < 8; round++) {
    await world.advance(integer(world.random, 3_000, 'kill'));
    world.crash(nodes.at(-2) as SimNode);
    nodes.push(await world.start(`n${round}`, hostings));
  }
  expect(await world.until(result)).toEqual(names.map((name) => `${name} of its parent`));
  const completed = nodes.flatMap((node) =>
    saidOf(node, 'task.settled').filter(({ outcome }) => outcome === 'complete'),
  );
  const children = completed.filter(({ name }) => name === 'part').map(({ task }) => task);
  expect(new Set(children).size).toBe(children.length);
  expect(children.length).toBeLessThanOrEqual(20);
  expect(await world.until(fleet.queue('child'))).toMatchObject({ waiting: 0, parked: 0, claimed: 0, dead: 0 });
});

test('after a loss of data a child waits for its parent to be sent again, and runs', async () => {
  const { world, fleet, ran, childNode, ParentAgent } = await open(1);
  await world.start('p1', [pool(ParentAgent)]);
  const asked = childNode.broker.queues.state.bind(childNode.broker.queues);
  let lost = true;
  childNode.broker.queues.state = (id) => (lost ? Promise.resolve('unknown') : asked(id));
  childNode.broker.cutLink();
  childNode.broker.restoreLink();
  const result = fleet.run(parent, { parts: parts('a') });
  await world.advance(3_000);
  expect(ran).toEqual([]);
  lost = false;
  expect(await world.until(result)).toEqual(['a of its parent']);
});
