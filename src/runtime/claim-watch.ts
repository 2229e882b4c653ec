/**
 * Whether intake gets what it asks the broker for: which of its calls have failed, and how long its blocking read is away.
 *
 * Apart from intake.ts, because it decides nothing: a node that cannot claim has to be able to say so.
 */
import type { Clock } from '../core/clock.ts';
import { BrokerError, describeError, OwnershipError } from '../core/errors.ts';

/** How much later than its time a blocking read may come back. */
const marginMs = 1_000;

export class ClaimWatch {
  readonly #clock: Clock;
  readonly #limitMs: number;
  /** By what was asked; gone when the same has worked again. */
  readonly #failed = new Map<string, string>();
  #awayAt: number | undefined;

  /** `blockMs`: the longest a blocking read may take. */
  constructor(clock: Clock, blockMs: number) {
    this.#clock = clock;
    this.#limitMs = blockMs + marginMs;
  }

  failed(what: string, error: unknown): void {
    this.#failed.set(what, describeError(error).message.split('\n')[0] ?? '');
  }

  worked(what: string): void {
    this.#failed.delete(what);
  }

  /** Counts a blocking read as away until it settles. */
  async read<T>(what: string, run: () => Promise<T>): Promise<T> {
    this.#awayAt = this.#clock.monotonic();
    try {
      const brought = await run();
      this.worked(what);
      return brought;
    } catch (error) {
      this.failed(what, error);
      throw error;
    } finally {
      this.#awayAt = undefined;
    }
  }

  /** What is wrong now, as sentences; none when tasks can be claimed. */
  get troubles(): readonly string[] {
    const troubles = [...this.#failed].map(([what, message]) => `it cannot ${what}: ${message}`);
    const awayMs = this.#awayAt === undefined ? 0 : this.#clock.monotonic() - this.#awayAt;
    if (awayMs > this.#limitMs)
      troubles.unshift(`its blocking read has not come back for ${(awayMs / 1_000).toFixed(1)} s`);
    return troubles;
  }
}

/** False when claiming again cannot help: the node has lost its presence, or is closed. Whatever else went wrong must not end intake. */
export function isPassing(error: unknown): boolean {
  return !(error instanceof OwnershipError) && !(error instanceof BrokerError && error.code === 'closed');
}
