/**
 * Tasks whose input is so many bytes of JSON, enqueued and handled in one process; then a queue of them that nobody handles. Handlers
 * look whether they got all of it.
 */
import { abreast, expectEqual, inPortions, spend } from '../../growth/spend.js';
import { Meter } from '../../run/meter.js';
import { checkOutput, outputOf } from '../../run/tally.js';

export const roles = ['alone'];

/** JSON of exactly `size` bytes. */
export function inputOfSize(n, size) {
  const bare = JSON.stringify({ n, text: '' }).length;
  return { n, text: 'x'.repeat(size - bare) };
}

export async function alone({ startNode, startWorker, params, url, address }) {
  const { size, tasks, width, rounds, waiting } = params;
  const meter = new Meter(url);
  const handled = new Map();
  const work = (input) => {
    const bytes = JSON.stringify(input).length;
    if (bytes !== size) throw new Error(`expected ${size} bytes of input, got: ${bytes}`);
    handled.set(input.n, 1 + (handled.get(input.n) ?? 0));
    return outputOf(input.n);
  };
  const { fleet, close } = await startWorker(url, { work });
  const run = (from, to) =>
    abreast(width, [from, to], async (n) => checkOutput(n, await fleet.run(address, inputOfSize(n, size))));
  await run(0, tasks);
  const each = await spend(meter, tasks, (round) => run((1 + round) * tasks, (2 + round) * tasks), rounds);
  await close();
  expectEqual('the inputs that were handled', handled.size, (1 + rounds) * tasks);
  expectEqual('the most that one was handled', Math.max(...handled.values()), 1);
  const { rate, redisUs, nodeUs, bytesIn, bytesOut } = each;
  const bytes = await bytesOfWaiting({ startNode, url, address, meter, size, waiting });
  return { rate, mbRate: (rate * size) / 1e6, redisUs, nodeUs, wire: bytesIn + bytesOut, bytes };
}

async function bytesOfWaiting({ startNode, url, address, meter, size, waiting }) {
  const { fleet, close } = await startNode(url, []);
  await fleet.enqueue(address, inputOfSize(0, size));
  const before = await meter.memory();
  await inPortions(waiting, 100, (some) =>
    fleet.enqueueMany(
      address,
      some.map((n) => inputOfSize(n, size)),
    ),
  );
  const bytes = ((await meter.memory()) - before) / waiting;
  await close();
  return bytes;
}
