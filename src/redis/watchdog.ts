/**
 * Notices that a link hangs: calls are pending, and nothing has been heard for too long.
 *
 * It stands alone because a half-open connection looks healthy from the outside: its status stays `ready` while commands
 * wait for ever. One timer a link, not one a command; after a stall of this process the replies that have piled up are
 * read before anything is judged.
 */
import type { Clock, Timer } from '../core/clock.ts';

export class Watchdog {
  readonly #clock: Clock;
  readonly #limitMs: number;
  readonly #onHang: () => void;
  #pending = 0;
  #heardAt = 0;
  #timer: Timer | undefined;
  #stopped = false;

  constructor(deps: { clock: Clock; limitMs: number; onHang: () => void }) {
    this.#clock = deps.clock;
    this.#limitMs = deps.limitMs;
    this.#onHang = deps.onHang;
  }

  /** A call is pending. */
  begin(): void {
    if (this.#pending++ === 0) this.#heardAt = this.#clock.monotonic();
    this.#timer ??= this.#arm(this.#limitMs);
  }

  /** It has settled. */
  end(): void {
    this.#pending--;
    this.#heardAt = this.#clock.monotonic();
  }

  stop(): void {
    this.#stopped = true;
    this.#timer?.cancel();
  }

  #arm(delayMs: number): Timer | undefined {
    return this.#stopped ? undefined : this.#clock.setTimer(delayMs, () => this.#look(() => this.#judge()));
  }

  #look(judge: () => void): void {
    this.#timer = undefined;
    if (this.#pending === 0 || this.#stopped) return;
    if (this.#leftMs() > 0) this.#timer = this.#arm(this.#leftMs());
    else this.#clock.endOfTick(() => this.#clock.endOfTick(judge));
  }

  #judge(): void {
    if (this.#stopped || this.#timer !== undefined || this.#pending === 0) return;
    if (this.#leftMs() > 0) this.#timer = this.#arm(this.#leftMs());
    else this.#onHang();
  }

  #leftMs(): number {
    return this.#heardAt + this.#limitMs - this.#clock.monotonic();
  }
}
