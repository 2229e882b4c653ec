/**
 * What one of each costs, in figures that do not depend on how fast the machine is: commands that the Redis carries out (those inside of
 * scripts included), script calls, bytes to and from it, and bytes that the process allocates.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { Meter } from '../run/meter.js';
import { checkOutput, inputOf } from '../run/tally.js';

export const roles = ['alone'];
/** 128 go into a frame; held back, as many handlers end together. */
const [many, few, abreast] = [1_024, 128, 128];
const [rounds, idleMs] = [3, 3_000];

/** The last of three rounds counts: by then what is compiled and cached is. */
export async function alone({ openNode, url }) {
  const meter = new Meter(url);
  const node = await openNode({ url, abreast, others: 0, isQuiet: true });
  const costs = {};
  const measure = async (name, count, run) => {
    globalThis.gc();
    await meter.start();
    const heap = process.memoryUsage().heapUsed;
    await run();
    const allocated = (process.memoryUsage().heapUsed - heap) / count;
    const { commands, calls, bytesIn, bytesOut } = await meter.stop(count);
    costs[name] = { commands, calls, bytesIn, bytesOut, allocated };
  };
  for (let round = 0; round < rounds; round++) {
    await playTasks(node, measure);
    await playMail(node, measure);
  }
  await node.close();
  await openNode({ url, abreast, others: 100, isQuiet: false });
  await pause(idleMs / 2); // the start has come to its end
  await meter.start();
  await pause(idleMs);
  const { commands, calls } = await meter.stop(idleMs / 1_000);
  costs['an idle second of 102 agents'] = { commands, calls };
  return costs;
}

const inputs = Array.from({ length: many }, (_, n) => inputOf(n));

async function playTasks({ fleet, counts, DoubleAgent }, measure) {
  let handles = [];
  await fleet.pause('double');
  await measure('a task enqueued, 128 at a time', many, async () => {
    handles = await fleet.enqueueMany(DoubleAgent, 'gated', inputs);
  });
  counts.gated = many;
  const wanted = counts.settled + many;
  await measure('a task handled, 128 at a time', many, async () => {
    await fleet.resume('double');
    await until(() => counts.settled === wanted);
  });
  await measure('a result read afterwards', many, async () => {
    const results = await Promise.all(handles.map((handle) => handle.result()));
    results.forEach((output, n) => checkOutput(n, output));
  });
  await measure('a task run by itself', few, () =>
    eachOf(few, async (n) => checkOutput(n, await fleet.run(DoubleAgent, 'double', inputs[n]))),
  );
}

async function playMail({ fleet, counts }, measure) {
  await measure('a message, 128 at a time', many, () =>
    inGroups(async (group) => {
      const wanted = counts.noted + group.length;
      await Promise.all(group.map((input) => fleet.send('ear', 'note', input)));
      await until(() => counts.noted === wanted);
    }),
  );
  await measure('a broadcast, 128 at a time', many, () =>
    inGroups(async (group) => {
      const wanted = counts.heard + group.length;
      await Promise.all(group.map((input) => fleet.broadcast('numbers', input)));
      await until(() => counts.heard === wanted);
    }),
  );
  await measure('an ask by itself', few, () =>
    eachOf(few, async (n) => checkOutput(n, await fleet.ask('ear', 'echo', inputs[n]))),
  );
  await measure('a lock by itself', few, () => eachOf(few, async () => (await fleet.lock('door')).release()));
}

async function eachOf(count, run) {
  for (let n = 0; n < count; n++) await run(n);
}

async function inGroups(run) {
  for (let from = 0; from < many; from += abreast) await run(inputs.slice(from, from + abreast));
}

async function until(isDone) {
  while (!isDone()) await pause(2);
}
