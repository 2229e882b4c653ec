/**
 * Suspects: tasks that have lost a holder run one at a time in a node, because one of them may have ended its process.
 *
 * K1  While a suspect runs, the others of its node wait for it in the order in which they came, so that when the process ends again,
 *     it is that one which is charged with it (broker/tasks.ts, T10). What has never lost a holder does not wait.
 * K2  None waits longer than `patienceMs`: suspects may wait for each other, and some run for hours.
 */
import type { Clock } from '../core/clock.ts';
import { abortReason } from '../core/errors.ts';

const patienceMs = 10_000;

export class Suspects {
  readonly #clock: Clock;
  readonly #line = new Set<() => void>();
  #inside = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Resolves to the way out when the suspect may run; rejects with the signal's reason when that aborts first. */
  async enter(signal: AbortSignal): Promise<() => void> {
    if (this.#inside === 0) this.#inside = 1;
    else await this.#turn(signal);
    let isOut = false;
    return () => {
      if (!isOut) this.#leave();
      isOut = true;
    };
  }

  /** Who leaves last hands the place to the next one in line. */
  #leave(): void {
    const [next] = this.#line;
    if (this.#inside === 1 && next !== undefined) next();
    else this.#inside--;
  }

  #turn(signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const end = (): void => {
        this.#line.delete(take);
        timer.cancel();
        signal.removeEventListener('abort', onAbort);
      };
      const take = (): void => {
        end();
        resolve();
      };
      const onAbort = (): void => {
        end();
        reject(abortReason(signal));
      };
      const timer = this.#clock.setTimer(patienceMs, () => {
        this.#inside++;
        take();
      });
      if (signal.aborted) return onAbort();
      signal.addEventListener('abort', onAbort, { once: true });
      this.#line.add(take);
    });
  }
}
