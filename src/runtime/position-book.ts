/**
 * How far one durable subscription has come, and what of it is stored.
 *
 * Apart from the reading, because the order of writes is what makes repeats known:
 *
 * D1  Before an event is handed out, a mark at it or behind it is stored. So whatever was handed out before a crash lies at or before
 *     the stored mark, and whatever lies behind it never was.
 * D2  What is handled is stored together with the next mark, a second later, or at the end, whichever is first: not for each event.
 * D3  An end in order takes the mark back to the last event that a handler has begun, but never behind what was found at the start.
 */
import { compareEntryIds } from '../broker/entry-id.ts';
import type { EventPort, PositionOwner } from '../broker/events.ts';
import type { Clock, Timer } from '../core/clock.ts';
import { BrokerError, describeError, OwnershipError } from '../core/errors.ts';
import { observe, type Observer } from '../core/observer.ts';

export interface PositionBookDeps {
  readonly clock: Clock;
  readonly observer: Observer;
  readonly events: Pick<EventPort, 'openPosition' | 'savePosition'>;
  readonly owner: PositionOwner;
}

const collectMs = 1_000;

export class PositionBook {
  readonly #deps: PositionBookDeps;
  /** The mark that was found: up to it, events may have been handled before. */
  #found: string | undefined;
  #handled = '0';
  #handledStored = '0';
  /** The greatest mark that may be stored, and the one that certainly is. */
  #mark = '0';
  #markStored = '0';
  #seq = 0;
  #timer: Timer | undefined;
  #ending = false;

  constructor(deps: PositionBookDeps) {
    this.#deps = deps;
  }

  /** Where to read on. The first time it takes the position over; a new one begins at `start`. */
  async open(start: string): Promise<string> {
    if (this.#found !== undefined) return this.#handled;
    const { handled, handed, seq } = await this.#deps.events.openPosition(this.#deps.owner, start);
    this.#handled = this.#handledStored = handled;
    this.#found = this.#mark = this.#markStored = handed;
    this.#seq = seq;
    return handled;
  }

  /** True when an earlier activation may have handled the event. */
  mayBeRepeat(id: string): boolean {
    return this.#found !== undefined && compareEntryIds(id, this.#found) <= 0;
  }

  /** D1: resolves when events up to `id` may be handed out. */
  async allow(id: string): Promise<void> {
    if (compareEntryIds(id, this.#markStored) <= 0) return;
    this.#mark = later(this.#mark, id);
    await this.#save(this.#mark);
  }

  /** D2: every event up to `id` is done with. */
  note(id: string): void {
    this.#handled = id;
    if (this.#ending || id === this.#handledStored || this.#timer !== undefined) return;
    this.#timer = this.#deps.clock.setTimer(collectMs, () => {
      this.#timer = undefined;
      if (this.#handled !== this.#handledStored)
        void this.#save(this.#mark).catch((error: unknown) => {
          this.#report(error);
          if (!isOver(error)) this.note(this.#handled); // tried again, also when nothing more is broadcast
        });
    });
  }

  /** Nothing is stored any more, except by `end`. */
  leave(): void {
    this.#ending = true;
    this.#timer?.cancel();
  }

  /** D3: `begun` is the last event that a handler has begun. Never rejects: what is not stored comes again, marked. */
  async end(begun: string): Promise<void> {
    this.leave();
    if (this.#found === undefined) return;
    const mark = later(later(this.#found, begun), this.#handled);
    if (mark === this.#mark && this.#handled === this.#handledStored) return;
    await this.#save(mark).catch((error: unknown) => this.#report(error));
  }

  async #save(handed: string): Promise<void> {
    const handled = this.#handled;
    await this.#deps.events.savePosition(this.#deps.owner, { handled, handed, seq: ++this.#seq });
    this.#handledStored = handled;
    this.#markStored = later(this.#markStored, handed);
  }

  #report(error: unknown): void {
    if (isOver(error)) return;
    const what = `storing how far ${this.#deps.owner.agentId} has heard broadcasts`;
    observe(this.#deps.observer, 'broker.trouble', { what, error: describeError(error) });
  }
}

/** The position is not ours any more. */
function isOver(error: unknown): boolean {
  return error instanceof OwnershipError || (error instanceof BrokerError && error.code === 'closed');
}

function later(a: string, b: string): string {
  return compareEntryIds(a, b) >= 0 ? a : b;
}
