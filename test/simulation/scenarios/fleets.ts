/**
 * Scenarios of whole fleets: what goes on when nodes go, what is started together, and what is drained.
 */
import {
  Agent,
  type Down,
  every,
  group,
  onDown,
  onMessage,
  onStart,
  onStop,
  onTask,
  pool,
  single,
  type Task,
} from 'agent-runtime';
import { sleep } from '../../../src/core/clock.ts';
import type { Simulation } from '../../../src/sim/simulation.ts';
import type { FaultRates, Scenario } from '../../../src/testing.ts';
import { demand, tolerated } from './expected.ts';

const often = { retries: 40, backoff: '100ms' } as const;
const wire: FaultRates = { 'lost-call': 0.02, 'lost-reply': 0.02, 'repeated-frame': 0.2, deaf: 0.1 };
const losses: FaultRates = {
  ...wire,
  kill: 0.1,
  freeze: 0.04,
  stop: 0.05,
  restart: 0.05,
  'crash-after-call': 0.01,
  cut: 0.03,
};

let strokes: number[] = [];

class BellAgent extends Agent {
  static readonly role = 'bell';
  @every('1s') strike(): void {
    strokes.push(this.clock.monotonic());
  }
}

/** The timer of an agent goes with it, wherever it comes up. */
const bells: Scenario = {
  name: 'timers',
  nodes: 2,
  agents: [single(BellAgent, { id: 'bell' })],
  faults: losses,
  run: async (sim, size) => {
    strokes = [];
    await sim.advance(12_000 * size);
  },
  check: async (sim) => {
    strokes = [];
    await sim.advance('10s');
    const told = (): string => `the bell struck ${strokes.length} times in the last ten seconds`;
    demand(strokes.length >= 8 && strokes.length <= 11, told);
  },
};

class BeatAgent extends Agent {
  static readonly role = 'beat';
  @onTask('beat', undefined, undefined, often) beat(task: Task): unknown {
    return task.trace.id;
  }
}

const everyMs = 3_000;

/** Each due time makes one task, and none is left out, whoever is lost in between. */
const schedules: Scenario = {
  name: 'schedules',
  nodes: 2,
  agents: [pool(BeatAgent)],
  faults: { ...losses, 'crash-after-call': 0.08, 'crash-before-call': 0.08 },
  run: async (sim, size) => {
    const beat = { every: everyMs, missed: 'all', task: [{ role: 'beat', task: 'beat' }, null] } as const;
    while ((await sim.fleet.schedules.set('beat', beat).catch(tolerated)) === undefined) await sim.advance('1s');
    await sim.advance(24_000 * size);
  },
  check: ({ world }) => {
    const times = new Map<number, string[]>();
    for (const { id, trace } of world.ledger.tasks.values()) {
      const at = Date.parse(trace.slice(trace.indexOf('@') + 1));
      times.set(at, [...(times.get(at) ?? []), id]);
    }
    const due = [...times.keys()].sort((a, b) => a - b);
    for (const [at, ids] of times)
      demand(ids.length === 1, () => `${new Date(at).toISOString()} made ${ids.length} tasks`);
    due.forEach((at, index) => {
      const before = due[index - 1] ?? at - everyMs;
      demand(at - before === everyMs, () => `nothing was made between ${before} and ${at}`);
    });
    const behindMs = world.fleet.clock.now() - (due.at(-1) ?? 0);
    demand(behindMs < 2 * everyMs, () => `the last task was made ${behindMs} ms ago`);
  },
};

/** Starts and ends of members by their process, in order. */
let starts: string[] = [];

abstract class MemberAgent extends Agent {
  @onStart() async up(): Promise<void> {
    starts.push(`${this.id} up`);
    await sleep(this.clock, 20);
  }
  @onStop() down(): void {
    starts.push(`${this.id} down`);
  }
  @onMessage('break') break(): void {
    throw this.escalate(new Error('broken'));
  }
}
class BaseAgent extends MemberAgent {
  static readonly role = 'base';
}
class MiddleAgent extends MemberAgent {
  static readonly role = 'middle';
}
class TopAgent extends MemberAgent {
  static readonly role = 'top';
}

const intensity = { restarts: 100 } as const;
const backoff = { kind: 'fixed', base: '200ms', jitter: false } as const;
const stack = group('stack', 'rest-for-one', [pool(BaseAgent), pool(MiddleAgent), pool(TopAgent)], {
  intensity,
  backoff,
});

/** The members behind one that fails go down and up again with it, those before it stay; one is nobody's business but its own. */
const groups: Scenario = {
  name: 'groups',
  nodes: 1,
  agents: [stack],
  faults: { ...wire, stall: 0.2 },
  run: async (sim, size) => {
    starts = [];
    const ids = ['middle', 'base', 'top'].map((role) => idOf(sim, role));
    for (let number = 0; number < Math.ceil(6 * size); number++) {
      const id = ids[number % ids.length] ?? '';
      const before = starts.length;
      const sent = await sim.fleet.send(id, 'break', number).catch(tolerated);
      if (sent === undefined) continue;
      await sim.settle();
      await sim.advance('5s');
      const told = starts.slice(before).map((line) => line.replace(/@\S+/, ''));
      const wanted = [['middle', 'top'], ['base', 'middle', 'top'], ['top']][number % ids.length] ?? [];
      const ups = told.filter((line) => line.endsWith('up'));
      demand(ups.join() === wanted.map((role) => `${role} up`).join(), () => `${id} failed: ${told.join(', ')}`);
      const downs = told.filter((line) => line.endsWith('down'));
      const lasts = wanted.slice(1).toReversed();
      demand(
        downs.filter((line) => lasts.includes(line.split(' ')[0] ?? '')).join() ===
          lasts.map((role) => `${role} down`).join(),
        () => `${id} failed: ${told.join(', ')}`,
      );
    }
  },
};

function idOf({ world }: Simulation, role: string): string {
  const cells = world.processes.flatMap(({ incarnations }) => [...(incarnations?.current?.cells ?? [])]);
  return cells.find(({ id }) => id.startsWith(role))?.id ?? role;
}

let downs: (Down & { readonly by: string })[] = [];

class TargetAgent extends Agent {
  static readonly role = 'target';
  @onMessage('stop') end(): void {
    this.stop();
  }
}

/** Watches the target always, and again when it is down. */
class WatcherAgent extends Agent {
  static readonly role = 'watcher';
  @onStart() async up(): Promise<void> {
    await this.watch('target');
  }
  @onDown() async lost(down: Down): Promise<void> {
    downs.push({ ...down, by: this.id });
    await sleep(this.clock, 500);
    await this.watch('target').catch(tolerated);
  }
}

/** Who watches is told once of every activation that is over. */
const watches: Scenario = {
  name: 'watches',
  nodes: 2,
  agents: [pool(WatcherAgent), single(TargetAgent, { id: 'target' })],
  faults: { ...wire, kill: 0.1, stop: 0.05, restart: 0.05, 'late-delivery': 0.05 },
  run: async (sim, size) => {
    downs = [];
    for (let number = 0; number < Math.ceil(6 * size); number++) {
      await sim.advance('2s');
      if (number % 3 === 1) await sim.fleet.send('target', 'stop').catch(tolerated);
    }
    await sim.advance('3s');
  },
  check: async (sim) => {
    const { world } = sim;
    for (const { by, epoch } of downs.filter((down) => down.epoch !== undefined)) {
      const times = downs.filter((down) => down.by === by && down.epoch === epoch).length;
      demand(times === 1, () => `${by} was told ${times} times that epoch ${epoch} of the target is over`);
      const now = world.fleet.directory.liveOwner('target')?.epoch;
      demand(epoch !== now, () => `${by} was told that epoch ${epoch} is over, and it is not`);
    }
    const before = downs.length;
    const owner = world.fleet.directory.liveOwner('target')?.owner;
    const node = world.processes.find((process) => process.node === owner)?.name ?? 'n1';
    const watchers = world.processes.filter(({ name, state }) => name !== node && state === 'up').length;
    sim.crash(node);
    await sim.advance('20s');
    demand(
      downs.length - before >= watchers,
      () => `the target went with ${node}, and ${downs.length - before} of ${watchers} watchers were told`,
    );
  },
};

class ShiftAgent extends Agent {
  static readonly role = 'shift';
  @onTask('shift', undefined, undefined, { ...often, timeout: '1m' }) async shift(task: Task): Promise<unknown> {
    await sleep(this.clock, 2_500, task.signal);
    return task.redelivered;
  }
}

class HeadAgent extends Agent {
  static readonly role = 'head';
  @onMessage('tell') async tell(): Promise<void> {
    await sleep(this.clock, 300);
  }
}

const shifts = [pool(ShiftAgent, { concurrency: 2 }), single(HeadAgent, { id: 'head' })];

/** Nodes that leave finish what they run: nothing begins twice, and nothing is given back that had begun. */
const rolling: Scenario = {
  name: 'rolling',
  nodes: 2,
  agents: shifts,
  versions: [shifts, shifts, shifts],
  faults: { restart: 0.4, 'new-version': 0.4, deaf: 0.1, 'repeated-frame': 0.2 },
  run: async (sim, size) => {
    for (let number = 0; number < Math.ceil(16 * size); number++) {
      await sim.fleet.enqueue(ShiftAgent, 'shift', number).catch(tolerated);
      await sim.fleet.send('head', 'tell', number).catch(tolerated);
      await sim.advance('500ms');
    }
    await sim.advance('3s');
  },
  check: ({ world }) => {
    for (const [id, runs] of world.ledger.runsById) {
      const again = runs.filter(({ redelivered }) => redelivered).length;
      demand(runs.length === 1, () => `${id} ran ${runs.length} times, ${again} times marked`);
    }
  },
};

class HelperAgent extends Agent {
  static readonly role = 'helper';
  @onMessage('who') who(): string {
    return this.id;
  }
}

/** Those that were spawned are taken over like singles; those that were stopped are gone. */
const spawning: Scenario = {
  name: 'spawned',
  nodes: 2,
  agents: [pool(HelperAgent, { size: 0 })],
  faults: { ...losses, stop: 0 },
  run: async (sim, size) => {
    spawned = new Map();
    for (let number = 0; number < Math.ceil(5 * size); number++) {
      const id = `helper-${number}`;
      const helper = await sim.fleet.spawn(HelperAgent, { id }).catch(tolerated);
      await sim.advance('900ms');
      if (helper === undefined) continue;
      spawned.set(id, true);
      if (number % 2 === 0) continue;
      spawned.set(id, (await sim.fleet.stop(id).catch(tolerated)) === true ? false : undefined);
    }
    await sim.advance('3s');
  },
  check: async (sim) => {
    for (const [id, isUp] of spawned) {
      const answer = await sim.fleet.ask(id, 'who', null, { deadline: '20s' }).catch(tolerated);
      if (isUp !== undefined)
        demand((answer === id) === isUp, () => `${id} is to be ${isUp ? 'up' : 'gone'} and is not`);
    }
  },
};

/** True: it is to be up; false: gone; undefined: nobody knows. */
let spawned = new Map<string, boolean | undefined>();

export const fleetScenarios: readonly Scenario[] = [bells, schedules, groups, watches, rolling, spawning];
