/**
 * Durable subscriptions of whole fleets under virtual time: what was broadcast while the agent was away, and what a crash repeats.
 */
import { describe, expect, test } from 'vitest';
import { Agent } from '../../src/agent/agent.ts';
import { onBroadcast } from '../../src/agent/decorators.ts';
import type { Broadcast } from '../../src/agent/envelopes.ts';
import { pool, single } from '../../src/agent/hosting.ts';
import { sleep } from '../../src/core/clock.ts';
import { saidOf, type SimNode, World } from './world.ts';

interface Heard {
  readonly node: string;
  readonly data: unknown;
  readonly again: boolean;
}

const upTo = (count: number, from = 0): number[] => Array.from({ length: count }, (_, index) => from + index);

/** What the agents of a fleet have begun to handle and told of, on whatever node they ran. */
class Ledger {
  readonly heard: Heard[] = [];
  /** Whose handler has come to its end. */
  readonly done = new Set<unknown>();
  readonly live: unknown[] = [];
  readonly gaps: Broadcast[] = [];
  /** Milliseconds that a handler takes. */
  handlingMs = 0;

  get data(): unknown[] {
    return this.heard.map(({ data }) => data);
  }

  get repeats(): unknown[] {
    return this.heard.filter(({ again }) => again).map(({ data }) => data);
  }

  start(world: World, id: string, options: { mailbox?: number; concurrency?: number } = {}): Promise<SimNode> {
    return world.start(id, [single(agentOn(this, id), options)]);
  }
}

/** The agent as `node` runs it, writing into `ledger`. */
function agentOn(ledger: Ledger, node: string) {
  return class OrderAgent extends Agent {
    static readonly role = 'orders';
    @onBroadcast('order.*', { durable: true }) async onOrder(event: Broadcast): Promise<void> {
      ledger.heard.push({ node, data: event.data, again: event.redelivered === true });
      if (ledger.handlingMs > 0) await sleep(this.clock, ledger.handlingMs);
      ledger.done.add(event.data);
    }
    @onBroadcast('order.paid') onLive(event: Broadcast): void {
      ledger.live.push(event.data);
    }
    @onBroadcast('runtime.gap') onGap(event: Broadcast): void {
      ledger.gaps.push(event);
    }
  };
}

async function broadcastAll(world: World, numbers: readonly number[], topic = 'order.paid'): Promise<void> {
  const { fleet } = await world.connect();
  for (const number of numbers) await world.until(fleet.broadcast(topic, number));
  await world.until(fleet.close());
}

describe('a durable subscription', () => {
  test('begins when its agent is up for the first time, and goes on from there after a restart', async () => {
    const [world, ledger] = [new World(), new Ledger()];
    await broadcastAll(world, upTo(3));
    const first = await ledger.start(world, 'n1');
    await broadcastAll(world, upTo(3, 3));
    await world.eventually(() => ledger.heard.length === 3, 'what was broadcast while it was up');
    await world.until(first.node.stop());
    await broadcastAll(world, upTo(3, 6));
    await ledger.start(world, 'n2');
    await broadcastAll(world, upTo(3, 9));
    await world.eventually(() => ledger.heard.length === 9, 'the rest');
    await world.advance(5_000);
    expect(ledger.data).toEqual(upTo(9, 3));
    expect(ledger.repeats).toEqual([]);
    expect(ledger.live).toEqual([...upTo(3, 3), ...upTo(3, 9)]);
    expect(ledger.gaps).toEqual([]);
  });

  test('that never heard anything keeps its beginning over a crash', async () => {
    const [world, ledger] = [new World(), new Ledger()];
    world.crash(await ledger.start(world, 'n1'));
    await broadcastAll(world, upTo(2));
    await ledger.start(world, 'n2');
    await world.eventually(() => ledger.heard.length === 2, 'what was broadcast before it came back');
    expect(ledger.data).toEqual(upTo(2));
    expect(ledger.repeats).toEqual([]);
  });

  test('repeats after a crash what was handled and not stored yet, marked, and misses nothing', async () => {
    const [world, ledger] = [new World(), new Ledger()];
    const first = await ledger.start(world, 'n1');
    await broadcastAll(world, upTo(4));
    await world.eventually(() => ledger.heard.length === 4, 'the first ones');
    await world.advance(2_000);
    await broadcastAll(world, upTo(3, 4));
    await world.eventually(() => ledger.heard.length === 7, 'those that are not stored as handled');
    world.crash(first);
    await broadcastAll(world, upTo(3, 7));
    await ledger.start(world, 'n2');
    await world.eventually(() => ledger.data.includes(9), 'the newest');
    const second = ledger.heard.filter(({ node }) => node === 'n2');
    expect(second.map(({ data }) => data).slice(-3)).toEqual(upTo(3, 7));
    expect(ledger.repeats).toContain(6);
    expect(second.map(({ data, again }) => [data, again])).toEqual(second.map(({ data }) => [data, Number(data) < 7]));
    expect(ledger.heard.filter(({ node }) => node === 'n1').every(({ again }) => !again)).toBe(true);
  });

  test('that ends in the middle of a handler repeats that event alone, marked', async () => {
    const [world, ledger] = [new World(), new Ledger()];
    ledger.handlingMs = 60_000;
    const first = await ledger.start(world, 'n1');
    await broadcastAll(world, upTo(5));
    await world.eventually(() => ledger.heard.length === 1, 'the first handler');
    await world.until(first.node.stop({ graceMs: 10 }));
    ledger.handlingMs = 0;
    await ledger.start(world, 'n2');
    await world.eventually(() => ledger.heard.length === 6, 'the rest');
    expect(ledger.data).toEqual([0, ...upTo(5)]);
    expect(ledger.repeats).toEqual([0]);
  });

  test('is taken over by another node, and the old one can neither go on nor set it back', async () => {
    const [world, ledger] = [new World(), new Ledger()];
    const [first, second] = [await ledger.start(world, 'n1'), await ledger.start(world, 'n2')];
    await broadcastAll(world, upTo(10));
    await world.eventually(() => ledger.heard.length === 10, 'the first node to hear');
    world.pause(first);
    await broadcastAll(world, upTo(10, 10));
    await world.eventually(() => ledger.data.includes(19), 'the take-over');
    await world.advance(5_000);
    world.resume(first);
    await broadcastAll(world, upTo(10, 20));
    await world.advance(10_000);
    expect(ledger.heard.filter(({ again }) => !again).map(({ data }) => data)).toEqual(upTo(30));
    expect(new Set(ledger.heard.slice(10).map(({ node }) => node))).toEqual(new Set(['n2']));
    world.crash(second);
    await ledger.start(world, 'n3');
    await world.advance(10_000);
    const third = ledger.heard.filter(({ node }) => node === 'n3');
    expect(third).toEqual([]);
  });

  test('is told of the gap first where retention has trimmed what it missed, then hears what is left', async () => {
    const [world, ledger] = [new World({ events: 5 }), new Ledger()];
    const first = await ledger.start(world, 'n1');
    await broadcastAll(world, [0]);
    await world.eventually(() => ledger.heard.length === 1, 'the first one');
    await world.until(first.node.stop());
    await broadcastAll(world, upTo(20, 1));
    const second = await ledger.start(world, 'n2');
    await world.eventually(() => ledger.heard.length === 6, 'what is left');
    await world.advance(5_000);
    expect(ledger.data).toEqual([0, ...upTo(5, 16)]);
    expect(ledger.gaps).toMatchObject([{ topic: 'runtime.gap', gap: true }]);
    expect(saidOf(second, 'broadcast.gap')).toHaveLength(1);
    expect(ledger.repeats).toEqual([]);
  });

  test('is told of a gap also when nothing is left, and not again after a restart', async () => {
    const [world, ledger] = [new World({ eventsAgeMs: 60_000 }), new Ledger()];
    await world.until((await ledger.start(world, 'n1')).node.stop());
    await broadcastAll(world, upTo(3));
    await world.start('idle', [single(IdleAgent)]);
    await world.advance(200_000);
    expect(world.fleet.events).toEqual([]);
    const second = await ledger.start(world, 'n2');
    await world.eventually(() => ledger.gaps.length === 1, 'the gap');
    await world.until(second.node.stop());
    await ledger.start(world, 'n3');
    await broadcastAll(world, [7]);
    await world.eventually(() => ledger.heard.length === 1, 'the next one');
    expect(ledger.gaps).toHaveLength(1);
    expect(ledger.data).toEqual([7]);
  });

  test('of a slow agent leaves in the stream what it has not reached, and stores its position seldom', async () => {
    const [world, ledger] = [new World(), new Ledger()];
    ledger.handlingMs = 5;
    const { node, broker } = await ledger.start(world, 'n1');
    let saves = 0;
    const save = broker.events.savePosition.bind(broker.events);
    broker.events.savePosition = (...args) => (saves++, save(...args));
    await broadcastAll(world, upTo(1_000));
    expect(node.cells[0]?.waiting).toBeLessThanOrEqual(128);
    expect(ledger.heard.length).toBeLessThan(500);
    await world.eventually(() => ledger.heard.length === 1_000, 'the slow agent');
    expect(ledger.data).toEqual(upTo(1_000));
    expect(saves).toBeLessThan(200);
  });

  test('passes over what nobody listens to, and does not read it again after a crash', async () => {
    const [world, ledger] = [new World(), new Ledger()];
    const first = await ledger.start(world, 'n1');
    await broadcastAll(world, upTo(200), 'code.saved');
    await world.advance(5_000);
    const { handled } = world.fleet.positions.get('orders') ?? {};
    expect(handled).toBe(world.fleet.lastEvent);
    world.crash(first);
    await ledger.start(world, 'n2');
    await world.advance(5_000);
    expect(ledger.heard).toEqual([]);
  });

  test.each(upTo(12))(
    'with seed %i: whatever crashes, nothing is missed and nothing is repeated unmarked',
    async (seed) => {
      const [world, ledger] = [new World({ seed }), new Ledger()];
      const { random } = world;
      ledger.handlingMs = seed % 3 === 0 ? 0 : 7;
      const concurrency = 1 + (seed % 2) * 3;
      const { fleet } = await world.connect();
      let node = await ledger.start(world, 'n0', { concurrency });
      const sends: Promise<string>[] = [];
      for (const number of upTo(600)) {
        sends.push(fleet.broadcast('order.paid', number));
        await world.advance(Math.floor(random.fraction('pause') * 8));
        const chance = random.fraction('fault');
        if (chance > 0.02) continue;
        if (chance < 0.012) world.crash(node);
        else await world.until(node.node.stop({ graceMs: 3 }));
        node = await ledger.start(world, `n${number}`, { concurrency });
      }
      await world.until(Promise.all(sends));
      await world.eventually(() => ledger.done.size === 600, 'every event to be handled to its end');
      await world.advance(5_000);
      const fresh = ledger.heard.filter(({ again }) => !again).map(({ data }) => data);
      expect(new Set(fresh).size).toBe(fresh.length);
      expect(fresh).toEqual([...fresh].sort((a, b) => Number(a) - Number(b)));
      for (const id of new Set(ledger.heard.map(({ node: on }) => on))) {
        const own = ledger.heard.filter(({ node: on }) => on === id).map(({ data }) => Number(data));
        expect(own).toEqual([...own].sort((a, b) => a - b));
        expect(new Set(own).size).toBe(own.length);
      }
    },
  );

  test('of a pool is refused, because its agents have no id that stays', () => {
    const [world, ledger] = [new World(), new Ledger()];
    expect(() => world.make('n1', [pool(agentOn(ledger, 'n1'))])).toThrow(/hosted by single\(\).*"order\.\*"/);
  });
});

class IdleAgent extends Agent {
  static readonly role = 'idle';
  @onBroadcast('nothing') nothing(): void {}
}
