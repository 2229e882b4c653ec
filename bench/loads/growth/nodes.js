/**
 * So many processes that handle the tasks of one role, as many under way for each of them, and one process that asks for them. On one machine
 * they share its cores, so what counts is what a task and an idle second cost, not how long they take.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { abreast, expectEqual, spend } from '../../growth/spend.js';
import { Meter } from '../../run/meter.js';
import { checkOutput, inputOf, outputOf } from '../../run/tally.js';

export const rolesOf = ({ size }) => [...Array.from({ length: size }, () => 'node'), 'client'];
const limitMs = 60_000;

export async function node({ startWorker, params, url, link }) {
  let handled = 0;
  const work = ({ n }) => {
    handled += 1;
    return outputOf(n);
  };
  const { node: id, close } = await startWorker(url, { work, others: params.others });
  await link.heard('mark');
  const before = process.cpuUsage();
  await link.tell(`marked by ${id}`);
  await link.heard('count');
  const { user, system } = process.cpuUsage(before);
  await link.tell(`counted by ${id}`, { handled, spentUs: user + system });
  await link.heard('end');
  await close();
}

export async function client({ startNode, params, url, link, address }) {
  const { size, width, tasks, rounds, idleMs } = params;
  const meter = new Meter(url);
  const { fleet, node: own, close } = await startNode(url, []);
  const ids = await nodesOf(fleet, own, size);
  let next = 0;
  const run = (count) =>
    abreast(width * size, [next, (next += count)], async (n) => checkOutput(n, await fleet.run(address, inputOf(n))));
  await run(size * tasks); // each node has run as many, however many there are
  const wordsOf = (word) => Promise.all(ids.map((id) => link.heard(`${word} by ${id}`)));
  await link.tell('mark');
  await wordsOf('marked');
  const each = await spend(meter, tasks, () => run(tasks), rounds);
  await link.tell('count');
  const counts = await wordsOf('counted');
  const sum = (key) => counts.reduce((total, one) => total + one[key], 0);
  expectEqual('the tasks handled by all of them', sum('handled'), next);
  await pause(idleMs / 2);
  const idle = await spend(meter, idleMs / 1_000, () => pause(idleMs));
  await close();
  const { rate, redisUs, nodeUs, commands } = each;
  const processUs = nodeUs + sum('spentUs') / (rounds * tasks);
  return {
    rate,
    redisUs,
    processUs,
    commands,
    idleUs: idle.redisUs,
    idleCommands: idle.commands,
    idleBytes: idle.bytesOut,
  };
}

/** The ids of those that handle tasks, when all are up. */
async function nodesOf(fleet, own, size) {
  for (const startedAt = performance.now(); ; await pause(20)) {
    const up = (await fleet.nodes()).filter(({ node: id, alive }) => alive && id !== own);
    if (up.length === size) return up.map(({ node: id }) => id);
    if (performance.now() - startedAt > limitMs) throw new Error(`expected ${size} nodes, got: ${up.length}`);
  }
}
