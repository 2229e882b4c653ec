/**
 * Agents that fail with work in flight, alone and in groups: what is charged, what is given back, and that nothing is lost.
 */
import {
  Agent,
  group,
  type Message,
  onBroadcast,
  onMessage,
  onStart,
  onTask,
  pool,
  single,
  type Task,
} from 'agent-runtime';
import { describe, expect, test } from 'vitest';
import { sleep } from '../../src/core/clock.ts';
import { outcomesOf, saidOf, World } from './world.ts';

const noRetries = { retries: 0 };

/** Agents that count their starts and work for as long as they are told. */
function worker(role: string, log: string[] = []) {
  class WorkAgent extends Agent {
    static readonly role = role;
    @onStart() begin(): void {
      log.push(`${role} starts`);
    }
    @onTask('work', undefined, undefined, noRetries)
    async work(task: Task): Promise<unknown> {
      log.push(`${role} ${String(task.input)}${task.redelivered ? ' again' : ''}`);
      await sleep(this.clock, 2_000, task.signal);
      return task.input;
    }
    @onTask('break', undefined, undefined, { retries: 1 })
    async break(task: Task): Promise<string> {
      if (task.attempt > 1) return 'mended';
      await sleep(this.clock, 500);
      throw this.escalate(new Error('broken'));
    }
    @onTask('breakAlways', undefined, undefined, { retries: 20, backoff: 10 })
    async breakAlways(): Promise<never> {
      throw this.escalate(new Error('broken for good'));
    }
    @onTask('finish') finish(): string {
      this.stop();
      return 'finished';
    }
    @onMessage('take') async take({ data, redelivered, signal }: Message): Promise<void> {
      log.push(`${role} takes ${String(data)}${redelivered ? ' again' : ''}`);
      if (data === 'poison') throw this.escalate(new Error('poisoned'));
      await sleep(this.clock, 1_000, signal);
      log.push(`${role} took ${String(data)}`);
    }
    @onMessage('tire') tire(): never {
      throw this.escalate(new Error('asked too much'));
    }
  }
  return WorkAgent;
}

const task = (role: string, name: string) => ({ role, task: name });

describe('a task in whose course its agent fails', () => {
  test('is charged as if its handler had thrown; the others of the agent are given back uncharged and marked', async () => {
    const world = new World();
    const log: string[] = [];
    const node = await world.start('n1', [pool(worker('work', log), { concurrency: 3 })]);
    const { fleet } = await world.connect();
    const others = ['one', 'two'].map((input) => fleet.run(task('work', 'work'), input));
    const broken = fleet.run(task('work', 'break'), null);
    expect(await world.until(Promise.all([broken, ...others]))).toEqual(['mended', 'one', 'two']);
    expect(outcomesOf(node).sort()).toEqual(['complete', 'complete', 'complete', 'release', 'release', 'retry']);
    expect(log.slice(-3).sort()).toEqual(['work one again', 'work starts', 'work two again']);
    expect(saidOf(node, 'agent.restarting')).toMatchObject([{ agent: 'work@n1.1', error: { message: 'broken' } }]);
    expect(node.node.cells[0]?.restartReasons).toMatchObject([{ reason: 'broken' }]);
  });

  test('that ended before the failure surfaces stays as it ended', async () => {
    const world = new World();
    class WorkAgent extends Agent {
      static readonly role = 'work';
      @onTask('work') work(): string {
        this.clock.setTimer(100, () => void this.escalate(new Error('late')));
        return 'done';
      }
    }
    const node = await world.start('n1', [pool(WorkAgent)]);
    const { fleet } = await world.connect();
    expect(await world.until(fleet.run(task('work', 'work'), null))).toBe('done');
    await world.eventually(() => saidOf(node, 'agent.up').length === 2, 'the restart');
    expect(outcomesOf(node)).toEqual(['complete']);
  });

  test('in a node whose agent breaks every time becomes free with that node, which ends with the reason', async () => {
    const world = new World();
    const node = await world.start('n1', [pool(worker('work'), { intensity: { restarts: 2 }, backoff: 10 })]);
    const { fleet } = await world.connect();
    const handle = await world.until(fleet.enqueue(task('work', 'breakAlways'), null));
    await world.eventually(() => node.ends.length > 0, 'the end of the node');
    expect(node.ends).toMatchObject([{ kind: 'failed', error: { message: 'broken for good' } }]);
    expect(node.ends[0]?.reason).toContain('expected agent "work@n1.1" to need at most 2 restarts in 60000 ms');
    expect(node.ends[0]?.reason).toContain('broken for good');
    await world.until(node.node.stop());
    expect(await world.until(fleet.queue('work'))).toMatchObject({ dead: 0 });
    expect(handle.id).toMatch(/^work\./);
    expect(node.clock.pending).toBe(0);
  });
});

describe('mail in whose course its agent fails', () => {
  test('is not handled again; what else is in the inbox is, in order', async () => {
    const world = new World();
    const log: string[] = [];
    const node = await world.start('n1', [single(worker('docs', log))]);
    const { fleet } = await world.connect();
    for (const text of ['first', 'poison', 'last']) await world.until(fleet.send('docs', 'take', text));
    await world.eventually(() => log.includes('docs took last'), 'the last one');
    expect(log).toEqual([
      'docs starts',
      'docs takes first',
      'docs took first',
      'docs takes poison',
      'docs starts',
      'docs takes last',
      'docs took last',
    ]);
    expect(saidOf(node, 'message.failed')).toMatchObject([{ agent: 'docs', error: { message: 'poisoned' } }]);
  });

  test('that is an ask is answered with the error', async () => {
    const world = new World();
    await world.start('n1', [single(worker('docs'))]);
    const { fleet } = await world.connect();
    await expect(world.until(fleet.ask('docs', 'tire'))).rejects.toThrow('asked too much');
    await world.advance(1_000);
    await expect(world.until(fleet.ask('docs', 'tire'))).rejects.toThrow('asked too much');
  });

  test('that is a durable broadcast is not shown again, and the next one is', async () => {
    const world = new World();
    const seen: unknown[] = [];
    class ListenAgent extends Agent {
      static readonly role = 'listen';
      @onBroadcast('news', undefined, { durable: true }) hear({ data }: { readonly data: unknown }): void {
        seen.push(data);
        if (data === 'poison') throw this.escalate(new Error('poisoned'));
      }
    }
    await world.start('n1', [single(ListenAgent)]);
    const { fleet } = await world.connect();
    for (const data of ['first', 'poison', 'last']) await world.until(fleet.broadcast('news', data));
    await world.eventually(() => seen.includes('last'), 'the last one');
    expect(seen).toEqual(['first', 'poison', 'last']);
  });
});

describe('a group with tasks in flight', () => {
  test.each([
    ['one-for-one', ['b'], []],
    ['one-for-all', ['a', 'b', 'c'], ['a', 'c']],
    ['rest-for-one', ['b', 'c'], ['c']],
  ] as const)('%s loses none of them and charges only the one that failed', async (strategy, restarted, again) => {
    const world = new World();
    const log: string[] = [];
    const [a, b, c] = ['a', 'b', 'c'].map((role) => pool(worker(role, log), { concurrency: 2 }));
    const node = await world.start('n1', [group('pipeline', strategy, [a!, b!, c!])]);
    const { fleet } = await world.connect();
    const works = ['a', 'b', 'c'].map((role) => fleet.run(task(role, 'work'), role));
    const broken = fleet.run(task('b', 'break'), null);
    expect(await world.until(Promise.all([broken, ...works]))).toEqual(['mended', 'a', 'b', 'c']);
    const starts = log.filter((line) => line.endsWith('starts')).slice(3);
    expect(starts).toEqual(restarted.map((role) => `${role} starts`));
    const repeats = log.filter((line) => line.endsWith('again')).sort();
    expect(repeats).toEqual([...again, 'b'].sort().map((role) => `${role} ${role} again`));
    expect(
      outcomesOf(node)
        .filter((outcome) => outcome !== 'complete')
        .sort(),
    ).toEqual([...repeats.map(() => 'release'), 'retry'].sort());
  });

  test('that gives up goes to the group around it, and in the end ends the node; the tasks run elsewhere', async () => {
    const world = new World();
    const log: string[] = [];
    let isBroken = true;
    class SickAgent extends Agent {
      static readonly role = 'sick';
      @onStart() begin(): void {
        log.push('sick starts');
        if (isBroken) throw new Error('no database');
      }
      @onTask('work') work(): string {
        return 'done';
      }
    }
    const agents = () => {
      const inner = group('inner', 'one-for-one', [single(SickAgent)], { intensity: { restarts: 1 }, backoff: 10 });
      return [
        group('outer', 'one-for-all', [pool(worker('well', log)), inner], { intensity: { restarts: 1 }, backoff: 10 }),
      ];
    };
    const node = await world.start('n1', agents());
    const { fleet } = await world.connect();
    const works = [fleet.run(task('well', 'work'), 'a'), fleet.run(task('sick', 'work'), 'b')];
    await world.eventually(() => node.ends.length > 0, 'the end of the node');
    expect(node.ends[0]?.reason).toContain('expected group "outer" to need at most 1 restarts');
    expect(log.filter((line) => line === 'sick starts')).toHaveLength(4);
    isBroken = false;
    const stopping = world.until(node.node.stop());
    await world.start('n2', agents());
    await stopping;
    expect(await world.until(Promise.all(works))).toEqual(['a', 'done']);
  });
});

describe('an agent that ends itself', () => {
  test('finishes what it does; a transient one is not started again, and keeps its id from other nodes', async () => {
    const world = new World();
    const [one, two]: [string[], string[]] = [[], []];
    const node = await world.start('n1', [single(worker('docs', one), { restart: 'transient' })]);
    const standby = await world.start('n2', [single(worker('docs', two), { restart: 'transient' })]);
    const { fleet } = await world.connect();
    expect(await world.until(fleet.run(task('docs', 'finish'), null))).toBe('finished');
    await world.eventually(() => saidOf(node, 'agent.down').length === 1, 'its end');
    expect(saidOf(node, 'agent.down')).toMatchObject([{ agent: 'docs', reason: 'it has ended' }]);
    await expect(world.until(fleet.ask('docs', 'tire'))).rejects.toMatchObject({ code: 'agent-unavailable' });
    await world.advance(60_000);
    expect([one, two]).toEqual([['docs starts'], []]);
    await world.until(node.node.stop());
    await world.eventually(() => saidOf(standby, 'agent.up').length === 1, 'the hand-over');
  });

  test('is started again when it is permanent', async () => {
    const world = new World();
    const log: string[] = [];
    await world.start('n1', [pool(worker('work', log))]);
    const { fleet } = await world.connect();
    expect(await world.until(fleet.run(task('work', 'finish'), null))).toBe('finished');
    expect(await world.until(fleet.run(task('work', 'work'), 'more'))).toBe('more');
    expect(log.filter((line) => line.endsWith('starts'))).toHaveLength(2);
  });

  test('and was spawned is gone with its record, its id is free', async () => {
    const world = new World();
    const node = await world.start('n1', [pool(worker('work'), { size: 0, restart: 'transient' })]);
    const { fleet, broker } = await world.connect();
    const helper = await world.until(fleet.spawn('work', { id: 'helper' }));
    expect(await world.until(fleet.run(task('work', 'finish'), null, { to: helper.id }))).toBe('finished');
    await world.eventually(() => node.node.cells.length === 0, 'its end');
    await world.advance(5_000);
    expect(await world.until(broker.presence.lookup(['helper']))).toEqual([undefined]);
    expect(await world.until(helper.stop())).toBe(false);
  });

  test('and was spawned is gone with its record, and its id is free', async () => {
    const world = new World();
    const node = await world.start('n1', [pool(worker('work'), { size: 0 })]);
    const { fleet, broker } = await world.connect();
    const helper = await world.until(fleet.spawn('work', { id: 'helper' }));
    expect(await world.until(fleet.run(task('work', 'finish'), null, { to: helper.id }))).toBe('finished');
    await world.eventually(() => node.node.cells.length === 0, 'its end');
    await world.advance(5_000);
    expect(await world.until(broker.presence.lookup(['helper']))).toEqual([undefined]);
    expect(await world.until(helper.stop())).toBe(false);
  });
});
