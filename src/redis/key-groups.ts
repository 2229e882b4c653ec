/**
 * What the keys of a queue, of a mail shard and of the bridge hold: the types of Redis, and their fields.
 *
 * Apart from the names (keys.ts), so that whoever writes a script finds the data model on one page.
 */

/** The keys of one queue; the parts of a task id behind its queue are called its name: `<letter>.<number>`. */
export interface QueueKeys {
  /** hash: ms, seq (last id minted), dead, deadDropped */
  readonly meta: string;
  /** Streams in the order of `priorities`: e envelope, a attempts charged before, t name when the task moved, p its past. */
  readonly streams: readonly string[];
  /** hash: name to attempts and envelope */
  readonly parked: string;
  /** zset: name by due time in microseconds */
  readonly due: string;
  /** hash: name to entry, for tasks whose entry is not the one in their id */
  readonly moved: string;
  /** hash: entry to how often it was released */
  readonly releases: string;
  /** zset: name by time of death in microseconds */
  readonly deadByTime: string;
  /** hash: name to the dead letter */
  readonly dead: string;
  /** string, there while the queue is paused */
  readonly paused: string;
  /** string, there while the queue is limited: most claims, most starts, their window in ms */
  readonly limits: string;
  /** zset: entry and delivery by time of the claim in microseconds, of the last window */
  readonly starts: string;
  /** hash: name to turn, of tasks with a concurrency key */
  readonly keyed: string;
  /** zset, all with the same score: turns of tasks that have not ended, in the order of each key */
  readonly turns: string;
  /** hash: name to attempts, due time and envelope, of tasks that stand behind another one of their key */
  readonly behind: string;
  /**
   * hash: name to what its holder said of the handler, and the past: how often it was released begun, which holders were lost
   */
  readonly history: string;
  /** hash: name to the mark of a task that was cancelled while it was claimed */
  readonly cancelled: string;
  /** string with a time to live: name of the task that was enqueued under the key */
  readonly key: (key: string) => string;
  readonly result: (name: string) => string;
  readonly progress: (name: string) => string;
  /** stream with a time to live, entries <start of the run>-<number>: r run, a attempt, b bytes so far, p part */
  readonly parts: (name: string) => string;
}

/** The keys of one mail shard, which also holds the directory of its agents. */
export interface MailKeys {
  /** hash: ms, seq (last id minted), epoch (last granted); in classic mode native:<agent> of every id that ever was granted */
  readonly meta: string;
  /** hash: agent to owner, epoch, how far it has read, how far earlier epochs had read */
  readonly directory: string;
  /** hash: agent to epoch, seq, and how far its durable subscription has handled events and been handed any */
  readonly positions: string;
  /** zset of owner and agent, all with the same score: the inboxes that are not empty, found by owner */
  readonly nonEmpty: string;
  /** stream: o operation id, e envelope, h epoch that it was handed to when it was stored */
  readonly inbox: (agentId: string) => string;
  /** string with a time to live: operation id of the message that was sent under the key */
  readonly key: (agentId: string, key: string) => string;
  /** stream: o operation id, e envelope, r reason, x error */
  readonly dead: (agentId: string) => string;
  /** hash: agent to how many dead letters newer ones pushed out */
  readonly deadDropped: string;
}

type ForeignKey = 'queue' | 'completed' | 'bridge' | 'taken' | 'meta' | 'stored' | 'mark';
type OutgoingKey = 'out' | 'outIds' | 'outTexts' | 'answers';
export type ForeignKeys = { readonly [key in ForeignKey | OutgoingKey]: string };
