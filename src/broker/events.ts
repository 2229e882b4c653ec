/**
 * The event port: one ordered stream of broadcasts for the whole fleet, and a live copy of it.
 *
 * E1  Appended events have one order, that of their ids, and stay readable until retention trims them from the old end.
 * E2  Each event names its predecessor (`prev`, `'0'` for the first of all); a foreign one may not.
 * E3  The live copy may lose events; it never changes their order. Whoever sees a `prev` that is not the last id seen
 *     reads the stream. After the link was lost and restored, `onReset` is called before any later event.
 * E4  Reading behind an id whose successors were trimmed says so: `gap` is true.
 */
import type { Frame } from './frame.ts';
import type { Subscription } from './notices.ts';

export interface AppendOp {
  readonly opId: string;
  readonly topic: string;
  readonly from: string;
  /** JSON text. */
  readonly data: string;
  /** Milliseconds since 1970. */
  readonly sentAt: number;
}

export interface EventRecord {
  readonly id: string;
  /** E2 */
  readonly prev?: string;
  readonly opId?: string;
  readonly topic: string;
  readonly from: string;
  readonly data: string;
  readonly sentAt: number;
}

export interface EventListener {
  onEvent(event: EventRecord): void;
  /** A foreign agent announced an event that is not in the stream yet, or may never be: look at the stream. */
  onHint(): void;
  onReset(): void;
}

export interface EventPage {
  readonly events: readonly EventRecord[];
  /** E4 */
  readonly gap: boolean;
}

export interface EventPort {
  /** Appends and publishes; the ids in order. Lane `append`; the tag is `events`. Durable when it resolves. */
  append(frame: Frame<AppendOp>): Promise<readonly string[]>;
  /** Events behind `after` (`'0'`: from the start; `'<ms>'`: from that time on), oldest first, at most `count`. */
  read(request: { after: string; count: number }): Promise<EventPage>;
  /** Id of the newest event, `'0'` when there never was one. */
  last(): Promise<string>;
  /** Hears the live copy (E3). Resolves when nothing appended from now on is missed while the link holds. */
  listen(listener: EventListener): Promise<Subscription>;
}
