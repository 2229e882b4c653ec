/**
 * Scenarios of queues: in which order their tasks begin, how many of them at a time, and what splits into children or parts.
 */
import { Agent, onTask, pool, type Task, type TaskHandle } from 'agent-runtime';
import { sleep } from '../../../src/core/clock.ts';
import type { Simulation } from '../../../src/sim/simulation.ts';
import type { FaultRates, Scenario } from '../../../src/testing.ts';
import { demand, outcomeOf, reasonOf, tolerated } from './expected.ts';

const often = { retries: 40, backoff: '100ms' } as const;

/** Of the way to the broker: nothing that ends a process or a lease. */
const wire: FaultRates = { 'lost-call': 0.03, 'lost-reply': 0.03, 'repeated-frame': 0.3, deaf: 0.2 };

class LineAgent extends Agent {
  static readonly role = 'line';
  @onTask('step', undefined, undefined, often) async step(task: Task): Promise<unknown> {
    await sleep(this.clock, 150);
    return task.input;
  }
}

const ranks = { high: 0, normal: 1, low: 2 } as const;
let line: { readonly id: string; readonly priority: keyof typeof ranks }[] = [];

/**
 * Tasks that wait together begin high before normal before low, and each kind in the order in which it was accepted. A blocking read, which
 * a node that has not heard of the end of the pause begins, may bring one of each kind.
 */
const order: Scenario = {
  name: 'order',
  nodes: 1,
  agents: [pool(LineAgent)],
  faults: wire,
  run: async (sim, size) => {
    line = [];
    const isPaused = (await sim.fleet.pause('line').catch(tolerated)) !== undefined;
    await sim.advance('2500ms'); // reads that block end within two seconds
    for (let number = 0; number < Math.ceil(12 * size); number++) {
      const priority = (['normal', 'low', 'high', 'normal'] as const)[number % 4] ?? 'normal';
      const handle = await sim.fleet.enqueue(LineAgent, 'step', number, { priority }).catch(tolerated);
      if (handle !== undefined) line.push({ id: handle.id, priority });
    }
    const early = line.find(({ id }) => sim.world.ledger.runsById.has(id));
    demand(early === undefined || !isPaused, () => `${early?.id} began while its queue was paused`);
    if (early !== undefined) line = []; // the pause was lost on its way
    while ((await sim.fleet.resume('line').catch(tolerated)) === undefined) await sim.advance('1s');
    await sim.advance('3s');
  },
  check: ({ world, faults }) => {
    const began = (id: string): number => world.ledger.runs.findIndex((run) => run.id === id);
    if (faults.some(({ kind }) => kind === 'deaf')) {
      const firsts = Object.keys(ranks).map((rank) => line.find(({ priority }) => priority === rank));
      line = line.filter((one) => !firsts.includes(one));
    }
    line = line.filter(({ id }) => world.ledger.tasks.get(id)?.holders.length === 1); // not those whose claim was lost
    const wanted = line.toSorted((a, b) => ranks[a.priority] - ranks[b.priority]);
    const found = line.toSorted((a, b) => began(a.id) - began(b.id));
    const words = (tasks: typeof line): string =>
      tasks.map(({ id, priority }) => `${priority} ${line.findIndex((one) => one.id === id)}`).join(', ');
    demand(words(wanted) === words(found), () => `tasks began in the order ${words(found)}`);
  },
};

let turns: { readonly id: string; readonly key: string }[] = [];

/** Tasks of one key, one at a time and in their order, whatever becomes of the nodes. */
const inTurn: Scenario = {
  name: 'in turn',
  nodes: 2,
  agents: [pool(LineAgent, { concurrency: 3 })],
  faults: { ...wire, kill: 0.08, 'handler-throws': 0.15, restart: 0.08, freeze: 0.02, 'crash-after-call': 0.01 },
  run: async (sim, size) => {
    turns = [];
    const queue = () => sim.world.fleet.queues.get('line');
    const keyOf = (id: string): string | undefined => turns.find((turn) => turn.id === id)?.key;
    sim.always('tasks of one key are claimed one at a time', () => {
      const keys = [...(queue()?.claimed.keys() ?? [])].map(keyOf).filter((key) => key !== undefined);
      return new Set(keys).size === keys.length;
    });
    for (let number = 0; number < Math.ceil(16 * size); number++) {
      const key = number % 3 === 0 ? 'red' : 'blue';
      const options = number % 5 === 4 ? { concurrencyKey: key, delay: 300 } : { concurrencyKey: key };
      const handle = await sim.fleet.enqueue(LineAgent, 'step', number, options).catch(tolerated);
      if (handle !== undefined) turns.push({ id: handle.id, key });
      await sim.advance('50ms');
    }
    await sim.advance('4s');
  },
  check: ({ world }) => {
    const began = (id: string): number => world.ledger.runs.findIndex((run) => run.id === id);
    for (const key of ['red', 'blue']) {
      const order = turns.filter((turn) => turn.key === key).map(({ id }) => began(id));
      const isSorted = order.every((at, index) => index === 0 || at > (order[index - 1] ?? 0));
      demand(isSorted, () => `tasks of ${key} began in the order ${order.join(', ')}`);
    }
  },
};

const most = 1;

/** A queue hands out no more than its limits allow, at a time and in any span of time. */
const limited: Scenario = {
  name: 'limits',
  nodes: 2,
  agents: [pool(LineAgent, { size: 2 })],
  queues: { line: { concurrency: most, rate: { max: 4, per: '2s' } } },
  faults: { ...wire, kill: 0.05, stall: 0.1, 'crash-after-call': 0.01, 'handler-throws': 0.1 },
  run: async (sim, size) => {
    const { ledger, scheduler } = sim.world;
    const starts: number[] = [];
    let seen = 0;
    sim.always('a queue keeps its limits', () => {
      const queue = sim.world.fleet.queues.get('line');
      const claimed = [...ledger.tasks.values()].reduce((sum, { holders }) => sum + holders.length, 0);
      for (; seen < claimed; seen++) starts.push(scheduler.nowMs);
      const fifth = starts.at(-5);
      const isSlow = fifth === undefined || scheduler.nowMs - fifth > 2_000 || (starts.at(-1) ?? 0) - fifth >= 1_995;
      return (queue?.claimed.size ?? 0) <= most && isSlow;
    });
    for (let number = 0; number < Math.ceil(14 * size); number++)
      await sim.fleet.enqueue(LineAgent, 'step', number).catch(tolerated);
    await sim.advance('8s');
  },
};

class TreeAgent extends Agent {
  static readonly role = 'tree';
  @onTask('grow', undefined, undefined, { ...often, timeout: '2m' }) async grow(task: Task): Promise<number> {
    const leaves = [1, 2, 3].map((leaf) => ({ leaf, of: task.input }));
    const children = await task.fanOut({ role: 'leaf', task: 'leaf' }, leaves);
    const results = await children.results();
    return results.reduce<number>((sum, one) => sum + Number(one), 0);
  }
  /** One child fails, so that nobody waits for the others. */
  @onTask('wither', undefined, undefined, { retries: 0, timeout: '2m' }) async wither(task: Task): Promise<unknown> {
    const children = await task.fanOut(
      { role: 'leaf', task: 'leaf' },
      [
        { leaf: -1, of: task.input },
        { leaf: 120, of: task.input },
      ],
      { onFailure: 'cancel' },
    );
    return await children.results();
  }
}

class LeafAgent extends Agent {
  static readonly role = 'leaf';
  @onTask('leaf', undefined, undefined, { retries: 0, timeout: '2m' }) async leaf(task: Task): Promise<number> {
    const { leaf } = task.input as { readonly leaf: number };
    await sleep(this.clock, Math.abs(leaf) * 300, task.signal);
    if (leaf < 0) throw new Error('this one is rotten');
    return leaf;
  }
}

let trees: { readonly handle: TaskHandle; readonly name: string }[] = [];

/** Children are made once however often their parent runs, and none outlives it. */
const families: Scenario = {
  name: 'families',
  nodes: 2,
  agents: [pool(TreeAgent), pool(LeafAgent, { size: 3 })],
  faults: { ...wire, kill: 0.2, 'crash-after-call': 0.01, 'handler-slow': 0.05 },
  run: async (sim, size) => {
    trees = [];
    for (let number = 0; number < Math.ceil(6 * size); number++) {
      const name = number % 3 === 2 ? 'wither' : 'grow';
      const handle = await sim.fleet.enqueue({ role: 'tree', task: name }, number).catch(tolerated);
      if (handle !== undefined) trees.push({ handle, name });
      await sim.advance('700ms');
    }
    await sim.advance('6s');
  },
  check: async (sim) => {
    for (const tree of trees) await grewAsItMust(sim, tree);
  },
};

async function grewAsItMust(sim: Simulation, { handle, name }: (typeof trees)[number]): Promise<void> {
  const outcome = await outcomeOf(handle.result({ timeout: '1m' }));
  const isRight = name === 'grow' ? 'value' in outcome && outcome.value === 6 : 'error' in outcome;
  demand(
    isRight,
    () =>
      `${name} ${handle.id} ended with ${'error' in outcome ? String(outcome.error) : JSON.stringify(outcome.value)}`,
  );
  const { ledger } = sim.world;
  const children = [...ledger.tasks.values()].filter(({ parent }) => parent === handle.id);
  const runs = ledger.runsById.get(handle.id)?.length ?? 0;
  const most = name === 'grow' ? 3 : 2 * runs; // those that failed are made anew
  demand(children.length <= most, () => `${name} ${handle.id} had ${children.length} children in ${runs} runs`);
  const whole = children.find(({ ends }) => ends.some(({ kind }) => kind === 'complete'));
  demand(name === 'grow' || runs > 1 || whole === undefined, () => `${whole?.id} outlived its parent ${handle.id}`);
}

class TellerAgent extends Agent {
  static readonly role = 'teller';
  @onTask('tell', undefined, undefined, { retries: 5, backoff: '100ms' }) async *tell(
    task: Task,
  ): AsyncGenerator<unknown, string> {
    for (let number = 1; number <= 8; number++) {
      await sleep(this.clock, 250);
      yield `${String(task.input)}.${number} in run ${task.attempt}`;
    }
    return 'told';
  }
}

/** A reader gets every part of a run once and in order. */
const parts: Scenario = {
  name: 'parts',
  nodes: 2,
  agents: [pool(TellerAgent)],
  faults: { ...wire, kill: 0.25, 'late-delivery': 0.05, cut: 0.05 },
  run: async (sim, size) => {
    for (let number = 0; number < Math.ceil(3 * size); number++) {
      const handle = await sim.fleet.enqueue({ role: 'teller', task: 'tell' }, number).catch(tolerated);
      if (handle !== undefined) await read(handle, number);
    }
  },
};

async function read(handle: TaskHandle, input: number): Promise<void> {
  let next = 1;
  let run = 0;
  try {
    for await (const { data, number, restarted, attempt } of handle.stream()) {
      if (restarted) [next, run] = [1, 0];
      run ||= attempt;
      demand(
        number === next && data === `${input}.${number} in run ${run}`,
        () => `part ${next} of ${handle.id} was ${number}: ${String(data)}`,
      );
      next++;
    }
  } catch (error) {
    if (reasonOf(error) === 'poison') return; // three nodes were killed under it
    throw error;
  }
  demand(next === 9, () => `${handle.id} had ${next - 1} parts`);
}

export const queueScenarios: readonly Scenario[] = [order, inTurn, limited, families, parts];
