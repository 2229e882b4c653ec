/**
 * Tasks between two processes: one hands them over as fast as it can, in batches of 500 at a time, the other one handles them.
 */
import { sharedTime } from '../run/link.js';
import { Tally } from '../run/tally.js';
import { checkResults, fill } from './tasks.js';

export const roles = ['server', 'client'];

export async function server({ openTasks, params, url, link }) {
  const { n, warm, concurrency } = params;
  const tally = new Tally();
  const system = await openTasks({ url, work: tally.work, onSettled: tally.end });
  await system.consume(concurrency);
  await link.tell('ready');
  await tally.reached(warm);
  await link.tell('warm');
  await tally.reached(warm + n);
  await link.tell('done', { at: sharedTime() });
  tally.check(warm + n);
  await link.heard('end');
}

export async function client({ openTasks, params, url, link }) {
  const { n, warm, bulk } = params;
  const system = await openTasks({ url });
  await system.produce();
  await link.heard('ready');
  const handles = await fill(system, { from: 0, to: warm, bulk });
  await link.heard('warm');
  const startedAt = sharedTime();
  handles.push(...(await fill(system, { from: warm, to: warm + n, bulk })));
  const { at } = await link.heard('done');
  await checkResults(system, handles);
  return { rate: (1_000 * n) / (at - startedAt) };
}
