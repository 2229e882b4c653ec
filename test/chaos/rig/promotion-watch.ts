/**
 * Watches who takes writes, where a copy may take the place of a server at any time, also because the machine was busy and nobody had struck.
 *
 * What a promotion may take away is judged by its time: from the last look that found everything in order, to the next one that does.
 */
import { repeat, type Timer } from '../../../src/core/clock.ts';
import { systemClock } from '../../../src/core/system.ts';
import { now } from './contracts.ts';

/** From and to, on the machine's clock. */
export interface Stretch {
  readonly from: number;
  readonly to: number;
}

const everyMs = 300;
/** What was written so shortly before may have been on its way to the copies. */
const underWayMs = 2_000;

export class PromotionWatch {
  /** Who takes writes, when everything is in order. */
  readonly #look: () => Promise<string | undefined>;
  readonly #stretches: Stretch[] = [];
  #sound: { readonly who: string; readonly from: number } | undefined;
  #isOut = false;
  #looking: Promise<void> | undefined;
  readonly #timer: Timer;

  constructor(look: () => Promise<string | undefined>) {
    this.#look = look;
    this.#timer = repeat(
      systemClock,
      () => everyMs,
      () => this.#once(),
    );
  }

  /** Those that are over, and the one that is not. */
  async stretches(): Promise<readonly Stretch[]> {
    await this.#once(); // one that runs has begun before
    await this.#once();
    return this.#isOut ? [...this.#stretches, { from: this.#since, to: now() }] : this.#stretches;
  }

  stop(): void {
    this.#timer.cancel();
  }

  get #since(): number {
    return (this.#sound?.from ?? 0) - underWayMs;
  }

  #once(): Promise<void> {
    this.#looking ??= this.#tick().finally(() => (this.#looking = undefined));
    return this.#looking;
  }

  async #tick(): Promise<void> {
    const from = now();
    const who = await this.#look().catch(() => undefined);
    if (who === undefined) this.#isOut = true;
    else {
      if (this.#isOut || (this.#sound !== undefined && this.#sound.who !== who))
        this.#stretches.push({ from: this.#since, to: now() });
      this.#isOut = false;
      this.#sound = { who, from };
    }
  }
}
