/**
 * A queue with so many tasks in it: that wait, that are parked until later, or that are claimed. What one operation costs Redis is
 * counted while they are there, and that they are there is checked.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { expectEqual, inPortions, spend } from '../../growth/spend.js';
import { Meter } from '../../run/meter.js';
import { inputOf, Tally } from '../../run/tally.js';

export const roles = ['alone'];
const batch = 1_000;
const laterMs = 3_600_000;

export function alone(setting) {
  return modes[setting.params.mode](setting);
}

async function open({ startNode, openPorts, url, address }) {
  const [{ fleet, close }, ports] = [await startNode(url, []), await openPorts(url)];
  let next = 0;
  const fill = (count, options) =>
    inPortions(count, batch, (some) =>
      fleet.enqueueMany(
        address,
        some.map(() => inputOf(next++)),
        options,
      ),
    );
  const enqueue = () => fleet.enqueue(address, inputOf(next++));
  const stop = () => Promise.all([close(), ports.stop()]);
  return { fleet, ports, fill, enqueue, stop, meter: new Meter(url) };
}

async function repeat(count, call) {
  for (let n = 0; n < count; n++) await call();
}

/** Bytes of each of `count` that `fill` brings; of none, nothing is known. */
async function bytesOf(meter, count, fill) {
  const before = await meter.memory();
  await fill();
  return count === 0 ? {} : { bytes: ((await meter.memory()) - before) / count };
}

/** Operations on the queue as it is, one by one. */
async function eachOf({ ports, meter, enqueue, fleet }, { one, looks }, { complete, queue }) {
  const costs = {};
  const measure = async (name, count, call) => {
    await call(); // what only the first one pays
    const { redisUs, commands } = await spend(meter, count, () => repeat(count, call));
    Object.assign(costs, { [`${name}Us`]: redisUs, [`${name}Commands`]: commands });
  };
  await measure('enqueue', one, enqueue);
  await measure('claim', one, async () => {
    const claimed = await ports.claim(1);
    expectEqual('the tasks claimed', claimed.length, 1);
    await ports.settle(claimed, complete);
  });
  await measure('look', looks, () => fleet.queue(queue));
  await measure('recover', looks, async () => expectEqual('tasks taken over', (await ports.recover()).length, 0));
  return costs;
}

/** Tasks that fall due are moved, a frame at a time. */
async function promotionOf({ ports, meter, fill }, { rounds }, { frameOps }) {
  await fill(rounds * frameOps, { delay: 1 });
  await pause(20); // they are due by then
  const { redisUs, commands } = await spend(meter, rounds * frameOps, () =>
    repeat(rounds, async () => expectEqual('the tasks moved', (await ports.promote()).moved, frameOps)),
  );
  return { promoteUs: redisUs, promoteCommands: commands };
}

/** From the front of the queue, by a node that handles a hundred at a time; each is handled once. */
async function drainOf({ meter, fill }, { drain, warm }, { startWorker, url }) {
  await fill(warm + 2 * drain);
  const tally = new Tally();
  const { close } = await startWorker(url, { work: tally.work, onSettled: tally.end });
  await tally.reached(warm);
  const { rate, redisUs, commands } = await spend(meter, drain, () => tally.reached(tally.ended + drain));
  await close();
  tally.checkNoneTwice();
  return { drainRate: rate, drainUs: redisUs, drainCommands: commands };
}

const modes = {
  async waiting(setting) {
    const { size } = setting.params;
    const at = await open(setting);
    await at.fill(batch); // what the first ones bring with them is no task's
    const figures = await bytesOf(at.meter, size, () => at.fill(size));
    expectEqual('the tasks waiting', (await at.fleet.queue(setting.queue)).waiting, batch + size);
    Object.assign(figures, await eachOf(at, setting.params, setting));
    Object.assign(figures, await promotionOf(at, setting.params, setting));
    Object.assign(figures, await drainOf(at, setting.params, setting));
    await at.stop();
    return figures;
  },

  async parked(setting) {
    const { size, looks } = setting.params;
    const at = await open(setting);
    const figures = await bytesOf(at.meter, size, () => at.fill(size, { delay: laterMs }));
    expectEqual('the tasks parked', (await at.fleet.queue(setting.queue)).parked, size);
    const park = () => at.fleet.enqueue(setting.address, inputOf(1), { delay: laterMs });
    const parked = await spend(at.meter, looks, () => repeat(looks, park));
    Object.assign(figures, await eachOf(at, setting.params, setting));
    Object.assign(figures, await promotionOf(at, setting.params, setting), { parkUs: parked.redisUs });
    await at.stop();
    return figures;
  },

  async claimed(setting) {
    const { size, looks } = setting.params;
    const { frameOps, complete, openPorts, url } = setting;
    const at = await open(setting);
    const holder = await openPorts(url);
    const own = await claimMany(holder, at, frameOps, frameOps);
    await claimMany(holder, at, size, frameOps);
    expectEqual('the tasks claimed', (await at.fleet.queue(setting.queue)).claimed, frameOps + size);
    const renewed = await spend(at.meter, looks * frameOps, () => repeat(looks, () => holder.renew(own)));
    const figures = { ...(await eachOf(at, setting.params, setting)), renewUs: renewed.redisUs };
    await holder.settle(own, complete); // it has held them all the while
    await Promise.all([at.stop(), holder.stop()]);
    return figures;
  },
};

/** Enqueues and claims so many; resolves to those of the last frame. */
async function claimMany(holder, { fill }, count, frameOps) {
  await fill(count);
  let claimed = [];
  for (let left = count; left > 0; left -= claimed.length) {
    claimed = await holder.claim(Math.min(left, frameOps));
    if (claimed.length === 0) throw new Error(`expected ${left} more tasks to wait, got: none`);
  }
  return claimed;
}
