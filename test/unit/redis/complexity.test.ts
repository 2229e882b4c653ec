/**
 * What a call costs Redis does not depend on how much there is: its commands are counted, those of scripts included, in a fleet that has
 * little of everything and in one that has much of it.
 *
 * Each script says in its header what it costs; the tables in counted/ say the same in commands. How many elements a command touches
 * is not counted: reads.test.ts looks after that.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { countedClassic } from './counted/classic.ts';
import { commandsOf, type Counted, sumOf } from './counted/count.ts';
import { type Crowd, openCrowd } from './counted/crowd.ts';
import { countedFleet } from './counted/fleet.ts';
import { countedLocks } from './counted/locks.ts';
import { countedMail } from './counted/mail.ts';
import { countedTasks } from './counted/tasks.ts';

const counted = [...countedTasks, ...countedMail, ...countedFleet, ...countedLocks, ...countedClassic];
const mostOps = 128;
const lua = new URL('../../../src/redis/lua/', import.meta.url);

/** Scripts that no call of a port runs a fixed number of times, and why. */
const leftOut: Readonly<Record<string, string>> = {
  'forget-agents': 'a node that joins looks at a random sample of agents: bounded.test.ts counts the looks',
};

let few: Crowd;
let much: Crowd;

beforeAll(async () => {
  few = await openCrowd(10);
  much = await openCrowd(2_000);
}, 60_000);
afterAll(async () => {
  await few.stop();
  await much.stop();
});

async function countOf(crowd: Crowd, { arrange }: Counted, ops: number): Promise<Readonly<Record<string, number>>> {
  const call = await arrange(crowd, ops);
  let done = 0;
  const commands = await commandsOf(crowd.raw, async () => {
    done = await call();
  });
  expect(done, 'operations that took effect').toBe(ops);
  return commands;
}

/** The commands of a call with much of everything, which are those with little of it. */
async function countAnywhere(one: Counted, ops: number): Promise<number> {
  const [small, large] = [await countOf(few, one, ops), await countOf(much, one, ops)];
  if (one.spread === undefined) expect(large).toEqual(small);
  else expect(Math.abs(sumOf(large) - sumOf(small))).toBeLessThanOrEqual(one.spread[0] * ops);
  return sumOf(large);
}

describe('a call takes the same commands whatever the backlog, and so many for each operation', () => {
  test.each(counted)('$title', async (one) => {
    for (const crowd of [few, much]) await (await one.arrange(crowd, 1))(); // owners are known, and groups are made
    expect(await countAnywhere(one, 1)).toBeLessThanOrEqual(one.one);
    if (one.each === undefined) return;
    expect(await countAnywhere(one, mostOps)).toBeLessThanOrEqual(one.one + (mostOps - 1) * one.each);
  });
});

describe('every script is accounted for', () => {
  const scripts = readdirSync(lua).flatMap((file) => (file.endsWith('.lua') ? [file.slice(0, -4)] : []));

  test('every script says what it costs', () => {
    const silent = scripts.filter(
      (name) => !/^-- Complexity: O\(/m.test(readFileSync(new URL(`${name}.lua`, lua), 'utf8')),
    );
    expect(scripts.length).toBeGreaterThan(40);
    expect(silent).toEqual([]);
  });

  test('every script is counted, or it says here why not', () => {
    const named = new Set(counted.flatMap((one) => one.of.split(', ')));
    expect(scripts.filter((name) => !named.has(name))).toEqual(Object.keys(leftOut));
  });
});
