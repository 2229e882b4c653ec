/**
 * So many agents in one process: what one of them takes while it is idle, what a message to any of them costs, and what they cost the
 * tasks beside them. The same process with none comes first, so that what a process itself needs is left out.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { abreast, spend } from '../../growth/spend.js';
import { Meter } from '../../run/meter.js';
import { checkOutput, inputOf, Tally } from '../../run/tally.js';

export const roles = ['alone'];
const window = 1_000;
const warmAgents = 100;

export async function alone({ startCrowd, params, url, address }) {
  const { size, idleMs } = params;
  const meter = new Meter(url);
  const tally = new Tally();
  const onMessage = (data) => {
    tally.work(data);
    tally.end();
  };
  const begin = async (count) => {
    const before = await meter.memory();
    const startedAt = performance.now();
    const crowd = await startCrowd(url, { size: count, onMessage });
    const startUs = 1_000 * (performance.now() - startedAt);
    await pause(idleMs / 2); // what starting them has caused comes to rest
    return { ...crowd, startUs, heap: heapUsed(), redis: (await meter.memory()) - before };
  };
  await (await begin(warmAgents)).close(); // code and buffers that stay
  const none = await begin(0);
  await none.close();
  const many = await begin(size);
  const idle = await spend(meter, idleMs / 1_000, () => pause(idleMs));
  const sizes = { heap: many.heap - none.heap, redis: many.redis - none.redis, startUs: many.startUs - none.startUs };
  const figures = {
    nodeBytes: sizes.heap / size,
    redisBytes: sizes.redis / size,
    startUs: sizes.startUs / size,
    idleCommands: idle.commands,
    idleRedisUs: idle.redisUs,
    idleNodeUs: idle.nodeUs,
    ...(await messagesTo(many, { tally, meter, params })),
    ...(await tasksBeside(many, { meter, params, address })),
    ...(await looksAt(many, { meter, params })),
  };
  await many.close();
  return figures;
}

/** Each to another agent than the one before; at most `window` are unhandled at a time. */
async function messagesTo({ fleet, idOf }, { tally, meter, params }) {
  const { messages, rounds } = params;
  const send = async (from, to) => {
    await abreast(window, [from, to], async (n) => {
      const stored = fleet.send(idOf(n), 'note', inputOf(n));
      await Promise.all([stored, n < window ? undefined : tally.reached(n - window + 1)]);
    });
    await tally.reached(to);
  };
  await send(0, messages);
  const each = await spend(meter, messages, (round) => send((1 + round) * messages, (2 + round) * messages), rounds);
  tally.check((1 + rounds) * messages);
  return { messageRate: each.rate, messageRedisUs: each.redisUs, messageNodeUs: each.nodeUs };
}

async function tasksBeside({ fleet }, { meter, params, address }) {
  const { tasks, rounds } = params;
  const run = () => abreast(200, [0, tasks], async (n) => checkOutput(n, await fleet.run(address, inputOf(n))));
  await run();
  const each = await spend(meter, tasks, run, rounds);
  return { taskRate: each.rate, taskRedisUs: each.redisUs };
}

/** What `runtime status` reads. */
async function looksAt({ fleet }, { meter, params }) {
  const { looks } = params;
  const look = async () => Promise.all([fleet.nodes(), fleet.queue('double')]);
  const each = await spend(meter, looks, async () => {
    for (let n = 0; n < looks; n++) await look();
  });
  return { lookRedisUs: each.redisUs, lookCommands: each.commands, lookBytes: each.bytesOut };
}

function heapUsed() {
  globalThis.gc();
  globalThis.gc();
  const { heapUsed: heap, external } = process.memoryUsage();
  return heap + external;
}
