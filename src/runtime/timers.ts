/**
 * The `@every` timers of one cell: each puts its method into the mailbox, so that it runs like any other handler.
 *
 * A timer whose last turn still waits or runs skips a turn; turns never pile up.
 */
import { type Clock, repeat, type Timer } from '../core/clock.ts';
import type { Cell } from './cell.ts';

export function startTimers(clock: Clock, cell: Cell): Timer {
  const timers = cell.spec.table.timers.map((timer) => {
    const turn = (): Promise<void> => {
      if (!cell.has((work) => work.kind === 'timer' && work.timer === timer)) cell.accept({ kind: 'timer', timer });
      return Promise.resolve();
    };
    return repeat(clock, () => timer.everyMs, turn);
  });
  return { cancel: () => timers.forEach((timer) => timer.cancel()) };
}
