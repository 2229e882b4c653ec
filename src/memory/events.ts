/**
 * The event port in memory: one list, trimmed from the old end when something is appended.
 *
 * Invariants E1 to E6 stand in broker/events.ts. A gap is seen from the `prev` of the oldest event that is left.
 */
import type { AppendOp, EventListener, EventPage, EventPort, EventRecord } from '../broker/events.ts';
import type { Position, PositionOwner } from '../broker/events.ts';
import type { Frame } from '../broker/frame.ts';
import type { Subscription } from '../broker/notices.ts';
import { OwnershipError } from '../core/errors.ts';
import type { MemoryFleet } from './fleet.ts';
import type { Link } from './link.ts';

export class MemoryEvents implements EventPort {
  readonly #fleet: MemoryFleet;
  readonly #link: Link;

  constructor(deps: { fleet: MemoryFleet; link: Link }) {
    this.#fleet = deps.fleet;
    this.#link = deps.link;
  }

  append(frame: Frame<AppendOp>): Promise<readonly string[]> {
    return this.#link.call(frame, (received) => {
      const before = this.#fleet.lastEvent;
      const ids = this.#fleet.frames.apply('append', received, (op) => appendEvent(this.#fleet, op));
      if (this.#fleet.lastEvent !== before) trimEvents(this.#fleet); // a repeated frame changes nothing (F1)
      return ids;
    });
  }

  read(request: { after: string; count: number }): Promise<EventPage> {
    return this.#link.call(request, ({ after, count }) => {
      const { events, lastEvent } = this.#fleet;
      const from = firstBehind(events, after);
      const trimmedUpTo = events[0]?.prev ?? lastEvent;
      return { events: events.slice(from, from + Math.max(0, count)), gap: isBehind(trimmedUpTo, after) };
    });
  }

  last(): Promise<string> {
    return this.#link.call(undefined, () => this.#fleet.lastEvent);
  }

  async listen(listener: EventListener): Promise<Subscription> {
    await this.#link.trip();
    return this.#fleet.exchange.listenEvents(this.#link, listener);
  }

  openPosition(owner: PositionOwner, start: string): Promise<Position> {
    return this.#link.call({ ...owner, start }, ({ agentId, epoch, start: begin }) => {
      const known = this.#current({ agentId, epoch }) ?? { handled: begin, handed: begin, seq: 0, epoch };
      const position = { ...known, epoch, seq: known.epoch === epoch ? known.seq : 0 };
      this.#fleet.positions.set(agentId, position);
      return { handled: position.handled, handed: position.handed, seq: position.seq };
    });
  }

  savePosition(owner: PositionOwner, position: Position): Promise<void> {
    return this.#link.call({ ...owner, ...position }, ({ agentId, ...given }) => {
      const known = this.#current({ agentId, epoch: given.epoch });
      if (known?.epoch === given.epoch && known.seq >= given.seq) return;
      this.#fleet.positions.set(agentId, given);
    });
  }

  trim(): Promise<void> {
    return this.#link.call(undefined, () => trimEvents(this.#fleet));
  }

  /** E5: what is stored, if the epoch has a right to it. */
  #current({ agentId, epoch }: PositionOwner): (Position & { readonly epoch: number }) | undefined {
    const position = this.#fleet.positions.get(agentId);
    const granted = this.#fleet.directory.activations.get(agentId)?.epoch ?? 0;
    if (epoch >= granted && epoch >= (position?.epoch ?? 0)) return position;
    const message = `expected epoch ${epoch} of "${agentId}" to be current, got: older`;
    throw new OwnershipError('activation-lost', message, { agentId, epoch });
  }
}

/** E1 */
export function trimEvents({ events, retention, clock }: MemoryFleet): void {
  const oldest = String(Math.floor(clock.now() - retention.eventsAgeMs));
  events.splice(0, Math.max(firstBehind(events, oldest), events.length - retention.events));
}

/** Appends one event and publishes its live copy. */
export function appendEvent(fleet: MemoryFleet, op: AppendOp): string {
  const prev = fleet.lastEvent;
  const id = nextId(prev, Math.floor(fleet.clock.now()));
  const event: EventRecord = { id, prev, ...op };
  fleet.events.push(event);
  fleet.lastEvent = id;
  fleet.exchange.postEvent(event);
  return id;
}

export function nextId(last: string, now: number): string {
  const [ms, seq] = partsOf(last);
  return now > ms ? `${now}-0` : `${ms}-${seq + 1}`;
}

/** Index of the first event behind `after`, by halving. */
export function firstBehind(events: readonly { readonly id: string }[], after: string): number {
  let low = 0;
  let high = events.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (isBehind(events[middle]?.id ?? '0', after)) high = middle;
    else low = middle + 1;
  }
  return low;
}

/** True when the event `id` belongs to what is behind `after`; an `after` without sequence is a time, and included. */
export function isBehind(id: string, after: string): boolean {
  const [ms, seq] = partsOf(id);
  const [afterMs, afterSeq] = partsOf(after);
  if (id === '0') return false;
  return ms > afterMs || (ms === afterMs && seq > afterSeq);
}

/** A time has the sequence -1: every event of that millisecond is behind it. */
function partsOf(id: string): [ms: number, seq: number] {
  const [ms, seq] = id.split('-');
  return [Number(ms), Number(seq ?? -1)];
}
