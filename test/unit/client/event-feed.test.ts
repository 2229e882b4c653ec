/**
 * The feed against a stream whose live copy does what the test says (B1 to B5).
 */
import { describe, expect, test } from 'vitest';
import type { EventListener, EventPage, EventPort, EventRecord } from '../../../src/broker/events.ts';
import { EventFeed } from '../../../src/client/event-feed.ts';
import { BrokerError } from '../../../src/core/errors.ts';
import { Observer } from '../../../src/core/observer.ts';
import { SeededRandom } from '../../../src/sim/seeded-random.ts';
import { VirtualClock } from '../../../src/sim/virtual-clock.ts';

function open() {
  const clock = new VirtualClock();
  const stream: EventRecord[] = [];
  const state = { trimmed: 0, reads: 0, failing: 0, closed: 0 };
  let live: EventListener | undefined;
  const number = (id: string): number => Number(id.split('-')[0]);
  const read = async ({ after, count }: { after: string; count: number }): Promise<EventPage> => {
    state.reads++;
    await Promise.resolve();
    if (state.failing-- > 0) throw new BrokerError('unreachable', 'no link');
    const events = stream.filter(({ id }) => number(id) > Math.max(number(after), state.trimmed)).slice(0, count);
    return { events, gap: number(after) < state.trimmed };
  };
  const events: Pick<EventPort, 'read' | 'last' | 'listen'> = {
    read,
    last: () => Promise.resolve(stream.at(-1)?.id ?? '0'),
    listen: (listener) => {
      live = listener;
      return Promise.resolve({ close: () => Promise.resolve(void state.closed++) });
    },
  };
  const append = (own: Partial<EventRecord> = {}): EventRecord => {
    const id = `${stream.length + 1}-0`;
    const event = { id, prev: stream.at(-1)?.id ?? '0', topic: 't', from: 'x', data: '1', sentAt: 0, ...own };
    stream.push(event);
    return event;
  };
  const feed = new EventFeed({
    broker: { events } as never,
    clock,
    random: new SeededRandom(1),
    observer: new Observer(),
  });
  const heard: string[] = [];
  feed.subscribe({
    onEvent: ({ id }) => void heard.push(id),
    onGap: (after, next) => void heard.push(`gap ${after} ${next}`),
  });
  return { clock, stream, state, feed, heard, append, live: () => live as EventListener, events };
}

const ids = (from: number, to: number): string[] =>
  Array.from({ length: to - from + 1 }, (_, index) => `${from + index}-0`);

describe('the feed', () => {
  test('B1: begins at the end of the stream and misses nothing that comes after its start', async () => {
    const { feed, heard, append, live, clock } = open();
    append();
    const starting = feed.start();
    await starting;
    live().onEvent(append());
    await clock.settle();
    expect([heard, feed.cursor]).toEqual([['2-0'], '2-0']);
  });

  test('B5: passes over what comes again and was delivered, live and read, and delivers what was not', async () => {
    const { feed, heard, append, live, clock } = open();
    await feed.start();
    await clock.settle();
    live().onEvent(append({ opId: 'a' }));
    live().onEvent(append({ opId: 'b' }));
    live().onEvent(append({ opId: 'a', again: true }));
    append({ opId: 'b', again: true });
    append({ opId: 'c', again: true });
    live().onReset();
    await clock.settle();
    expect(heard).toEqual(['1-0', '2-0', '5-0']);
  });

  test('B2: delivers a live successor without reading, and reads where one is missing', async () => {
    const { feed, heard, append, live, clock, state } = open();
    await feed.start();
    await clock.settle();
    state.reads = 0;
    live().onEvent(append());
    expect([heard, state.reads]).toEqual([['1-0'], 0]);
    append();
    live().onEvent(append());
    await clock.settle();
    expect([heard, state.reads]).toEqual([ids(1, 3), 1]);
  });

  test('B2: reads after a restored link, and at a hint again and again until the event is there', async () => {
    const { feed, heard, append, live, clock } = open();
    await feed.start();
    append();
    live().onReset();
    await clock.settle();
    expect(heard).toEqual(['1-0']);
    live().onHint('');
    await clock.advance(300);
    append();
    await clock.advance(1_000);
    expect(heard).toEqual(['1-0']);
    await clock.advance(1_000);
    expect(heard).toEqual(ids(1, 2));
    expect(clock.pending).toBe(0);
  });

  test('B2: keeps a handful of timers however many hints there are, and looks after the last of them, too', async () => {
    const { feed, heard, append, live, clock } = open();
    await feed.start();
    for (let index = 0; index < 1_000; index++) {
      live().onHint('');
      if (index % 100 === 0) await clock.advance(7);
    }
    expect(clock.pending).toBeLessThanOrEqual(4);
    await clock.advance(150);
    append();
    await clock.advance(4_000);
    expect([heard, clock.pending]).toEqual([['1-0'], 0]);
  });

  test('B3: delivers in order and once what arrives while it reads', async () => {
    const { feed, heard, append, live, clock } = open();
    await feed.start();
    append();
    live().onReset();
    live().onEvent(append());
    live().onEvent(append());
    live().onReset();
    await clock.settle();
    live().onEvent(append());
    await clock.settle();
    expect(heard).toEqual(ids(1, 4));
  });

  test('B3: reads many pages in order, and repeats a read that failed', async () => {
    const { feed, heard, append, live, clock, state } = open();
    await feed.start();
    for (let index = 0; index < 700; index++) append();
    state.failing = 3;
    live().onReset();
    await clock.advance(10_000);
    expect(heard).toEqual(ids(1, 700));
  });

  test('B4: tells a gap once and goes on behind it', async () => {
    const { feed, heard, append, live, clock, state } = open();
    await feed.start();
    for (let index = 0; index < 5; index++) append();
    state.trimmed = 3;
    live().onReset();
    await clock.settle();
    expect(heard).toEqual(['gap 0 4-0', '4-0', '5-0']);
  });

  test('B4: tells a gap once when everything was trimmed', async () => {
    const { feed, heard, append, live, clock, state } = open();
    await feed.start();
    for (let index = 0; index < 5; index++) append();
    state.trimmed = 5;
    live().onReset();
    await clock.settle();
    live().onReset();
    await clock.settle();
    live().onEvent(append());
    await clock.settle();
    expect(heard).toEqual(['gap 0 5-0', '6-0']);
  });

  test('can be started again after a start that failed, and listens once', async () => {
    const { feed, events, heard, append, live, clock } = open();
    const { last } = events;
    events.last = () => Promise.reject(new BrokerError('unreachable', 'no link'));
    await expect(feed.start()).rejects.toMatchObject({ code: 'unreachable' });
    events.last = last;
    await feed.start();
    live().onEvent(append());
    await clock.settle();
    expect(heard).toEqual(['1-0']);
  });

  test('leaves no timer when it is stopped in the middle of a failing read, and closes what it opened', async () => {
    const { feed, live, clock, state, append } = open();
    await feed.start();
    state.failing = 1_000;
    live().onHint('');
    live().onReset();
    await clock.settle();
    await feed.stop();
    live().onHint('');
    live().onEvent(append());
    await clock.settle();
    expect([clock.pending, state.closed]).toEqual([0, 1]);
  });

  test('closes its subscription also when it is stopped while it starts', async () => {
    const { feed, state } = open();
    const starting = feed.start();
    await feed.stop();
    await starting;
    expect(state.closed).toBe(1);
  });
});
