/**
 * Where keys are in a Redis Cluster: their slots, and that whatever one script touches is in one of them.
 */
import { describe, expect, test } from 'vitest';
import { partitionsOf } from '../../../src/broker/partitions.ts';
import { keyOf } from '../../../src/redis/command-keys.ts';
import { slotOf } from '../../../src/redis/key-slot.ts';
import { Keys } from '../../../src/redis/keys.ts';
import { allPlaces, placeOf } from '../../../src/redis/places.ts';

const keys = new Keys({ fleet: 'f', db: 0, classic: false, cluster: true });
const slotsOf = (names: readonly string[]): number => new Set(names.map(slotOf)).size;

test('a slot is the one that the specification gives, of the hash tag where there is one', () => {
  expect(slotOf('123456789')).toBe(0x31c3);
  expect(slotOf('{user1000}.following')).toBe(slotOf('{user1000}.followers'));
  expect(slotOf('foo{{bar}}zap')).toBe(slotOf('{bar'));
  expect(slotOf('foo{bar}{zap}')).toBe(slotOf('bar'));
  expect(slotOf('foo{}{bar}')).not.toBe(slotOf('bar'));
});

describe('in a cluster', () => {
  test('a queue shares a slot with the lease of a node beside it, a shard and the events with theirs', () => {
    const { streams, key, result, progress, parts, ...rest } = keys.queue('audit');
    const made = [key('k'), result('n.1-1'), progress('n.1-1'), parts('n.1-1'), keys.frames('q:audit', 'settle', 's')];
    expect(slotsOf([...streams, ...Object.values(rest), ...made, keys.lease('n1', 'q:audit')])).toBe(1);
    const { inbox, dead, key: messageKey, ...shard } = keys.mail('m3');
    const letters = [inbox('a'), dead('a'), messageKey('a', 'k'), keys.frames('m3', 'send', 's')];
    expect(slotsOf([...Object.values(shard), ...letters, keys.lease('n1', 'm3')])).toBe(1);
    expect(slotsOf([...Object.values(keys.events), keys.frames('ev', 'append', 's'), keys.lease('n1', 'ev')])).toBe(1);
    expect(slotsOf([...Object.values(keys.presence), ...Object.values(keys.lifecycle), keys.lease('n1')])).toBe(1);
    expect(slotsOf([...Object.values(keys.foreign), keys.events.stream, keys.quarantine.about])).toBe(1);
    expect(slotsOf(keys.lock('door'))).toBe(1);
  });

  test('nothing but presence lives in the place of presence, and every place has a lease', () => {
    const tags = ['ev', 's', 'classic', ...Array.from({ length: 500 }, (_, index) => [`q:role${index}`, `m${index}`])];
    const places = new Set(tags.flat().map(placeOf));
    expect([...places]).not.toContain(placeOf('p'));
    expect(new Set([...places, placeOf('p')])).toEqual(new Set(allPlaces));
    expect(slotsOf(allPlaces.map((place) => keys.leaseAt(place, 'n1')))).toBe(allPlaces.length);
  });

  test('shards that follow each other are in different places, as long as there are any', () => {
    const some = Array.from({ length: 16 }, (_, index) => placeOf(`m${index}`));
    expect(new Set(some).size).toBe(16);
  });

  test('the partitions of a queue are in different places, each with all its keys in one slot', () => {
    const parts = partitionsOf('audit', 16);
    expect(new Set(parts.map((part) => placeOf(`q:${part}`))).size).toBe(16);
    for (const part of parts) {
      const { meta, streams } = keys.queue(part);
      expect(slotsOf([meta, ...streams, keys.lease('n1', `q:${part}`)])).toBe(1);
    }
  });

  test('two fleets are in different slots', () => {
    const other = new Keys({ fleet: 'g', db: 0, classic: false, cluster: true });
    expect(slotsOf([keys.queue('audit').meta, other.queue('audit').meta])).toBe(2);
  });
});

test('the first key of a command is found, also of one that does not begin with it', () => {
  expect(keyOf('evalsha', ['hash', 2, 'k1', 'k2', 'x'])).toBe('k1');
  expect(keyOf('eval', ['return 1', 0, 'x'])).toBe(undefined);
  expect(keyOf('xgroup', ['CREATE', 'stream', 'g', '0'])).toBe('stream');
  expect(keyOf('hmget', ['hash', 'a', 'b'])).toBe('hash');
  expect(keyOf('publish', ['channel', 'text'])).toBe(undefined);
});
