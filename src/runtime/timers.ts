/**
 * The `@every` timers of one cell: each puts its method into the mailbox, so that it runs like any other handler.
 *
 * The interval lies between the end of one turn and the start of the next, so turns never pile up. A turn for which the mailbox has no
 * room is skipped.
 */
import { type Clock, repeat, type Timer } from '../core/clock.ts';
import type { Cell } from './cell.ts';

/** Undefined where it has none. */
export function startTimers(clock: Clock, cell: Cell): Timer | undefined {
  if (cell.spec.table.timers.length === 0) return undefined;
  const timers = cell.spec.table.timers.map((timer) => {
    const turn = (): Promise<void> =>
      new Promise((resolve) => {
        if (!cell.accept({ kind: 'timer', timer, done: resolve })) resolve();
      });
    return repeat(clock, () => timer.everyMs, turn);
  });
  return { cancel: () => timers.forEach((timer) => timer.cancel()) };
}
