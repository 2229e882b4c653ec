/**
 * Tasks in one process that hands them over and handles them. Adds go in batches of 500 at a time, with at most 2,000 tasks outstanding;
 * every result is read back afterwards and checked.
 */
import { Meter } from '../run/meter.js';
import { checkOutput, inputOf, quantile, Tally } from '../run/tally.js';

export const roles = ['alone'];
export const batch = 500;
const mostOutstanding = 2_000;

/** Hands over the inputs from `from` to below `to`; resolves to what the system gives for each. `room` says when more may follow. */
export async function fill(system, { from, to, bulk, room }) {
  const handles = [];
  for (let n = from; n < to; n += batch) {
    await room?.(Math.min(n + batch, to));
    const inputs = Array.from({ length: Math.min(batch, to - n) }, (_, i) => inputOf(n + i));
    const added = bulk ? await system.enqueueMany(inputs) : await Promise.all(inputs.map(system.enqueue));
    for (const handle of added) handles.push(handle);
  }
  return handles;
}

export async function checkResults(system, handles) {
  for (let n = 0; n < handles.length; n += batch) {
    const results = await system.resultsOf(handles.slice(n, n + batch));
    results.forEach((result, i) => checkOutput(n + i, result));
  }
}

export function alone({ openTasks, params, url }) {
  return modes[params.mode]({ openTasks, params, url });
}

async function opened({ openTasks, url }) {
  const tally = new Tally();
  return { tally, system: await openTasks({ url, work: tally.work, onSettled: tally.end }) };
}

const modes = {
  /** Handed over, handled and settled, all at once. */
  async through({ openTasks, params, url }) {
    const { n, warm, concurrency, bulk } = params;
    const { tally, system } = await opened({ openTasks, url });
    await system.consume(concurrency);
    await system.produce();
    const room = (to) => tally.reached(to - mostOutstanding);
    const handles = await fill(system, { from: 0, to: warm, bulk, room });
    await tally.reached(warm);
    const meter = new Meter(url);
    await meter.start();
    const startedAt = performance.now();
    handles.push(...(await fill(system, { from: warm, to: warm + n, bulk, room })));
    await tally.reached(warm + n);
    const rate = (1_000 * n) / (tally.lastAt - startedAt);
    const costs = await meter.stop(n);
    await checkResults(system, handles);
    tally.check(warm + n);
    return { rate, ...costs };
  },

  /** Nobody handles them. */
  async enqueue({ openTasks, params, url }) {
    const { n, warm, bulk } = params;
    const { system } = await opened({ openTasks, url });
    await system.produce();
    await fill(system, { from: 0, to: warm, bulk });
    const startedAt = performance.now();
    await fill(system, { from: warm, to: warm + n, bulk });
    const rate = (1_000 * n) / (performance.now() - startedAt);
    const waiting = await system.waiting();
    if (waiting !== warm + n) throw new Error(`expected ${warm + n} tasks to wait, got: ${waiting}`);
    return { rate };
  },

  /** A queue that was filled before anybody handled it: from the first task that is handled to the last that is settled. */
  async drain({ openTasks, params, url }) {
    const { n, concurrency } = params;
    const { tally, system } = await opened({ openTasks, url });
    await system.produce();
    const handles = await fill(system, { from: 0, to: n, bulk: true });
    await system.consume(concurrency);
    await tally.reached(n);
    await checkResults(system, handles);
    tally.check(n);
    return { rate: (1_000 * n) / (tally.lastAt - tally.firstAt) };
  },

  /** Handed over and its result awaited, one by one and then by a hundred at a time. */
  async run({ openTasks, params, url }) {
    const { n, warm, one, concurrency } = params;
    const { tally, system } = await opened({ openTasks, url });
    await system.consume(concurrency);
    await system.produce({ waits: true });
    let next = 0;
    const runOne = async () => {
      const number = next++;
      checkOutput(number, await system.run(inputOf(number)));
    };
    const runUpTo = async (end) => {
      while (next < end) await runOne();
    };
    const abreast = (end) => Promise.all(Array.from({ length: 100 }, () => runUpTo(end)));
    await abreast(warm);
    await runUpTo(next + one);
    const tookMs = [];
    for (let i = 0; i < one; i++) {
      const startedAt = performance.now();
      await runOne();
      tookMs.push(performance.now() - startedAt);
    }
    const startedAt = performance.now();
    await abreast(next + n);
    const rate = (1_000 * n) / (performance.now() - startedAt);
    tally.check(next);
    return { p50: 1_000 * quantile(tookMs, 0.5), p99: 1_000 * quantile(tookMs, 0.99), rate };
  },

  /** What a task that waits takes of the Redis. */
  async memory({ openTasks, params, url }) {
    const { n, warm } = params;
    const { system } = await opened({ openTasks, url });
    const meter = new Meter(url);
    await system.produce();
    await fill(system, { from: 0, to: warm, bulk: true });
    const before = await meter.memory();
    await fill(system, { from: warm, to: warm + n, bulk: true });
    const bytes = ((await meter.memory()) - before) / n;
    const waiting = await system.waiting();
    if (waiting !== warm + n) throw new Error(`expected ${warm + n} tasks to wait, got: ${waiting}`);
    return { bytes };
  },
};
