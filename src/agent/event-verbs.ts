/**
 * The verbs of broadcasts, and the fleet's event stream as users read it.
 *
 * Types only: client/event-verbs.ts carries them out, for agents and for outside clients alike.
 */
import type { BroadcastContract, InputOf, Schema } from './contract.ts';
import type { BroadcastOf } from './envelopes.ts';

/** A broadcast as the fleet's event stream keeps it. */
export type FleetEvent = BroadcastOf<undefined>;

export interface EventFilter {
  /** An event id, or milliseconds since 1970 as text. Default for `read`: the start; for `follow`: now. */
  readonly after?: string;
  /** A topic or a pattern such as `docs.*`. */
  readonly topic?: string;
  /** Sender. */
  readonly from?: string;
}

/** The fleet's event stream: appended in one order, kept until retention trims it. */
export interface Events {
  /**
   * Events behind `after`, oldest first, at most `limit` (default 100). The first one has `gap: true` when retention
   * trimmed events that were asked for.
   */
  read(filter?: EventFilter & { readonly limit?: number }): Promise<readonly FleetEvent[]>;
  /** Every event behind `after` in stream order, across reconnects, until the loop is left or `signal` aborts. */
  follow(filter?: EventFilter & { readonly signal?: AbortSignal }): AsyncIterable<FleetEvent>;
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
