/**
 * Claiming tasks for cells that are free, against a broker that answers as the test says (I1 to I4).
 */
import { describe, expect, test } from 'vitest';
import type { ClaimedTask, ClaimRequest, Claims, WaitRequest } from '../../../src/broker/tasks.ts';
import { BrokerError, OwnershipError } from '../../../src/core/errors.ts';
import { Observer } from '../../../src/core/observer.ts';
import type { Cell } from '../../../src/runtime/cell.ts';
import { Intake } from '../../../src/runtime/intake.ts';
import type { Work } from '../../../src/runtime/work.ts';
import { VirtualClock } from '../../../src/sim/virtual-clock.ts';

interface Call<Request> {
  readonly request: Request;
  answer(tasks: readonly ClaimedTask[]): void;
  fail(error: unknown): void;
}

let tasks = 0;
const task = (queue: string): ClaimedTask => ({
  queue,
  receipt: { taskId: `${queue}.n.1-${++tasks}`, priority: 'normal', entry: '1-1', deliveries: 1 },
  envelope: '{}',
  attempt: 1,
  redelivered: false,
});

/** As much of a cell as intake sees. */
class FakeCell {
  readonly spec;
  readonly taken: Work[] = [];
  constructor(id: string, role: string, kind: 'pool' | 'single', size: number) {
    this.spec = { id, kind, table: { role, tasks: new Map([['work', {}]]) } };
    this.size = size;
  }
  size: number;
  running = 0;
  /** Tasks that it takes ahead of its handlers. */
  ahead = 0;
  get slack(): number {
    return this.size - this.taken.length;
  }
  get free(): number {
    return Math.max(0, this.slack);
  }
  get wanted(): number {
    return Math.max(0, this.slack + this.ahead);
  }
  get waiting(): number {
    return Math.max(0, -this.slack);
  }
  takeBack(since: number): Work[] {
    const late = (work: Work): boolean => work.kind === 'task' && work.since <= since;
    return this.taken.splice(this.size).filter((work) => late(work) || this.taken.push(work) < 0);
  }
  accept(work: Work): boolean {
    return this.taken.push(work) > 0;
  }
}

function open(parts: Readonly<Record<string, readonly string[]>> = {}) {
  const clock = new VirtualClock();
  const claims: Call<ClaimRequest>[] = [];
  const outlook: { limited?: Claims['limited'] } = {};
  const waits: Call<WaitRequest>[] = [];
  const released: { task: ClaimedTask; done(): void }[] = [];
  let leases = 0;
  const hold = () => {
    leases++;
    const begin = (): Promise<void> => Promise.resolve();
    return { signal: new AbortController().signal, hasBegun: false, begin, letGo: () => void leases-- };
  };
  const record = <Request>(calls: Call<Request>[], request: Request): Promise<readonly ClaimedTask[]> =>
    new Promise((resolve, reject) => calls.push({ request, answer: resolve, fail: reject }));
  const port = {
    claim: async (request: ClaimRequest) => ({ tasks: await record(claims, request), ...outlook }),
    wait: (request: WaitRequest) => {
      const waiting = record(waits, request);
      const call = waits.at(-1);
      request.signal?.addEventListener('abort', () => call?.answer([]));
      return waiting;
    },
  };
  const intake = new Intake({
    clock,
    observer: new Observer(),
    tasks: port as never,
    node: 'n1',
    leases: { hold } as never,
    partitions: { all: (queue) => parts[queue] ?? [queue] },
    release: (claimed) => new Promise((resolve) => released.push({ task: claimed, done: resolve })),
  });
  const serve = (id: string, role: string, size: number, kind: 'pool' | 'single' = 'pool'): FakeCell => {
    const cell = new FakeCell(id, role, kind, size);
    intake.serve(cell as unknown as Cell);
    return cell;
  };
  const room = (cell: FakeCell): void => intake.onRoom(cell as unknown as Cell);
  /** Answers the newest claim with that many tasks. */
  const give = async (count: number): Promise<void> => {
    const claim = claims.at(-1);
    claim?.answer(Array.from({ length: count }, () => task(claim.request.queue)));
    await clock.settle();
  };
  return { clock, intake, outlook, claims, waits, released, serve, room, give, leases: () => leases };
}

describe('intake', () => {
  test('I1: claims as many tasks as its cells are free, again while claims come back full', async () => {
    const { claims, waits, serve, room, give } = open();
    const cell = serve('a@n1.1', 'a', 3);
    expect(claims.map(({ request }) => [request.queue, request.count])).toEqual([['a', 3]]);
    await give(3);
    expect([claims.length, cell.taken.length, waits.length]).toEqual([1, 3, 0]);
    cell.taken.length = 1;
    room(cell);
    expect(claims.at(-1)?.request.count).toBe(2);
    await give(1);
    expect(waits.map(({ request }) => [request.queues, request.count])).toEqual([[['a'], 1]]);
  });

  test('I4: partitions share the room of their cells: one is claimed from at a time, and each has its turn', async () => {
    const { claims, waits, serve, room, give } = open({ a: ['a', 'a~1', 'a~2'] });
    const cell = serve('a@n1.1', 'a', 2);
    const asked = (): unknown[] => claims.map(({ request: { queue, count } }) => `${queue} ${count}`);
    expect(asked()).toEqual(['a 2']);
    await give(2);
    expect(asked()).toEqual(['a 2']);
    for (const next of ['a~1 2', 'a~2 2', 'a 2']) {
      cell.taken.length = 0;
      room(cell);
      expect(asked().at(-1)).toBe(next);
      await give(2);
    }
    cell.taken.length = 1;
    room(cell);
    for (const queue of ['a~1', 'a~2', 'a']) {
      expect(asked().at(-1)).toBe(`${queue} 1`);
      await give(0);
    }
    expect(waits.at(-1)?.request.queues.toSorted()).toEqual(['a', 'a~1', 'a~2']);
  });

  test('I2: a limited queue is not waited on; it is looked at again on news, on a switch, and after two seconds', async () => {
    const { clock, intake, outlook, claims, waits, serve, give } = open();
    outlook.limited = {};
    const cell = serve('a@n1.1', 'a', 2);
    await give(1);
    expect([claims.length, waits.length, cell.taken.length]).toEqual([1, 0, 1]);
    for (const tell of [
      () => Promise.resolve(intake.onReleased('a')),
      () => Promise.resolve(intake.onSwitched('a')),
      () => Promise.resolve(intake.onReset()),
      () => clock.advance(2_000),
    ]) {
      const before = claims.length;
      await tell();
      expect(claims.length).toBe(before + 1);
      await give(0);
    }
    delete outlook.limited;
    intake.onSwitched('a');
    await give(0);
    expect(waits.map(({ request }) => request.queues)).toEqual([['a']]);
  });

  test('I2: a queue whose rate is used up rests until it leaves room, whatever is told, and not for less than 10 ms', async () => {
    const { clock, intake, outlook, claims, serve, room, give } = open();
    outlook.limited = { againInMs: 400 };
    const cell = serve('a@n1.1', 'a', 1);
    await give(0);
    intake.onReleased('a');
    room(cell);
    await clock.advance(399);
    expect(claims).toHaveLength(1);
    outlook.limited = { againInMs: 1 };
    await clock.advance(1);
    expect(claims).toHaveLength(2);
    await give(0);
    await clock.advance(9);
    expect(claims).toHaveLength(2);
    await clock.advance(1);
    expect(claims).toHaveLength(3);
    await give(0);
    await intake.stop();
    await clock.advance(60_000);
    expect(claims).toHaveLength(3);
  });

  test('I1: spreads what it claimed over the cells with the most room', async () => {
    const { serve, give } = open();
    const [one, two] = [serve('a@n1.1', 'a', 1), serve('a@n1.2', 'a', 2)];
    await give(1);
    await give(2);
    expect([one.taken.length, two.taken.length]).toEqual([1, 2]);
  });

  test('I1: handlers of one cell that end in one tick make room for one claim', async () => {
    const { clock, claims, serve, room, give } = open();
    const cell = serve('a@n1.1', 'a', 4);
    await give(4);
    for (const running of [3, 2, 1]) {
      cell.taken.length = running;
      cell.running = running;
      room(cell);
      expect(claims).toHaveLength(1);
    }
    await clock.settle();
    expect(claims.slice(1).map(({ request }) => request.count)).toEqual([3]);
  });

  test('I1: a single is served from the queue of its role and that of its id', () => {
    const { intake, claims, serve } = open();
    serve('handbook', 'docs', 1, 'single');
    expect([intake.queues(), claims.map(({ request }) => request.queue)]).toEqual([
      ['docs', 'handbook'],
      ['docs', 'handbook'],
    ]);
  });

  test('I2: waits on all drained queues with one call, and renews it when a queue joins', async () => {
    const { clock, waits, serve, give } = open();
    serve('a@n1.1', 'a', 1);
    await give(0);
    serve('b@n1.1', 'b', 1);
    await give(0);
    expect(waits.map(({ request }) => request.queues)).toEqual([['a'], ['a', 'b']]);
    waits[1]?.answer([]);
    await clock.settle();
    expect(waits).toHaveLength(3);
  });

  test('I2: tasks that a wait brings are placed; where there may be more, the queue is looked at again', async () => {
    const { clock, claims, waits, serve, give } = open();
    const cell = serve('a@n1.1', 'a', 4);
    await give(0);
    waits[0]?.answer([task('a')]);
    await clock.settle();
    expect([cell.taken.length, claims.length, waits.length, waits[1]?.request.count]).toEqual([1, 1, 2, 2]);
    waits[1]?.answer([task('a'), task('a')]);
    await clock.settle();
    expect([cell.taken.length, claims.at(-1)?.request.count]).toEqual([3, 1]);
  });

  test('I2: looks by claim at a queue whose tasks were released, and at all after a restored link', async () => {
    const { intake, claims, serve, give } = open();
    serve('a@n1.1', 'a', 1);
    await give(0);
    intake.onReleased('a');
    intake.onReleased('other');
    expect(claims).toHaveLength(2);
    await give(0);
    intake.onReset();
    expect(claims).toHaveLength(3);
  });

  test('I3: what it has taken is leased at once; what it cannot place is released, and not leased any more', async () => {
    const { intake, serve, give, released, leases } = open();
    const cell = serve('a@n1.1', 'a', 1);
    await give(1);
    expect(leases()).toBe(1);
    intake.leave(cell as unknown as Cell);
    intake.place(task('a'));
    expect([released.length, leases()]).toEqual([1, 1]);
  });

  test('goes on after a failure that passes, and does not when the presence is lost', async () => {
    const { clock, claims, waits, serve, give } = open();
    serve('a@n1.1', 'a', 1);
    claims[0]?.fail(new BrokerError('unreachable', 'no link'));
    await clock.advance(1_000);
    claims[1]?.fail(new TypeError('an answer nobody expected'));
    await clock.advance(1_000);
    await give(0);
    waits[0]?.fail(new TypeError('an answer nobody expected'));
    await clock.advance(1_000);
    expect([claims.length, waits.length]).toEqual([3, 2]);
    waits[1]?.fail(new OwnershipError('presence-lost', 'gone'));
    await clock.advance(10_000);
    expect([waits.length, clock.pending]).toEqual([2, 0]);
  });

  test('I4: a stop waits for claims on their way, and for what they brought to be released', async () => {
    const { clock, intake, claims, waits, released, serve, give } = open();
    const [a] = [serve('a@n1.1', 'a', 1), serve('b@n1.1', 'b', 1)];
    await give(0);
    let stopped = false;
    const stopping = intake.stop().then(() => (stopped = true));
    await clock.settle();
    expect([stopped, waits.length]).toEqual([false, 1]);
    claims[0]?.answer([task('a')]);
    await clock.settle();
    expect([stopped, a.taken.length, released.length]).toEqual([false, 0, 1]);
    released[0]?.done();
    await stopping;
    intake.onReset();
    intake.onReleased('a');
    expect([claims.length, waits.length, clock.pending]).toEqual([2, 1, 0]);
  });

  test('I4: a stop during the pause after a failure leaves no timer', async () => {
    const { clock, intake, claims, serve } = open();
    serve('a@n1.1', 'a', 1);
    claims[0]?.fail(new BrokerError('unreachable', 'no link'));
    await clock.settle();
    await intake.stop();
    expect([clock.pending, claims.length]).toEqual([0, 1]);
  });

  test('I1: takes tasks ahead of the handlers where a cell wants them, and gives back what has waited for a second', async () => {
    const { clock, claims, released, serve, give } = open();
    const cell = serve('a@n1.1', 'a', 1);
    cell.ahead = 2;
    claims[0]?.answer([task('a')]);
    await clock.settle();
    expect(claims.at(-1)?.request.count).toBe(2);
    await give(2);
    expect([cell.taken.length, released.length]).toEqual([3, 0]);
    const [running, ...waiting] = cell.taken.map((work) => work.kind === 'task' && work.claimed.receipt.taskId);
    await clock.advance(999);
    expect(released).toHaveLength(0);
    cell.ahead = 0;
    await clock.advance(2);
    expect(released.map(({ task: { receipt } }) => receipt.taskId)).toEqual(waiting);
    expect(cell.taken.map((work) => work.kind === 'task' && work.claimed.receipt.taskId)).toEqual([running]);
  });

  test('I1: takes nothing ahead of a queue that was seen to be limited, until its limits change', async () => {
    const { clock, intake, outlook, claims, serve, room } = open();
    const cell = serve('a@n1.1', 'a', 2);
    cell.ahead = 5;
    outlook.limited = {};
    claims[0]?.answer([]);
    await clock.settle();
    intake.onReleased('a');
    expect(claims.at(-1)?.request.count).toBe(2);
    outlook.limited = undefined;
    claims.at(-1)?.answer([]);
    await clock.settle();
    intake.onSwitched('a');
    room(cell);
    expect(claims.at(-1)?.request.count).toBe(7);
  });
});
