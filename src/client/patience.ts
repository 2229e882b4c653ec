/**
 * What everybody needs who follows a stream of the fleet: reads that outlast a broker in trouble, and a bell that tells of more.
 *
 * Apart from the views, because broadcasts and what becomes of nodes and agents are followed alike.
 */
import { backoffMs, type Backoff } from '../core/backoff.ts';
import { sleep } from '../core/clock.ts';
import { BrokerError } from '../core/errors.ts';
import type { Member } from './member.ts';

const readBackoff: Backoff = { kind: 'exponential', baseMs: 50, maxMs: 1_000, jitter: true };

/** Repeats a read until the broker answers; undefined when `signal` aborts. Rejects when the process leaves the fleet. */
export async function patiently<T>(
  member: Member,
  signal: AbortSignal | undefined,
  read: () => Promise<T>,
): Promise<T | undefined> {
  const { clock, random } = member.deps;
  for (let failures = 1; !signal?.aborted; failures++) {
    if (member.feed.stopped)
      throw new BrokerError('closed', 'expected the process to stay in the fleet while it follows, got: it has left');
    try {
      return await read();
    } catch (error) {
      if (!(error instanceof BrokerError && error.repeatable)) throw error;
      await sleep(clock, backoffMs(readBackoff, failures, random, 'follow-events'), signal).catch(() => undefined); // the loop ends
    }
  }
  return undefined;
}

/** Wakes one waiter; a ring while nobody waits is remembered. */
export class Bell {
  #rang = false;
  #wake = (): void => {};

  ring(): void {
    this.#rang = true;
    this.#wake();
  }

  reset(): void {
    this.#rang = false;
  }

  rung(): Promise<void> {
    return this.#rang ? Promise.resolve() : new Promise((resolve) => (this.#wake = resolve));
  }
}
