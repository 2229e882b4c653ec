/**
 * Invariants that have to be seen to fail: each is broken on purpose, in the running code, and a simulation says so.
 *
 * What is broken here is put back after each test.
 */
import { Agent, onTask, pool, type Task } from 'agent-runtime';
import { afterEach, describe, expect, test, vi } from 'vitest';
import type { Notice } from '../../src/broker/notices.ts';
import { Asks } from '../../src/client/asks.ts';
import { Member } from '../../src/client/member.ts';
import { Exchange } from '../../src/memory/exchange.ts';
import { MemoryLocks } from '../../src/memory/locks.ts';
import { MemoryPresence } from '../../src/memory/presence.ts';
import { Duty } from '../../src/runtime/duty.ts';
import { GivingBack } from '../../src/runtime/giving-back.ts';
import { simulate, type Simulation } from '../../src/testing.ts';
import { agents } from './agents.ts';

afterEach(() => vi.restoreAllMocks());

function broken(sim: Simulation, invariant: string): string[] {
  return sim
    .violations()
    .filter((violation) => violation.invariant === invariant)
    .map(({ what }) => what);
}

describe('every ask ends, once, and with its own answer', () => {
  const invariant = 'every ask ends, once, and with its own answer';
  const asking = async (): Promise<string[]> => {
    const sim = await simulate({ nodes: 2, agents });
    const asked = [1, 2, 3].map((number) => sim.fleet.ask('desk', 'who', number, { deadline: '5s' }));
    await sim.advance('40s');
    await Promise.race([Promise.allSettled(asked), sim.advance('1s')]);
    const found = broken(sim, invariant);
    await sim.close();
    return found;
  };

  test('holds', async () => {
    expect(await asking()).toEqual([]);
  });

  test('is broken by an answer that goes to another ask', async () => {
    const onNotice = Reflect.get(Asks.prototype, 'onNotice');
    const swapped = new Map<string, string>();
    let before: Notice | undefined;
    vi.spyOn(Asks.prototype, 'onNotice').mockImplementation(function (this: Asks, notice) {
      if (notice.kind !== 'reply') return onNotice.call(this, notice);
      if (before?.kind === 'reply') swapped.set(before.askId, notice.askId);
      const other = before?.kind === 'reply' ? before.askId : notice.askId;
      const now = before === undefined ? undefined : { ...notice, askId: other };
      before = notice;
      if (now !== undefined) onNotice.call(this, now);
    });
    expect((await asking()).join('\n')).toMatch(
      /^ask \w+ of client to desk \(who\) got .*, which nobody answered it$/m,
    );
  });

  test('is broken by an ask that never ends', async () => {
    vi.spyOn(Asks.prototype, 'ask').mockImplementation(() => new Promise(() => {}));
    expect((await asking()).join('\n')).toMatch(/^ask \w+ of client to desk \(who\) never ended$/m);
  });

  test('is broken by a question that is handled twice', async () => {
    const postNotice = Reflect.get(Exchange.prototype, 'postNotice');
    vi.spyOn(Exchange.prototype, 'postNotice').mockImplementation(function (this: Exchange, address, notice) {
      postNotice.call(this, address, notice);
      if (notice.kind === 'ask') postNotice.call(this, address, notice);
    });
    expect((await asking()).join('\n')).toMatch(/^ask \w+ was handled 2 times$/m);
  });
});

class HoldAgent extends Agent {
  static readonly role = 'hold';
  @onTask('hold') async hold(_task: Task): Promise<void> {
    await this.withLock('door', { lease: '5m' }, async () => {
      await new Promise<void>((resolve) => void this.clock.setTimer(500, resolve));
    });
  }
}

describe('a node that stops in order leaves nothing', () => {
  const stopping = async (): Promise<string[]> => {
    const sim = await simulate({ nodes: 2, agents: [...agents, pool(HoldAgent)] });
    for (let number = 0; number < 4; number++) await sim.fleet.enqueue(HoldAgent, 'hold', number);
    await sim.advance('700ms');
    for (const node of sim.nodes) await sim.stop(node);
    const found = broken(sim, 'a node that stops in order leaves nothing');
    await sim.close();
    return found;
  };

  test('holds', async () => {
    expect(await stopping()).toEqual([]);
  });

  test.each([
    [
      'a call',
      () => vi.spyOn(Member.prototype, 'stop').mockImplementation(asksOnceMore),
      /with 1 call to the broker under way$/m,
    ],
    ['a timer', () => vi.spyOn(Duty.prototype, 'stop').mockResolvedValue(), /^n1 has ended and left \d+ timers?$/m],
    ['its presence', () => vi.spyOn(MemoryPresence.prototype, 'leave').mockResolvedValue(), /left its presence$/m],
    ['an activation', () => vi.spyOn(GivingBack.prototype, 'add').mockResolvedValue(), /left the activation of desk$/m],
    ['a lock', () => vi.spyOn(MemoryLocks.prototype, 'release').mockResolvedValue(true), /left the lock door$/m],
    [
      'a subscription',
      () => vi.spyOn(Exchange.prototype, 'listenNotices').mockImplementation(listensForEver),
      /left a subscription to notices$/m,
    ],
  ] as const)('is broken by %s that stays', async (_, plant, words) => {
    plant();
    expect((await stopping()).join('\n')).toMatch(words);
  });

  const stop = Reflect.get(Member.prototype, 'stop');
  function asksOnceMore(this: Member): Promise<void> {
    this.deps.broker.presence.nodes().catch(() => undefined); // nobody waits for it
    return stop.call(this);
  }

  function listensForEver(this: Exchange, ...[link, address, listener]: Parameters<Exchange['listenNotices']>) {
    const ears = this.notices.get(address) ?? new Set();
    this.notices.set(address, ears.add({ link, listener, open: true }));
    return { close: () => Promise.resolve() };
  }
});
