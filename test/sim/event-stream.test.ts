/**
 * The event stream as users read it back: replays, ranges in time, and followers with an end.
 */
import { describe, expect, test } from 'vitest';
import type { FleetEvent } from '../../src/agent/event-verbs.ts';
import type { Fleet } from '../../src/compose/fleet.ts';
import { World } from './world.ts';

const upTo = (count: number): number[] => Array.from({ length: count }, (_, index) => index);

async function collect(events: AsyncIterable<FleetEvent>, into: FleetEvent[] = []): Promise<FleetEvent[]> {
  for await (const event of events) into.push(event);
  return into;
}

const dataOf = (events: readonly FleetEvent[]): unknown[] => events.map(({ data }) => data);

/** One broadcast every `everyMs`, the first now; topics `code.x` and `docs.x` in turn. */
async function tell(world: World, fleet: Fleet, count: number, everyMs = 1_000): Promise<void> {
  for (const number of upTo(count)) {
    if (number > 0) await world.advance(everyMs);
    await world.until(fleet.broadcast(number % 2 ? 'docs.x' : 'code.x', number));
  }
}

describe('a replay', () => {
  test('gives every stored event in order up to the newest one there was when it began, and ends', async () => {
    const world = new World();
    const { fleet } = await world.connect();
    await tell(world, fleet, 600, 1);
    const got: FleetEvent[] = [];
    for await (const event of inTime(world, fleet.events.replay())) {
      got.push(event);
      if (got.length <= 5) await world.until(fleet.broadcast('docs.x', 'too late'));
    }
    expect(dataOf(got)).toEqual(upTo(600));
  });

  test('keeps to its range, its topic and its sender', async () => {
    const world = new World();
    const [one, other] = [await world.connect('one'), await world.connect('other')];
    const start = world.clock.now();
    await tell(world, one.fleet, 10);
    await world.until(other.fleet.broadcast('docs.x', 'other'));
    const replay = (filter: Parameters<typeof one.fleet.events.replay>[0]) =>
      world.until(collect(one.fleet.events.replay(filter))).then(dataOf);
    expect(await replay({ topic: 'docs.*', from: 'one' })).toEqual([1, 3, 5, 7, 9]);
    expect(await replay({ from: 'other' })).toEqual(['other']);
    expect(await replay({ since: start + 7_000 })).toEqual([7, 8, 9, 'other']);
    expect(await replay({ since: new Date(start + 2_000), until: start + 4_000 })).toEqual([2, 3, 4]);
    expect(await replay({ since: '3s', until: '2s' })).toEqual([6, 7]);
    const [, , third] = await world.until(one.fleet.events.read());
    expect(await replay({ after: third?.id ?? '', until: '6s' })).toEqual([3]);
    expect(await replay({ since: start + 60_000 })).toEqual([]);
  });

  test('with a speed comes in the rhythm of the events, and ends when it is told to', async () => {
    const world = new World();
    const { fleet, clock } = await world.connect();
    await tell(world, fleet, 11);
    const [begin, got] = [world.clock.monotonic(), [] as FleetEvent[]];
    await world.until(collect(fleet.events.replay({ speed: 10 }), got));
    expect(world.clock.monotonic() - begin).toBe(1_000);
    const [abort, part] = [new AbortController(), [] as FleetEvent[]];
    const replaying = collect(fleet.events.replay({ speed: 1, signal: abort.signal }), part);
    await world.advance(4_500);
    abort.abort();
    await world.until(replaying);
    expect(dataOf(part)).toEqual(upTo(5));
    expect(clock.pending).toBe(0);
  });

  test('goes on when the link was cut meanwhile', async () => {
    const world = new World();
    const { fleet, broker } = await world.connect();
    await tell(world, fleet, 700, 1);
    const got: FleetEvent[] = [];
    for await (const event of inTime(world, fleet.events.replay())) {
      got.push(event);
      if (got.length % 200 !== 0) continue;
      broker.cutLink();
      world.clock.setTimer(300, () => broker.restoreLink());
    }
    expect(dataOf(got)).toEqual(upTo(700));
  });

  test('marks what retention has trimmed of what was asked for, and only that', async () => {
    const world = new World({ events: 10 });
    const { fleet } = await world.connect();
    await tell(world, fleet, 30);
    const gaps = async (filter: Parameters<typeof fleet.events.replay>[0]) =>
      (await world.until(collect(fleet.events.replay(filter)))).map(({ data, gap }) => [data, gap]);
    expect((await gaps({ topic: 'docs.*' })).slice(0, 2)).toEqual([
      [21, true],
      [23, undefined],
    ]);
    expect((await gaps({ since: '5s' }))[0]).toEqual([24, undefined]);
    expect((await gaps({ since: '15s' }))[0]).toEqual([20, true]);
  });

  test('of what is no range is refused', async () => {
    const world = new World();
    const { fleet } = await world.connect();
    const refused = (filter: object) =>
      expect(world.until(collect(fleet.events.replay(filter)))).rejects.toMatchObject({ code: 'range' });
    await refused({ since: 'yesterday' });
    await refused({ until: new Date(Number.NaN) });
    await refused({ after: '0', since: 5 });
    await refused({ speed: 0 });
    await expect(world.until(fleet.events.read({ topic: 'a**b' }))).rejects.toMatchObject({ code: 'topic' });
  });
});

describe('reading and following', () => {
  test('a page holds what lies between two moments', async () => {
    const world = new World();
    const { fleet } = await world.connect();
    await tell(world, fleet, 10);
    expect(dataOf(await world.until(fleet.events.read({ since: '5s', until: '3s' })))).toEqual([4, 5, 6]);
    expect(dataOf(await world.until(fleet.events.read({ since: '5s', limit: 2 })))).toEqual([4, 5]);
  });

  test('a follower begins in the past and ends after its end has passed', async () => {
    const world = new World();
    const { fleet, clock } = await world.connect();
    await tell(world, fleet, 5);
    const got: FleetEvent[] = [];
    const following = collect(fleet.events.follow({ since: '2s', until: world.clock.now() + 3_500 }), got);
    await world.advance(1_000);
    await tell(world, fleet, 3);
    expect(dataOf(got)).toEqual([2, 3, 4, 0, 1, 2]);
    await world.until(following);
    expect(got).toHaveLength(6);
    expect(clock.pending).toBe(0);
  });

  test('a follower tells of a gap also when the next event that it wants comes much later', async () => {
    const world = new World({ events: 5 });
    const { fleet } = await world.connect();
    for (const number of upTo(20)) await world.until(fleet.broadcast('code.x', number));
    const [got, abort] = [[] as FleetEvent[], new AbortController()];
    const following = collect(fleet.events.follow({ after: '0', topic: 'docs.*', signal: abort.signal }), got);
    await world.advance(1_000);
    await world.until(fleet.broadcast('docs.x', 'late'));
    await world.eventually(() => got.length === 1, 'the event');
    expect(got).toMatchObject([{ data: 'late', gap: true }]);
    abort.abort();
    await world.until(following);
  });
});

/** The same events, with time going on while the next one is waited for. */
async function* inTime(world: World, events: AsyncIterable<FleetEvent>): AsyncIterable<FleetEvent> {
  const iterator = events[Symbol.asyncIterator]();
  for (;;) {
    const { done, value } = await world.until(Promise.resolve(iterator.next()));
    if (done === true) return;
    yield value;
  }
}
