/**
 * What has been, and is kept: events, dead letters, results. So many of them are there; then it is counted what one more costs, and what
 * it costs to read some.
 */
import { abreast, expectEqual, inPortions, spend } from '../../growth/spend.js';
import { Meter } from '../../run/meter.js';
import { inputOf } from '../../run/tally.js';

export const roles = ['alone'];
const pageSize = 100;

export function alone(setting) {
  return modes[setting.params.mode](setting);
}

async function repeat(count, call) {
  for (let n = 0; n < count; n++) await call(n);
}

const modes = {
  async events({ startNode, params, url }) {
    const { size, more, looks, rounds } = params;
    const meter = new Meter(url);
    const { fleet, close } = await startNode(url, []);
    const ids = [];
    const append = async (count) => {
      const from = ids.length;
      await abreast(1_000, [from, from + count], async (n) => {
        ids[n] = await fleet.broadcast('numbers', inputOf(n));
      });
    };
    await append(more + size); // the first `more` are there with any size: something to read, and code that is warm
    const appended = await spend(meter, more, () => append(more), rounds);
    const middle = ids[Math.floor(ids.length / 2) - 1];
    const read = async (after, limit) =>
      expectEqual('the events of a page', (await fleet.events.read({ after, limit })).length, limit);
    await read(middle, more);
    const page = await spend(meter, looks, () => repeat(looks, () => read(middle, pageSize)));
    const caughtUp = await spend(meter, more, () => read(middle, more), rounds);
    await close();
    return {
      appendUs: appended.redisUs,
      appendRate: appended.rate,
      pageUs: page.redisUs,
      pageCommands: page.commands,
      caughtUpUs: caughtUp.redisUs,
      caughtUpRate: caughtUp.rate,
    };
  },

  async dead(setting) {
    const { size, more, looks, rounds } = setting.params;
    const at = await open(setting, setting.die);
    await at.end(more + size);
    const buried = await spend(at.meter, more, () => at.end(more), rounds);
    const { fleet } = at.holder;
    const page = await spend(at.meter, looks, () =>
      repeat(looks, async () => expectEqual('the letters of a page', (await first(fleet, setting)).length, 20)),
    );
    const requeued = await spend(at.meter, looks, () =>
      repeat(looks, async () => {
        const [{ taskId }] = await first(fleet, setting);
        expectEqual('the tasks put back', (await fleet.requeue(setting.queue, [taskId])).length, 1);
      }),
    );
    const { dead, deadDropped } = await fleet.queue(setting.queue);
    expectEqual('the dead letters, with those that newer ones pushed out', dead + deadDropped, at.ended() - looks);
    await at.close();
    const requeueUs = Math.max(0, requeued.redisUs - page.redisUs);
    return { buryUs: buried.redisUs, buryCommands: buried.commands, pageUs: page.redisUs, requeueUs };
  },

  async results(setting) {
    const { size, more, looks, rounds } = setting.params;
    const at = await open(setting, setting.complete);
    const before = await at.end(more).then(() => at.meter.memory());
    const ids = await at.end(size);
    const bytes = size === 0 ? {} : { bytes: ((await at.meter.memory()) - before) / size };
    const ended = await spend(at.meter, more, () => at.end(more), rounds);
    const some = ids.length > 0 ? ids : await at.end(more);
    const read = await spend(at.meter, looks, () =>
      repeat(looks, async (n) => {
        const [outcome] = await at.ports.queues.outcomes(setting.queue, [some[(n * 7919) % some.length]]);
        expectEqual('the outcome', outcome?.kind, 'completed');
      }),
    );
    await at.close();
    return { ...bytes, endUs: ended.redisUs, endCommands: ended.commands, readUs: read.redisUs };
  },
};

/** The first page, as `runtime dead` reads it. */
const first = (fleet, { queue }) => fleet.deadLetters(queue, { count: 20 });

/** `end` has so many tasks enqueued, claimed and settled, a frame at a time; resolves to their ids. */
async function open({ openPorts, startNode, url, frameOps }, outcome) {
  const [ports, holder] = [await openPorts(url), await startNode(url, [])];
  let ended = 0;
  const end = async (count) => {
    const ids = [];
    await inPortions(count, frameOps, async (some) => {
      await ports.enqueue(some.map((n) => JSON.stringify(inputOf(n))));
      const claimed = await ports.claim(some.length);
      expectEqual('the tasks claimed', claimed.length, some.length);
      await ports.settle(claimed, outcome);
      ended += some.length;
      ids.push(...claimed.map(({ receipt }) => receipt.taskId));
    });
    return ids;
  };
  const close = () => Promise.all([holder.close(), ports.stop()]);
  return { ports, holder, end, close, meter: new Meter(url), ended: () => ended };
}
