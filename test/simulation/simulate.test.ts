/**
 * `simulate()` as a test uses it: a fleet of real agents on virtual time, and everything that may be done to it.
 */
import {
  Agent,
  type Broadcast,
  type Message,
  onBroadcast,
  onMessage,
  onTask,
  pool,
  single,
  type Task,
} from 'agent-runtime';
import { describe, expect, test } from 'vitest';
import { simulate } from '../../src/testing.ts';

class EchoAgent extends Agent {
  static readonly role = 'echo';
  @onTask('echo') echo(task: Task): unknown {
    return task.input;
  }
  @onTask('slow', undefined, undefined, { timeout: '1h' }) async slow(task: Task): Promise<string> {
    const { clock } = this;
    await new Promise<void>((resolve) => void clock.setTimer(60_000, resolve));
    return `by ${this.id.split('@')[0]}, ${task.redelivered ? 'again' : 'at once'}`;
  }
}

class DeskAgent extends Agent {
  static readonly role = 'desk';
  readonly notes: unknown[] = [];
  @onMessage('note') note(message: Message): void {
    this.notes.push(message.data);
  }
  @onBroadcast('desk.*') told(event: Broadcast): void {
    this.notes.push(event.data);
  }
}

const agents = [pool(EchoAgent), single(DeskAgent, { id: 'desk' })];

describe('a simulated fleet', () => {
  test('does work, and its time passes at once', async () => {
    const sim = await simulate({ nodes: 2, agents });
    expect(await sim.fleet.run(EchoAgent, 'echo', { n: 1 })).toEqual({ n: 1 });
    const handle = await sim.fleet.enqueue(EchoAgent, 'echo', 2);
    expect(await handle.result()).toBe(2);
    const before = sim.elapsedMs;
    await sim.advance('5m');
    expect(sim.elapsedMs - before).toBe(300_000);
    await sim.settle();
    sim.expect.everyTaskSettledOnce();
    sim.expect.noViolations();
    await sim.close();
  });

  test('is driven by the verbs of the simulation itself as well', async () => {
    const sim = await simulate({ nodes: 2, agents });
    expect(await sim.enqueue(EchoAgent, 'echo', 1).result()).toBe(1);
    expect(await (await sim.enqueue({ role: 'echo', task: 'echo' }, 2)).result()).toBe(2);
    expect(await sim.run(EchoAgent, 'echo', 3)).toBe(3);
    await sim.send('desk', 'note', 'sent');
    await sim.ask('desk', 'note', 'asked');
    await sim.broadcast('desk.told', 'broadcast');
    await sim.settle();
    const notes = (): string[] => (sim.agent('desk') as DeskAgent).notes.map(String);
    await sim.eventually('the broadcast to be heard', () => notes().includes('broadcast'));
    expect(notes().sort()).toEqual(['asked', 'broadcast', 'sent']);
    await sim.close();
  });

  test('hands out every handle of many tasks', async () => {
    const sim = await simulate({ agents });
    const handles = await sim.fleet.enqueueMany(EchoAgent, 'echo', [1, 2]);
    expect(await Promise.all(handles.map((handle) => handle.result()))).toEqual([1, 2]);
    await sim.close();
  });

  test('is the same in every run of a seed, and another one with another seed', async () => {
    const run = async (seed: number): Promise<string> => {
      const sim = await simulate({ seed, nodes: 2, agents, faults: { stall: 0.3, 'lost-reply': 0.1 } });
      sim.chaos();
      for (let n = 0; n < 5; n++) await sim.fleet.enqueue(EchoAgent, 'echo', n);
      await sim.advance('5s');
      await sim.close();
      return sim.hash;
    };
    expect(await run(1)).toBe(await run(1));
    expect(await run(1)).not.toBe(await run(2));
  });

  test('shows the state of its agents', async () => {
    const sim = await simulate({ nodes: 2, agents });
    await sim.fleet.send('desk', 'note', 'hello');
    await sim.settle();
    expect((sim.agent('desk') as DeskAgent).notes).toEqual(['hello']);
    expect(sim.agent('nobody')).toBeUndefined();
    await sim.close();
  });
});

describe('what may be done to it', () => {
  test('a node that crashes in the middle of a task loses it to another one, which is told so', async () => {
    const sim = await simulate({ nodes: 2, agents });
    const handle = await sim.fleet.enqueue(EchoAgent, 'slow', null);
    await sim.advance('1s');
    const holder = sim.world.processes.find(({ running }) => running > 0)?.name ?? expect.fail('somebody runs it');
    sim.crash(holder);
    expect(await handle.result()).toBe('by echo, again');
    await sim.restart(holder);
    await sim.settle();
    sim.expect.noViolations();
    await sim.close();
  });

  test('a node that stands still for longer than its lease has lost its agent when it goes on, and is told so', async () => {
    const sim = await simulate({ nodes: 2, agents });
    const owner = (): string | undefined =>
      sim.world.processes.find(({ node }) => node === sim.world.fleet.directory.liveOwner('desk')?.owner)?.name;
    const first = owner() ?? expect.fail('somebody runs it');
    sim.pause(first);
    await sim.advance('15s');
    expect(owner()).not.toBe(first);
    await sim.fleet.send('desk', 'note', 'to the second');
    sim.resume(first);
    await sim.advance('10s');
    await sim.settle();
    expect(sim.world.said.some(({ process, event }) => process === first && event === 'node.fenced')).toBe(true);
    expect((sim.agent('desk') as DeskAgent).notes).toEqual(['to the second']);
    sim.expect.noViolations();
    await sim.close();
  });

  test('of two sides the one with the broker goes on, and the other is cut off', async () => {
    const sim = await simulate({ nodes: 3, agents });
    sim.partition(['n1', 'n3'], 'n2');
    await sim.advance('20s');
    expect(sim.world.processes.map(({ wire }) => wire?.isUp)).toEqual([false, true, false]);
    expect(await sim.run(EchoAgent, 'echo', 'still')).toBe('still');
    await sim.close();
  });

  test('a node that is cut off comes back as another one when it is connected again', async () => {
    const sim = await simulate({ nodes: 2, agents });
    const before = sim.world.processes.map(({ node }) => node);
    sim.partition('n1');
    await sim.advance('20s');
    sim.heal();
    await sim.advance('10s');
    const after = sim.world.processes.map(({ node }) => node);
    expect(after[0]).not.toBe(before[0]);
    expect(after[1]).toBe(before[1]);
    await sim.close();
  });
});

describe('what is broken', () => {
  test('is told by the invariant that the test adds, with the step that broke it behind it', async () => {
    const sim = await simulate({ agents });
    sim.always(
      'the desk has at most one note',
      () => ((sim.agent('desk') as DeskAgent | undefined)?.notes.length ?? 0) <= 1,
    );
    await sim.fleet.send('desk', 'note', 1);
    await sim.settle();
    await sim.fleet.send('desk', 'note', 2);
    await expect(sim.settle()).rejects.toThrow('the desk has at most one note: it does not hold');
    await sim.close();
  });

  test('a fleet that cannot come to rest says who waits for what', async () => {
    const sim = await simulate({ agents: [pool(EchoAgent)] });
    await sim.fleet.send('nobody', 'note', 1);
    await sim.fleet.pause('echo');
    const { id } = await sim.fleet.enqueue(EchoAgent, 'echo', 1);
    await expect(sim.settle({ within: '1m' })).rejects.toThrow(
      `- task ${id} is waiting (its queue is paused)\n- 1 messages wait for nobody, whom nobody runs`,
    );
    await sim.close();
  });

  test('a node that is none is refused by everything that is done to nodes', async () => {
    const sim = await simulate({ nodes: 2, agents });
    const none = 'expected a node of the simulation (n1, n2), got: n7';
    for (const deed of ['crash', 'pause', 'resume', 'partition'] as const)
      expect(() => sim[deed]('n7'), deed).toThrow(none);
    expect(() => sim.partition('n1', 'n7')).toThrow(none);
    expect(() => sim.partition(['n1', 'n7'], 'n2')).toThrow(none);
    await expect(sim.restart('n7')).rejects.toThrow(none);
    await expect(sim.stop('n7')).rejects.toThrow(none);
    await sim.advance('10s');
    expect(sim.world.processes.every(({ wire }) => wire?.isUp)).toBe(true);
    await sim.close();
  });

  test('two sides that are none are refused, and so is a drain of what stands still', async () => {
    const sim = await simulate({ nodes: 2, agents });
    const sides = 'expected two sides with no node on both, got: ';
    expect(() => sim.partition(['n1', 'n2'], ['n2'])).toThrow(`${sides}[n1,n2] and [n2]`);
    expect(() => sim.partition([])).toThrow(`${sides}[] and [broker]`);
    sim.pause('n1');
    await expect(sim.restart('n1')).rejects.toThrow('expected n1 to run, so that it can drain, got: it stands still');
    await expect(sim.stop('n1')).rejects.toThrow('Call sim.resume first.');
    await sim.close();
  });
});
