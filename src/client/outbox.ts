/**
 * The outbox: what a process keeps of the frames that were acknowledged, for as long as a broker that fails may still lose them.
 *
 * One for all lanes of a process, so that its bound is the process's: the oldest go first, whatever their lane. What is kept
 * belongs to its line (frame-history.ts), which sends it again when the broker turns out to have forgotten it.
 */
import type { Clock } from '../core/clock.ts';
import { Fifo } from '../core/fifo.ts';
import { limits } from '../core/limits.ts';

interface Entry {
  readonly bytes: number;
  readonly at: number;
  readonly forget: () => void;
}

export class Outbox {
  readonly #clock: Clock;
  readonly #mostBytes: number;
  readonly #entries = new Fifo<Entry>();
  #bytes = 0;

  constructor(deps: { clock: Clock; mostBytes?: number }) {
    this.#clock = deps.clock;
    this.#mostBytes = deps.mostBytes ?? limits.framesKeptBytes;
  }

  /** Keeps `bytes` until their time has passed or newer ones need the room; `forget` is called then, in order. */
  keep(bytes: number, forget: () => void): void {
    this.#entries.push({ bytes, at: this.#clock.monotonic(), forget });
    this.#bytes += bytes;
    this.evict();
  }

  /** Lets go of everything whose time has passed. */
  evict(): void {
    const since = this.#clock.monotonic() - limits.framesKeptMs;
    for (let oldest = this.#entries.first; oldest !== undefined; oldest = this.#entries.first) {
      if (oldest.at > since && this.#bytes <= this.#mostBytes) break;
      this.#bytes -= oldest.bytes;
      this.#entries.shift();
      oldest.forget();
    }
  }
}
