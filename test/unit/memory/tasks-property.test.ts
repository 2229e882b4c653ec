/**
 * Whatever nodes do in whatever order: no task is lost, none is held twice, none is settled twice (T1, T2, T3).
 *
 * Receipts are never thrown away, so that most settles are late ones; only the newest receipt of a task may count.
 */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { ClaimedTask, Outcome } from '../../../src/broker/tasks.ts';
import { MemoryBroker } from '../../../src/memory/broker.ts';
import { MemoryFleet } from '../../../src/memory/fleet.ts';
import { SeededRandom } from '../../../src/sim/seeded-random.ts';
import { VirtualClock } from '../../../src/sim/virtual-clock.ts';

const queue = 'q';
const error = { name: 'Error', code: 'error', message: 'x' };
const outcomes: readonly Outcome[] = [
  { kind: 'complete', result: '1', resultTtlMs: 600_000 },
  { kind: 'dead', reason: 'x', error, resultTtlMs: 600_000 },
  { kind: 'retry', delayMs: 0, error },
  { kind: 'retry', delayMs: 30, error },
  { kind: 'release' },
];

class World {
  readonly clock = new VirtualClock();
  readonly #retention = { events: 10, eventsAgeMs: 1_000 };
  readonly fleet = new MemoryFleet({ clock: this.clock, random: new SeededRandom(1), retention: this.#retention });
  readonly #broker = new MemoryBroker({ fleet: this.fleet, address: 'any' });
  readonly receipts: { readonly task: ClaimedTask; readonly node: string }[] = [];
  readonly ended = new Map<string, number>();
  readonly #newest = new Map<string, ClaimedTask>();
  #seq = 0;

  async start(): Promise<void> {
    await this.#broker.start();
    for (const node of ['a', 'b', 'c'])
      await this.#broker.presence.join({ node, host: 'h', pid: 1, startedAt: 0, status: '' }, 3_600_000);
  }

  async enqueue(delayMs: number): Promise<void> {
    const op = { priority: 'normal' as const, delayMs, envelope: 'x', maxWaiting: 1_000 };
    const frame = { tag: queue, sender: 'client', seq: ++this.#seq, prev: 0, leased: false, ops: [op] };
    for (const reply of await this.#broker.tasks.enqueue(frame))
      if (reply.kind === 'enqueued') this.ended.set(reply.taskId, 0);
  }

  async claim(node: string): Promise<void> {
    this.#handed(node, (await this.#broker.tasks.claim({ queue, node, count: 2 })).tasks);
  }

  async recover(node: string): Promise<void> {
    this.#handed(node, await this.#broker.tasks.recover({ queue, node, count: 2, leaseMs: 50, gone: [] }));
  }

  async settle(pick: number, outcome: Outcome): Promise<void> {
    const held = this.receipts[pick % this.receipts.length];
    if (held === undefined) return;
    const { task, node } = held;
    const isNewest = this.#newest.get(task.receipt.taskId) === task;
    const ops = [{ receipt: task.receipt, outcome }];
    const frame = { tag: queue, sender: node, seq: ++this.#seq, prev: 0, leased: true, ops };
    const [reply] = await this.#broker.tasks.settle(frame);
    expect(reply).toBe(isNewest ? 'settled' : 'stale');
    if (!isNewest) return;
    this.#newest.delete(task.receipt.taskId);
    if (outcome.kind === 'complete' || outcome.kind === 'dead')
      this.ended.set(task.receipt.taskId, (this.ended.get(task.receipt.taskId) ?? 0) + 1);
  }

  async pass(ms: number): Promise<void> {
    await this.clock.advance(ms);
    await this.#broker.tasks.promote({ queue, node: 'a', count: 100 });
  }

  check(): void {
    const { tasks, claimed, parked, waiting, released } = this.fleet.queue(queue);
    const places = [claimed, parked, waiting.normal, released.normal];
    for (const [id, times] of this.ended) {
      const found = places.filter((place) => place.has(id)).length;
      expect([id, found, tasks.has(id), times]).toEqual(times === 0 ? [id, 1, true, 0] : [id, 0, false, 1]);
    }
    expect(new Set(claimed.keys())).toEqual(new Set(this.#newest.keys()));
  }

  #handed(node: string, tasks: readonly ClaimedTask[]): void {
    for (const task of tasks) {
      this.receipts.push({ task, node });
      this.#newest.set(task.receipt.taskId, task);
    }
  }
}

const node = fc.constantFrom('a', 'b', 'c');
const step = fc.oneof(
  fc.constantFrom(0, 0, 40).map((delayMs) => (world: World) => world.enqueue(delayMs)),
  node.map((name) => (world: World) => world.claim(name)),
  node.map((name) => (world: World) => world.recover(name)),
  fc.integer({ min: 1, max: 60 }).map((ms) => (world: World) => world.pass(ms)),
  fc.tuple(fc.nat(50), fc.constantFrom(...outcomes)).map(
    ([pick, outcome]) =>
      (world: World) =>
        world.settle(pick, outcome),
  ),
);

test('T1, T2, T3: every accepted task is in one place until it ends, once, by its newest receipt', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 10, maxLength: 60 }), async (steps) => {
      const world = new World();
      await world.start();
      for (const act of steps) {
        await act(world);
        world.check();
      }
    }),
    { numRuns: 150, seed: 20_260_101 },
  );
});
