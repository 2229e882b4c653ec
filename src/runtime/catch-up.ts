/**
 * Catching up with a stream behind a bounded mailbox: live while there is room, by reading when there was none.
 *
 * U1  While `behind`, live entries are not taken: the stream holds them, and reading keeps the order.
 * U2  It stays behind until a read has reached the end and nothing live was refused since that read began, or until the stream is known
 *     to hold nothing for it.
 * U3  One read runs at a time; a failed one is repeated after a pause.
 */
import { backoffMs, type Backoff } from '../core/backoff.ts';
import { type Clock, sleep } from '../core/clock.ts';
import { BrokerError, describeError, OwnershipError } from '../core/errors.ts';
import { LazyAbort } from '../core/lazy-abort.ts';
import { observe, type Observer } from '../core/observer.ts';
import type { Random } from '../core/random.ts';

/** `more`: the page was full. `full`: the mailbox took no more. `end`: everything there was has been taken. */
export type PageEnd = 'more' | 'full' | 'end';

/** The same for all whose streams are alike; `Subject` is whose stream it is. */
export interface CatchUpDeps<Subject> {
  readonly clock: Clock;
  readonly random: Random;
  readonly observer: Observer;
  /** For reports, as in `reading the inbox of docs`. */
  readonly what: (subject: Subject) => string;
  /** Reads one page and hands it to the mailbox. */
  readonly page: (subject: Subject) => Promise<PageEnd>;
}

const pause: Backoff = { kind: 'exponential', baseMs: 50, maxMs: 1_000, jitter: true };

export class CatchUp<Subject> {
  readonly #deps: CatchUpDeps<Subject>;
  readonly #subject: Subject;
  #behind = false;
  #again = false;
  #reading = false;
  #stopped = false;
  /** While it waits to read again. */
  #pause: LazyAbort | undefined;

  constructor(deps: CatchUpDeps<Subject>, subject: Subject) {
    this.#deps = deps;
    this.#subject = subject;
  }

  /** U1 */
  get behind(): boolean {
    return this.#behind;
  }

  /** Something was refused or may have been missed: take no more live entries and read. */
  fallBehind(): void {
    this.#behind = true;
    this.#again = true;
    this.read();
  }

  /** Marks it behind without reading yet: `read` or `letGo` has to follow. */
  hold(): void {
    this.#behind = true;
    this.#again = this.#reading;
  }

  /** The stream held nothing for it after `hold`: live again, unless something has come since. */
  letGo(): void {
    if (!this.#reading && !this.#again) this.#behind = false;
  }

  /** Reads when it is behind: the mailbox has room, or it is time to look. */
  read(): void {
    if (!this.#behind || this.#stopped) return;
    if (this.#reading) {
      this.#again = true;
      return;
    }
    this.#reading = true;
    void this.#run();
  }

  stop(): void {
    this.#stopped = true;
    this.#pause?.abort(undefined);
  }

  async #run(): Promise<void> {
    for (let failures = 0; !this.#stopped; ) {
      this.#again = false;
      try {
        const end = await this.#deps.page(this.#subject);
        failures = 0;
        if (end === 'more' || this.#again) continue;
        if (end === 'full') break;
        this.#behind = false;
        break;
      } catch (error) {
        if (error instanceof OwnershipError || (error instanceof BrokerError && error.code === 'closed')) break;
        await this.#rest(++failures, error);
      }
    }
    this.#reading = false;
  }

  async #rest(failures: number, error: unknown): Promise<void> {
    const { clock, random, observer } = this.#deps;
    const what = this.#deps.what(this.#subject);
    observe(observer, 'broker.trouble', { what, error: describeError(error) });
    if (this.#stopped) return;
    this.#pause = new LazyAbort();
    const waitMs = backoffMs(pause, failures, random, what);
    await sleep(clock, waitMs, this.#pause.signal).catch(() => undefined); // stopping ends it
    this.#pause = undefined;
  }
}
