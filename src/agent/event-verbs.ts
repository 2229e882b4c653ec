/**
 * The verbs of broadcasts, and the fleet's event stream as users read it.
 *
 * Types only: client/event-verbs.ts carries them out, for agents and for outside clients alike.
 */
import type { Duration } from '../core/duration.ts';
import type { BroadcastContract, InputOf, Schema } from './contract.ts';
import type { BroadcastOf } from './envelopes.ts';

/** A broadcast as the fleet's event stream keeps it. */
export type FleetEvent = BroadcastOf<undefined>;

/** A `Date`, milliseconds since 1970, or how long ago: `'10m'`. Compared with the server time at which events were appended. */
export type Moment = Date | number | Exclude<Duration, number>;

/** Filtering happens at the reader: whatever lies in the range is read from the broker, a page at a time. */
export interface EventFilter {
  /** An event id, or milliseconds since 1970 as text. Default for `read`: the start; for `follow`: now. */
  readonly after?: string;
  /** Events from this moment on. Instead of `after`. */
  readonly since?: Moment;
  /** A topic or a pattern such as `docs.*`. */
  readonly topic?: string;
  /** Sender. */
  readonly from?: string;
}

export interface EventRange extends EventFilter {
  /** Events up to this moment, included. */
  readonly until?: Moment;
}

/** The fleet's event stream: appended in one order, kept until retention trims it. */
export interface Events {
  /**
   * Events behind `after`, oldest first, at most `limit` (default 100). The first one has `gap: true` when retention
   * trimmed events that were asked for.
   *
   * @throws RuntimeError `range` for both `after` and `since` or for what is no moment; `topic` for a bad pattern.
   */
  read(filter?: EventRange & { readonly limit?: number }): Promise<readonly FleetEvent[]>;
  /**
   * Every event behind `after` in stream order, across reconnects, until the loop is left, `signal` aborts or `until` has passed.
   *
   * @throws RuntimeError like `read`; BrokerError `closed` when the process leaves the fleet.
   */
  follow(filter?: EventRange & { readonly signal?: AbortSignal }): AsyncIterable<FleetEvent>;
  /**
   * The events that are stored, in stream order, from `after` or `since` (default: the start) up to `until` (default: the newest one when
   * the loop begins); then it ends. As fast as it is read, or with `speed` in the rhythm in which they came: 1 as it was, 10 ten
   * times as fast. Holds one page in memory.
   *
   * @throws RuntimeError like `read`, and `range` for a speed that is not above 0; BrokerError like `follow`.
   */
  replay(filter?: EventRange & { readonly speed?: number; readonly signal?: AbortSignal }): AsyncIterable<FleetEvent>;
  /** Id of the newest event; `'0'` when there never was one. */
  last(): Promise<string>;
}

export interface EventVerbs {
  /**
   * Tells every subscribed agent that is up, each exactly once and in stream order. Resolves to the event's id.
   *
   * @throws DeliveryError `invalid-payload`, `payload-too-large`.
   */
  broadcast<Data extends Schema>(contract: BroadcastContract<string, Data>, data: InputOf<Data>): Promise<string>;
  broadcast(topic: string, data?: unknown): Promise<string>;

  /** The fleet's event stream. */
  readonly events: Events;
}
