/**
 * Scenarios of single tasks: how they end, how long they may take, and what becomes of those that are cancelled or put off.
 */
import { Agent, onTask, pool, type Task, type TaskHandle, TerminalError } from 'agent-runtime';
import { sleep } from '../../../src/core/clock.ts';
import type { Simulation } from '../../../src/sim/simulation.ts';
import type { Scenario } from '../../../src/testing.ts';
import { demand, outcomeOf, reasonOf, tolerated } from './expected.ts';

const often = { retries: 40, backoff: '100ms' } as const;

class EndsAgent extends Agent {
  static readonly role = 'ends';

  @onTask('echo', undefined, undefined, often) async echo(task: Task): Promise<unknown> {
    await sleep(this.clock, 30);
    return { echo: task.input };
  }
  @onTask('fails', undefined, undefined, { retries: 2, backoff: '50ms' }) async fails(_task: Task): Promise<never> {
    await sleep(this.clock, 150);
    throw new Error('it fails every time');
  }
  /** A broker in trouble is no failure of it. */
  @onTask('tells', undefined, undefined, { retries: 0 }) async tells(task: Task): Promise<unknown> {
    await this.broadcast('told', task.input);
    return { echo: task.input };
  }
  @onTask('final', undefined, undefined, often) final(_task: Task): never {
    throw new TerminalError('it is of no use');
  }
  @onTask('late', undefined, undefined, { retries: 0, timeout: '800ms', grace: '100ms' })
  async late(task: Task): Promise<void> {
    await sleep(this.clock, 60_000, task.signal);
  }
}

type Name = 'echo' | 'fails' | 'final' | 'late' | 'tells';
const endings: readonly Name[] = ['echo', 'tells', 'fails', 'final', 'tells', 'late'];

interface Made {
  readonly name: Name;
  readonly input: number;
  readonly handle: TaskHandle;
}

let made: Made[] = [];

const ends: Scenario = {
  name: 'ends of tasks',
  nodes: 2,
  agents: [pool(EndsAgent)],
  faults: {
    'lost-call': 0.03,
    'lost-reply': 0.03,
    'late-reply': 0.01,
    'repeated-frame': 0.2,
    deaf: 0.2,
    kill: 0.05,
    'crash-after-call': 0.01,
    'handler-kills': 0.05,
    restart: 0.05,
    stop: 0.1,
    'broker-full': 0.2,
  },
  run: async (sim, size) => {
    made = [];
    for (let input = 0; input < Math.ceil(18 * size); input++) {
      const name = endings[input % endings.length] ?? 'echo';
      const handle = await sim.fleet.enqueue({ role: 'ends', task: name }, input).catch(tolerated);
      if (handle !== undefined) made.push({ name, input, handle });
      await sim.advance('300ms');
    }
  },
  check: async (sim) => {
    for (const one of made) await endedAsItMust(sim, one);
  },
};

async function endedAsItMust(sim: Simulation, { name, input, handle }: Made): Promise<void> {
  const outcome = await outcomeOf(handle.result({ timeout: '1m' }));
  const runs = sim.world.ledger.runsById.get(handle.id) ?? [];
  const threw = runs.filter(({ end }) => end === 'threw').length;
  const isDrained = sim.faults.some(({ kind }) => kind === 'stop' || kind === 'restart');
  const isLost = isDrained || runs.some(({ end }) => end === 'running') || wasRecovered(sim, handle.id);
  const told = JSON.stringify(
    'error' in outcome ? { error: String(outcome.error), reason: reasonOf(outcome.error) } : outcome,
  );
  const reason = 'error' in outcome ? reasonOf(outcome.error) : undefined;
  const what = (): string =>
    `${name} ${input} (${handle.id}) ended with ${told} after ${runs.length} runs, ${threw} of which threw`;
  if (isLost && reason === 'poison') return;
  if (name === 'tells') demand('value' in outcome, what);
  else if (name === 'echo') demand(told === JSON.stringify({ value: { echo: input } }) && threw === 0, what);
  else if (name === 'final') demand(reason === 'terminal' && (isLost || threw === 1), what);
  else if (name === 'fails') demand(reason === 'retries-exhausted' && (isLost ? threw >= 3 : threw === 3), what);
  else demand(reason === 'retries-exhausted' && (isLost || threw === 1), what);
}

function wasRecovered(sim: Simulation, id: string): boolean {
  return sim.world.said.some(
    ({ event, record }) => event === 'task.recovered' && Reflect.get(record as object, 'task') === id,
  );
}

class LongAgent extends Agent {
  static readonly role = 'long';
  @onTask('dig', undefined, undefined, { ...often, timeout: '2m' }) async dig(task: Task): Promise<unknown> {
    await sleep(this.clock, 14_000, task.signal);
    return task.input;
  }
}

/** Nothing here ends a lease: who runs a task keeps it, however long that takes. */
const long: Scenario = {
  name: 'long tasks',
  nodes: 2,
  agents: [pool(LongAgent)],
  faults: { stall: 0.3, deaf: 0.2, 'lost-reply': 0.03, 'repeated-frame': 0.2, 'clock-jump': 0.4, 'clock-drift': 0.2 },
  run: async (sim, size) => {
    made = [];
    for (let input = 0; input < Math.ceil(4 * size); input++) {
      await sim.fleet.enqueue(LongAgent, 'dig', input).catch(tolerated);
      await sim.advance('1s');
    }
    await sim.advance('15s');
  },
  check: ({ world }) => {
    for (const [id, runs] of world.ledger.runsById)
      demand(runs.length === 1, () => `task ${id} ran ${runs.length} times, and nobody had lost it`);
  },
};

class ShortAgent extends Agent {
  static readonly role = 'short';
  @onTask('short', undefined, undefined, often) async short(task: Task): Promise<unknown> {
    await sleep(this.clock, 900 + 100 * (Number(task.input) % 5));
    return task.input;
  }
}

/** Leases that end long before the presence of who holds them: nodes that stood still go on as if they had their tasks. */
const short: Scenario = {
  name: 'short leases',
  nodes: 2,
  agents: [pool(ShortAgent, { size: 2 })],
  timing: { taskLease: '1500ms', presenceLease: '60s' },
  faults: {
    freeze: 0.15,
    stop: 0.1,
    'late-reply': 0.02,
    'late-call': 0.02,
    'lost-reply': 0.03,
    'handler-slow': 0.1,
  },
  run: async (sim, size) => {
    for (let input = 0; input < Math.ceil(16 * size); input++) {
      await sim.fleet.enqueue(ShortAgent, 'short', input).catch(tolerated);
      await sim.advance('300ms');
    }
    await sim.advance('8s');
  },
};

/** Ends of `stay`, with whether the signal ended it. */
let stays: { readonly id: string; readonly isAborted: boolean }[] = [];

class StayAgent extends Agent {
  static readonly role = 'stay';
  /** Takes its time to end when it is told to. */
  @onTask('stay', undefined, undefined, { ...often, grace: '5s' }) async stay(task: Task): Promise<string> {
    let isAborted = false;
    await sleep(this.clock, 25_000, task.signal).catch(() => void (isAborted = true));
    if (isAborted) await sleep(this.clock, 2_500);
    stays.push({ id: task.id, isAborted });
    return 'stayed';
  }
  @onTask('go', undefined, undefined, often) go(task: Task): unknown {
    return task.input;
  }
}

interface Cancelled {
  readonly handle: TaskHandle;
  readonly answer: string;
  readonly at: number;
}

let cancels: Cancelled[] = [];
/** A notice that is late or lost is followed by a renewal that is not. */
const cancelMs = 14_000;

const cancelling: Scenario = {
  name: 'cancel',
  nodes: 2,
  agents: [pool(StayAgent)],
  faults: {
    kill: 0.2,
    deaf: 0.4,
    'late-delivery': 0.1,
    'lost-call': 0.03,
    'lost-reply': 0.03,
    'repeated-frame': 0.2,
    'crash-before-call': 0.01,
    restart: 0.04,
    stop: 0.1,
  },
  run: async (sim, size) => {
    [cancels, stays] = [[], []];
    for (let number = 0; number < Math.ceil(8 * size); number++) {
      const task = number % 4 === 3 ? 'go' : 'stay';
      const handle = await sim.fleet.enqueue({ role: 'stay', task }, number).catch(tolerated);
      await sim.advance(number % 3 === 0 ? '20ms' : '700ms');
      const answer = await handle?.cancel().catch(tolerated);
      if (handle !== undefined && answer !== undefined) cancels.push({ handle, answer, at: sim.world.scheduler.nowMs });
    }
    await sim.advance('6s');
  },
  check: async (sim) => {
    for (const one of cancels) await wasCancelled(sim, one);
  },
};

async function wasCancelled(sim: Simulation, { handle, answer, at }: Cancelled): Promise<void> {
  if (answer !== 'cancelled' && answer !== 'requested') return;
  const outcome = await outcomeOf(handle.result({ timeout: '1m' }));
  const reason = 'error' in outcome ? reasonOf(outcome.error) : undefined;
  demand(
    reason === 'cancelled',
    () => `${handle.id} was cancelled (${answer}) and ended with ${JSON.stringify(outcome)}`,
  );
  const runs = sim.world.ledger.runsById.get(handle.id) ?? [];
  // It may begin once, where it waited in a mailbox; nobody takes it over.
  const allowedMs = answer === 'cancelled' || runs.some((run) => run.at <= at) ? 0 : cancelMs;
  const late = runs.find((run) => run.at > at + allowedMs);
  demand(late === undefined, () => `${handle.id} began ${(late?.at ?? 0) - at} ms after it was cancelled (${answer})`);
  const whole = stays.find(({ id, isAborted }) => id === handle.id && !isAborted);
  demand(whole === undefined, () => `${handle.id} was cancelled (${answer}) and its handler was not told`);
}

let delays: { readonly id: string; readonly dueAt: number }[] = [];

class LaterAgent extends Agent {
  static readonly role = 'later';
  @onTask('later', undefined, undefined, often) later(task: Task): unknown {
    return task.input;
  }
}

const put = { kill: 0.15, stop: 0.05, restart: 0.1, 'handler-throws': 0.2, 'crash-before-call': 0.01 };

/** Timers of tasks are the broker's: no node takes them with it. */
const delayed: Scenario = {
  name: 'put off',
  nodes: 2,
  agents: [pool(LaterAgent)],
  faults: { ...put, 'lost-reply': 0.02, 'repeated-frame': 0.1, cut: 0.05 },
  run: async (sim, size) => {
    delays = [];
    for (let number = 0; number < Math.ceil(12 * size); number++) {
      const delay = 500 + (number % 4) * 1_500;
      const from = sim.world.scheduler.nowMs;
      const handle = await sim.fleet.enqueue(LaterAgent, 'later', number, { delay }).catch(tolerated);
      if (handle !== undefined) delays.push({ id: handle.id, dueAt: from + delay });
      await sim.advance('400ms');
    }
    await sim.advance('4s');
  },
  check: ({ world }) => {
    for (const { id, dueAt } of delays) {
      const first = world.ledger.runsById.get(id)?.[0];
      demand(first !== undefined, () => `${id} was put off and never began`);
      demand((first?.at ?? 0) >= dueAt, () => `${id} began ${dueAt - (first?.at ?? 0)} ms before its time`);
    }
  },
};

let stored: { readonly id: string; readonly at: number }[] = [];
/** Senders keep for ten seconds what they were told is stored, and find out by the next frame that it is not. */
const keptMs = 6_000;

/** What was accepted shortly before the broker lost its data comes again. */
const lostData: Scenario = {
  name: 'lost data',
  nodes: 2,
  agents: [pool(LaterAgent)],
  faults: { 'broker-loss': 0.15 },
  run: async (sim, size) => {
    stored = [];
    for (let number = 0; number < Math.ceil(30 * size); number++) {
      const handle = await sim.fleet.enqueue(LaterAgent, 'later', number, { delay: '2s' }).catch(tolerated);
      if (handle !== undefined) stored.push({ id: handle.id, at: sim.world.scheduler.nowMs });
      await sim.advance('350ms');
    }
    await sim.advance('3s');
  },
  check: ({ world }) => {
    const { losses, runsById } = world.ledger;
    for (const { id, at } of stored) {
      const loss = losses.find((one) => one.at >= at)?.at;
      const isKept = loss === undefined || loss - at < keptMs;
      const isDone = runsById.get(id)?.some(({ end }) => end === 'returned') === true;
      demand(
        isDone || !isKept,
        () => `${id} was accepted ${loss === undefined ? '' : `${loss - at} ms before a loss `}and never ran`,
      );
    }
  },
};

/** Long enough for a task that ends its process to take four of them, if it were let. */
const poisoned: Scenario = {
  name: 'poisoned',
  nodes: 2,
  agents: [pool(LaterAgent)],
  faults: { poison: 0.5, 'handler-kills': 0.05 },
  run: async (sim, size) => {
    for (let number = 0; number < Math.ceil(4 * size); number++)
      await sim.fleet.enqueue(LaterAgent, 'later', number).catch(tolerated);
    await sim.advance('50s');
  },
};

export const taskScenarios: readonly Scenario[] = [ends, long, short, cancelling, delayed, lostData, poisoned];
