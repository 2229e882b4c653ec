/**
 * The verbs of the death watch, which only live agents have, and what a watching agent is told.
 *
 * Types only: runtime/watches.ts carries them out.
 */

/** Tells that a watched agent is down. */
export interface Down {
  /** The agent that was watched. */
  readonly id: string;
  /** Where it ran; absent when nobody ran it. */
  readonly node?: string;
  /** Of the activation that is over; absent when nobody ran it. */
  readonly epoch?: number;
  /** For people: it stopped, its node has gone, nobody runs it. */
  readonly reason: string;
}

export interface WatchVerbs {
  /**
   * Tells the methods under `@onDown()` once when the agent that runs under `id` now is down: it was stopped, given up, handed over to
   * another node, or the presence of its node has ended. A restart in the same place is none of these. When nobody runs it, they are told
   * at once. Resolves when the watch holds; watching again what is watched changes nothing. Whoever takes the id over later is another
   * one: watch again. The watch ends with this incarnation of the agent, so watch in `onStart` what has to be watched always.
   *
   * @throws DefinitionError without a method under `@onDown()`; RuntimeError `too-many-watches`; BrokerError when the broker cannot be reached.
   */
  watch(id: string): Promise<void>;
  /** Ends a watch: `@onDown()` hears nothing of it any more, also when it has happened already. Resolves at once where there is none. */
  unwatch(id: string): Promise<void>;
}
