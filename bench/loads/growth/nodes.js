/**
 * So many processes that handle the tasks of one role, and one that asks for them. On one machine they share its cores, so what counts is
 * what each task and each idle node costs Redis.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { abreast, expectEqual, spend } from '../../growth/spend.js';
import { Meter } from '../../run/meter.js';
import { checkOutput, inputOf, outputOf } from '../../run/tally.js';

export const rolesOf = ({ size }) => [...Array.from({ length: size }, () => 'node'), 'client'];
const limitMs = 60_000;

export async function node({ startWorker, url, link }) {
  let handled = 0;
  const work = ({ n }) => {
    handled += 1;
    return outputOf(n);
  };
  const { node: id, close } = await startWorker(url, { work });
  await link.heard('count');
  await link.tell(`handled by ${id}`, { handled });
  await link.heard('end');
  await close();
}

export async function client({ startNode, params, url, link, address }) {
  const { size, tasks, rounds, idleMs } = params;
  const meter = new Meter(url);
  const { fleet, node: own, close } = await startNode(url, []);
  const ids = await nodesOf(fleet, own, size);
  let next = 0;
  const run = () =>
    abreast(500, [next, (next += tasks)], async (n) => checkOutput(n, await fleet.run(address, inputOf(n))));
  await run();
  const each = await spend(meter, tasks, run, rounds);
  await pause(idleMs / 2);
  const idle = await spend(meter, idleMs / 1_000, () => pause(idleMs));
  await link.tell('count');
  const shares = await Promise.all(ids.map(async (id) => (await link.heard(`handled by ${id}`)).handled));
  expectEqual(
    'the tasks handled by all of them',
    shares.reduce((sum, one) => sum + one, 0),
    next,
  );
  await close();
  const { rate, redisUs, commands } = each;
  const least = (size * Math.min(...shares)) / next;
  return { rate, redisUs, commands, idleUs: idle.redisUs, idleCommands: idle.commands, least };
}

/** The ids of those that handle tasks, when all are up. */
async function nodesOf(fleet, own, size) {
  for (const startedAt = performance.now(); ; await pause(20)) {
    const up = (await fleet.nodes()).filter(({ node: id, alive }) => alive && id !== own);
    if (up.length === size) return up.map(({ node: id }) => id);
    if (performance.now() - startedAt > limitMs) throw new Error(`expected ${size} nodes, got: ${up.length}`);
  }
}
