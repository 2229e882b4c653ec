/**
 * The event port: one ordered stream of broadcasts for the whole fleet, and a live copy of it.
 *
 * E1  Appended events have one order, that of their ids, and stay readable until retention trims them from the old end.
 * E2  Each event names its predecessor (`prev`, `'0'` for the first of all); a foreign one may not.
 * E3  The live copy may lose events; it never changes their order. Whoever sees a `prev` that is not the last id seen
 *     reads the stream. After the link was lost and restored, `onReset` is called before any later event.
 * E4  Reading behind an id whose successors were trimmed says so: `gap` is true.
 * E5  A position says how far the durable subscription of an agent has come. It outlives the agent's activations and is written under
 *     its epoch: one older than the newest that was granted or has opened it is refused. Of writes under one epoch the one with the
 *     greatest `seq` stays, in whatever order they arrive.
 * E6  After `trim` no event is left that is older than retention says, and no more events than it says; as told as any trimming (E4).
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
  /** It had been appended, was lost with data of the broker and comes again under the same `opId`: whoever heard it may hear it twice. */
  readonly again?: true;
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
  readonly again?: true;
}

export interface EventListener {
  onEvent(event: EventRecord): void;
  /**
   * A foreign agent announced an event that is not in the stream yet, or may never be: look at the stream. `text` is what it published,
   * whatever that is.
   */
  onHint(text: string): void;
  onReset(): void;
  /** N3 of notices. */
  onDoubt?(): void;
}

export interface EventPage {
  readonly events: readonly EventRecord[];
  /** E4 */
  readonly gap: boolean;
}

/** How far a durable subscription has come. */
export interface Position {
  /** Every event up to this one is done with. */
  readonly handled: string;
  /** The last event that may have been handed out; what lies behind `handled` and up to here may have been handled. */
  readonly handed: string;
  /** Of the last write under this epoch; 0 before the first. */
  readonly seq: number;
}

export interface PositionOwner {
  readonly agentId: string;
  readonly epoch: number;
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
  /** Takes a position over (E5); one that is new begins at `start`. Rejects with `OwnershipError('activation-lost')`. */
  openPosition(owner: PositionOwner, start: string): Promise<Position>;
  /** Writes a position (E5). A repeat changes nothing. Rejects like `openPosition`. */
  savePosition(owner: PositionOwner, position: Position): Promise<void>;
  /** E6 */
  trim(): Promise<void>;
}
