/**
 * What is known of a fleet while a history is made: enough to say things that mean something, and things that just do not.
 *
 * Everything minted stands here as a symbol. It is learned from the answers, which were equal on both sides.
 */
import type { AppendOp, EventRecord } from '../../src/broker/events.ts';
import type { Look } from '../../src/broker/foreign.ts';
import type { Frame } from '../../src/broker/frame.ts';
import type { AcknowledgeOp, AskOp, SendOp } from '../../src/broker/mail.ts';
import type { Out } from '../../src/broker/outgoing.ts';
import type { ClaimedTask, EnqueueOp, SettleOp } from '../../src/broker/tasks.ts';
import type { Chance } from './chance.ts';
import type { Call } from './steps.ts';

/** Names are few, so that things meet. */
export const queues = ['q1', 'q2'] as const;
/** Two of them share a shard on both brokers, the third has one of its own. */
export const agents = ['reader', 'bot', 'smith'] as const;
export const lockNames = ['l1', 'l2'] as const;
export const scheduleNames = ['s1', 's2', 's3'] as const;
export const rosterNames = ['r1', 'r2'] as const;

/**
 * Times to live and the limits of the brokers end 995 or 0 ms behind a whole second, what passes sums up to anything else: nothing is
 * looked at in the very millisecond in which it expires, of which no port promises anything.
 */
export const shortMs = 995;
export const middleMs = 29_995;
export const longMs = 9_000_000_995;
export const passes = [3_021, 31_021, 610_021, 3_700_021] as const;

export interface OwnedAgent {
  readonly agentId: string;
  readonly node: string;
  readonly epoch: number;
}

export interface Held {
  readonly name: string;
  readonly holder: string;
  readonly token: number;
}

export interface KnownMessage {
  readonly agentId: string;
  readonly entry: string;
  readonly opId: string;
}

/** What is known of foreign agents. */
export interface KnownForeign {
  /** Node that held the lease last. */
  bridge?: string | undefined;
  /** At the queue. */
  readonly looks: Extract<Look, { readonly kind: 'entries' }>[];
  /** Ids of the tasks that were taken. */
  readonly taken: string[];
  readonly outs: Out[];
  readonly quarantined: string[];
}

type AnyOp = EnqueueOp | SettleOp | SendOp | AskOp | AcknowledgeOp | AppendOp;
type LaneName = 'enqueue' | 'settle' | 'send' | 'ask' | 'acknowledge' | 'append';

interface SentFrames {
  newest: number;
  applied: number;
  readonly skipped: number[];
}

export class World {
  /** Server time in milliseconds. */
  now: number;
  readonly nodes: string[] = [];
  readonly tasks: string[] = [];
  /** Queue and priority of a task. */
  readonly places = new Map<string, Pick<EnqueueOp, 'priority'> & { readonly queue: string }>();
  readonly claims: ClaimedTask[] = [];
  /** Ended as dead letters. */
  readonly dead: string[] = [];
  readonly epochs: OwnedAgent[] = [];
  readonly messages: KnownMessage[] = [];
  readonly letters: { readonly agentId: string; readonly letter: string }[] = [];
  readonly held: Held[] = [];
  readonly events: EventRecord['id'][] = [];
  readonly records: string[] = [];
  readonly parts: { readonly taskId: string; readonly entry: string }[] = [];
  readonly versions: { readonly name: string; readonly version: string }[] = [];
  readonly deaths: number[] = [];
  readonly due = new Map<string, number>();
  readonly ears: string[] = [];
  readonly foreign: KnownForeign = { looks: [], taken: [], outs: [], quarantined: [] };
  /** Processes that wait for tasks. */
  readonly waiting = new Set<string>();
  /** Calls that sent a frame, to be repeated. */
  readonly frames: Call[] = [];
  readonly #sent = new Map<string, SentFrames>();
  #names = 0;

  constructor(now: number) {
    this.now = now;
  }

  /** A text that was not used before. */
  name(prefix: string): string {
    return `${prefix}${++this.#names}`;
  }

  /** A node that has joined, whether or not it is present still; or one that never did. */
  node(chance: Chance): string {
    return chance.is(0.95) ? (chance.recent(this.nodes.slice(-3)) ?? 'a1') : 'a9';
  }

  /** The bridge to foreign agents; now and then a node that is none. */
  bridge(chance: Chance): string | undefined {
    if (chance.is(0.05)) return this.node(chance);
    return this.foreign.bridge;
  }

  /** The next frame of a sender; now and then one that is out of line. */
  frame<Op extends AnyOp>(
    chance: Chance,
    lane: LaneName,
    { tag, sender, leased, ops }: { tag: string; sender: string; leased: boolean; ops: readonly Op[] },
  ): Frame<Op> {
    const sent = this.#sentOf(lane, tag, sender);
    const oddity = chance.is(0.08) ? chance.of('skip', 'skip', 'stale', 'prev', 'known') : 'none';
    // A number stands for one frame only, so one that comes too late was left out before.
    const late = oddity === 'stale' ? sent.skipped.pop() : undefined;
    const seq = late ?? sent.newest + (oddity === 'skip' ? 2 : 1);
    if (oddity === 'skip') sent.skipped.push(seq - 1);
    const prev = oddity === 'prev' ? sent.newest + 1 : Math.min(sent.applied, seq - 1);
    const known = oddity === 'known' ? sent.newest + 1 : 0;
    sent.newest = Math.max(sent.newest, seq);
    return { tag, sender, seq, prev, ...(known > 0 && { known }), leased, ops };
  }

  /** A frame was answered. */
  noteFrame(lane: LaneName, { tag, sender, seq }: Frame<unknown>): void {
    const sent = this.#sentOf(lane, tag, sender);
    sent.applied = Math.max(sent.applied, seq);
  }

  #sentOf(lane: LaneName, tag: string, sender: string): SentFrames {
    const key = `${lane} ${tag} ${sender}`;
    const sent = this.#sent.get(key) ?? { newest: 0, applied: 0, skipped: [] };
    this.#sent.set(key, sent);
    return sent;
  }
}

/** Keeps `list` short. */
export function remember<T>(list: T[], ...items: readonly T[]): void {
  list.push(...items);
  if (list.length > 40) list.splice(0, list.length - 40);
}
