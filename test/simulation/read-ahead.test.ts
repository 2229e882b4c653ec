/**
 * An agent that has read further than its node's feed: what the feed brings late is not shown to it once more.
 */
import { Agent, type Broadcast, onBroadcast, pool } from 'agent-runtime';
import { expect, test } from 'vitest';
import { sleep } from '../../src/core/clock.ts';
import { simulate } from '../../src/testing.ts';

const numbers = Array.from({ length: 10 }, (_, number) => number);
let heard: unknown[] = [];

class SlowEarAgent extends Agent {
  static readonly role = 'slowear';
  @onBroadcast('news') async news(event: Broadcast): Promise<void> {
    heard.push(event.data);
    await sleep(this.clock, 70);
  }
}

test.each([3, 5, 7, 9])('broadcasts whose live copy is late from the %ith on come once', async (late) => {
  heard = [];
  const faults = [{ kind: 'late-delivery', at: `n1/onEvent news/${late}`, shape: 0.5 }] as const;
  const sim = await simulate({ agents: [pool(SlowEarAgent, { mailbox: 3 })], faults });
  sim.chaos();
  await Promise.all(numbers.map((number) => sim.fleet.broadcast('news', number)));
  await sim.advance('20s');
  expect(sim.faults).toEqual(faults);
  expect(heard).toEqual(numbers);
  sim.expect.noViolations();
  await sim.close();
});
