/**
 * What is stored of a durable subscription's position while the broker fails (D2).
 */
import { expect, test } from 'vitest';
import { BrokerError, OwnershipError } from '../../../src/core/errors.ts';
import { Observer } from '../../../src/core/observer.ts';
import { PositionBook } from '../../../src/runtime/position-book.ts';
import { VirtualClock } from '../../../src/sim/virtual-clock.ts';

async function open() {
  const clock = new VirtualClock();
  const stored: string[] = [];
  const broker: { failure?: Error | undefined; calls: number } = { calls: 0 };
  const book = new PositionBook({
    clock,
    observer: new Observer(),
    owner: { agentId: 'docs', epoch: 1 },
    events: {
      openPosition: () => Promise.resolve({ handled: '0', handed: '9', seq: 0 }),
      savePosition: (_owner, { handled }) => {
        broker.calls++;
        if (broker.failure !== undefined) return Promise.reject(broker.failure);
        stored.push(handled);
        return Promise.resolve();
      },
    },
  });
  await book.open('0');
  return { clock, stored, broker, book };
}

test('D2: what could not be stored is stored later, also when nothing more is broadcast', async () => {
  const { clock, stored, broker, book } = await open();
  broker.failure = new BrokerError('unreachable', 'no link');
  book.note('5');
  await clock.advance(5_500);
  broker.failure = undefined;
  await clock.advance(10_000);
  expect(stored).toEqual(['5']);
});

test('D2: a position that a later activation has is let go, and so is one that was left', async () => {
  const { clock, broker, book } = await open();
  broker.failure = new OwnershipError('activation-lost', 'a later epoch has it');
  book.note('5');
  await clock.advance(10_000);
  expect(broker.calls).toBe(1);
  broker.failure = new BrokerError('unreachable', 'no link');
  book.note('6');
  await clock.advance(2_500);
  book.leave();
  const calls = broker.calls;
  await clock.advance(10_000);
  expect([calls, broker.calls, clock.pending]).toEqual([3, 3, 0]);
});
