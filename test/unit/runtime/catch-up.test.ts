/**
 * Catching up, page by page as the test answers them (U1 to U3).
 */
import { describe, expect, test } from 'vitest';
import { BrokerError, OwnershipError } from '../../../src/core/errors.ts';
import { Observer } from '../../../src/core/observer.ts';
import { CatchUp, type PageEnd } from '../../../src/runtime/catch-up.ts';
import { SeededRandom } from '../../../src/sim/seeded-random.ts';
import { VirtualClock } from '../../../src/sim/virtual-clock.ts';

function open() {
  const clock = new VirtualClock();
  const pages: { resolve(end: PageEnd): void; reject(error: unknown): void }[] = [];
  const page = (): Promise<PageEnd> => new Promise((resolve, reject) => pages.push({ resolve, reject }));
  const observer = new Observer();
  const troubles: string[] = [];
  observer.on('broker.trouble', ({ what }) => void troubles.push(what));
  const catchUp = new CatchUp({ clock, random: new SeededRandom(1), observer, what: () => 'reading', page }, 'docs');
  const end = async (kind: PageEnd): Promise<void> => {
    pages.at(-1)?.resolve(kind);
    await clock.settle();
  };
  return { clock, pages, catchUp, troubles, end };
}

describe('catching up', () => {
  test('U1, U2: is behind from the first refusal until a read has reached the end', async () => {
    const { catchUp, pages, end } = open();
    expect(catchUp.behind).toBe(false);
    catchUp.fallBehind();
    await end('more');
    expect([catchUp.behind, pages.length]).toEqual([true, 2]);
    await end('end');
    expect([catchUp.behind, pages.length]).toEqual([false, 2]);
  });

  test('U2: reads once more when something live was refused during the read', async () => {
    const { catchUp, pages, end } = open();
    catchUp.fallBehind();
    catchUp.fallBehind();
    await end('end');
    expect([catchUp.behind, pages.length]).toEqual([true, 2]);
    await end('end');
    expect([catchUp.behind, pages.length]).toEqual([false, 2]);
  });

  test('U2: waits for room when the mailbox is full, and hears of room that came while the page was on its way', async () => {
    const { catchUp, pages, end } = open();
    catchUp.fallBehind();
    await end('full');
    expect([catchUp.behind, pages.length]).toEqual([true, 1]);
    catchUp.read();
    catchUp.read();
    await end('full');
    expect(pages).toHaveLength(3);
    await end('full');
    expect([catchUp.behind, pages.length]).toEqual([true, 3]);
  });

  test('U2: is let go when the stream held nothing for it, unless something came since', async () => {
    const { catchUp, pages, end } = open();
    catchUp.hold();
    expect([catchUp.behind, pages.length]).toEqual([true, 0]);
    catchUp.letGo();
    expect(catchUp.behind).toBe(false);
    catchUp.hold();
    catchUp.fallBehind();
    catchUp.letGo();
    expect([catchUp.behind, pages.length]).toEqual([true, 1]);
    await end('end');
    expect(catchUp.behind).toBe(false);
  });

  test('U2: a hold during a read is not ended by that read', async () => {
    const { catchUp, pages, end } = open();
    catchUp.fallBehind();
    catchUp.hold();
    await end('end');
    expect([catchUp.behind, pages.length]).toEqual([true, 2]);
  });

  test('U3: repeats a read that failed after a pause, and reports it', async () => {
    const { clock, catchUp, pages, troubles, end } = open();
    catchUp.fallBehind();
    pages[0]?.reject(new BrokerError('unreachable', 'no link'));
    await clock.settle();
    catchUp.read();
    expect([pages.length, troubles]).toEqual([1, ['reading']]);
    await clock.advance(1_000);
    await end('end');
    expect([pages.length, catchUp.behind]).toEqual([2, false]);
  });

  test('ends when its owner has lost the right to read, or the process has left', async () => {
    for (const error of [new OwnershipError('activation-lost', 'x'), new BrokerError('closed', 'x')]) {
      const { clock, catchUp, pages, troubles } = open();
      catchUp.fallBehind();
      pages[0]?.reject(error);
      await clock.advance(10_000);
      expect([pages.length, troubles, catchUp.behind]).toEqual([1, [], true]);
    }
  });

  test('leaves no timer when it is stopped during its pause, and reads nothing after', async () => {
    const { clock, catchUp, pages } = open();
    catchUp.fallBehind();
    pages[0]?.reject(new BrokerError('unreachable', 'no link'));
    await clock.settle();
    catchUp.stop();
    await clock.settle();
    catchUp.fallBehind();
    expect([clock.pending, pages.length]).toEqual([0, 1]);
  });
});
