import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { commandsOf, type Counted, sumOf } from './counted/count.ts';
import { type Crowd, openCrowd } from './counted/crowd.ts';
import { countedFleet } from './counted/fleet.ts';
import { countedTasks } from './counted/tasks.ts';

const counted = [...countedTasks, ...countedFleet];
const mostOps = 128;
let few: Crowd;
let many: Crowd;

beforeAll(async () => {
  const t = performance.now();
  few = await openCrowd(10);
  many = await openCrowd(2_000);
  console.log('fill', performance.now() - t);
}, 60_000);
afterAll(async () => {
  await few.stop();
  await many.stop();
});

async function countOf(crowd: Crowd, { arrange }: Counted, ops: number) {
  const call = await arrange(crowd, ops);
  let done = 0;
  const commands = await commandsOf(crowd.raw, async () => (done = await call()));
  expect(done, 'operations that took effect').toBe(ops);
  return commands;
}

describe('x', () => {
  test.each(counted)('$title', async (one) => {
    await (await one.arrange(few, 1))();
    await (await one.arrange(many, 1))();
    const a = await countOf(few, one, 1);
    const b = await countOf(many, one, 1);
    const c = one.each === undefined ? undefined : await countOf(few, one, mostOps);
    const d = one.each === undefined ? undefined : await countOf(many, one, mostOps);
    console.log('ROW', one.of, '|', one.title, '|', sumOf(a), sumOf(b), c && sumOf(c), d && sumOf(d), d && (sumOf(d) - sumOf(b)) / 127, JSON.stringify(b), JSON.stringify(d));
  });
});
