/**
 * Every key and channel of a fleet: the data model in one place.
 *
 * Keys of one hash tag live together: `{q:<queue>}` a queue, `{m<i>}` a mail shard, `{ev}` the events, `{p}` presence,
 * `{l:<name>}` a lock, `{s}` the schedules, `{classic}` what the bridge to classic agents keeps; key-groups.ts says what each of
 * them holds. In a Redis Cluster several tags share a place (places.ts), which stands in front. Channels carry the database number, because
 * Pub/Sub ignores SELECT. In classic mode broadcasts, events, direct messages, locks and logs have exactly the names that classic agents
 * know.
 */
import { everyone } from '../broker/notices.ts';
import { priorities } from '../broker/task-id.ts';
import type { ForeignKeys, MailKeys, QueueKeys } from './key-groups.ts';
import { placeOf } from './places.ts';

export interface KeyOptions {
  readonly fleet: string;
  readonly db: number;
  readonly classic: boolean;
  /** The server is a Redis Cluster. Default false. */
  readonly cluster?: boolean;
}

/** Whose keys are kept at hand. */
const mostQueues = 1_000;

export class Keys {
  readonly #prefix: string;
  readonly #channels: string;
  readonly #classic: boolean;
  /** Of the queues asked for lately: every frame asks. */
  readonly #queues = new Map<string, QueueKeys>();
  readonly #fleet: string;
  readonly #cluster: boolean;

  constructor({ fleet, db, classic, cluster = false }: KeyOptions) {
    this.#prefix = `rt:${fleet}:`;
    this.#channels = `rt:${fleet}:${db}:`;
    this.#classic = classic;
    this.#fleet = fleet;
    this.#cluster = cluster;
  }

  /** string: the number of mail shards, stored by whoever starts the fleet */
  get mailShards(): string {
    return `${this.#prefix}mail-shards`;
  }

  queue(queue: string): QueueKeys {
    const known = this.#queues.get(queue);
    if (known !== undefined) return known;
    if (this.#queues.size >= mostQueues) this.#queues.clear();
    const keys = this.#queueKeys(queue);
    this.#queues.set(queue, keys);
    return keys;
  }

  #queueKeys(queue: string): QueueKeys {
    const tag = this.#before(`q:${queue}`);
    return {
      meta: `${tag}meta`,
      streams: priorities.map((priority) => `${tag}${priority}`),
      parked: `${tag}parked`,
      due: `${tag}due`,
      moved: `${tag}at`,
      releases: `${tag}releases`,
      deadByTime: `${tag}dead-by-time`,
      dead: `${tag}dead`,
      paused: `${tag}paused`,
      limits: `${tag}limits`,
      starts: `${tag}starts`,
      keyed: `${tag}keyed`,
      turns: `${tag}turns`,
      behind: `${tag}behind`,
      history: `${tag}history`,
      cancelled: `${tag}cancelled`,
      key: (key) => `${tag}key:${key}`,
      result: (name) => `${tag}result:${name}`,
      progress: (name) => `${tag}progress:${name}`,
      parts: (name) => `${tag}parts:${name}`,
    };
  }

  mail(shard: string): MailKeys {
    const tag = this.#before(shard);
    return {
      meta: `${tag}meta`,
      directory: `${tag}directory`,
      positions: `${tag}positions`,
      nonEmpty: `${tag}non-empty`,
      inbox: (agentId) => `${tag}in:${agentId}`,
      // No agent has a colon in its id; who sends to such an id all the same must not meet the keys of another agent.
      key: (agentId, key) => `${tag}key:${agentId.replace(/[%:]/g, encodeURIComponent)}:${key}`,
      dead: (agentId) => `${tag}dead:${agentId}`,
      deadDropped: `${tag}dead-dropped`,
    };
  }

  /** hash: slot to stored reply, and in `order` which seq is in which slot. `tag` is the hash tag without braces. */
  frames(tag: string, lane: string, sender: string): string {
    return `${this.#before(tag)}frames:${lane}:${sender}`;
  }

  /** string with a time to live: the node is present. One for each node; in a cluster one for each place, `beside` the tag of a script. */
  lease(node: string, beside = 'p'): string {
    return this.leaseAt(placeOf(beside), node);
  }

  leaseAt(place: string, node: string): string {
    return `${this.#at(place)}{p}:lease:${node}`;
  }

  /** hash: the run of the server that the fleet's data has been on; in a cluster one for each place. */
  serverAt(place: string): string {
    return `${this.#at(place)}{p}:server`;
  }

  /**
   * hashes: node to description and status; zset: node by end of lease; counter of beats; zset: node by end of lease,
   * those whose end is not recorded
   */
  get presence(): { nodes: string; statuses: string; ends: string; beats: string; up: string } {
    const tag = this.#before('p');
    return {
      nodes: `${tag}nodes`,
      statuses: `${tag}statuses`,
      ends: `${tag}ends`,
      beats: `${tag}beats`,
      up: `${tag}up`,
    };
  }

  /** hashes: name to version and text of the record; when the first was written, and how many changes there were */
  get roster(): { records: string; version: string } {
    return { records: `${this.#before('p')}roster`, version: `${this.#before('p')}roster-version` };
  }

  /** stream of what becomes of nodes and agents: kind, node, agent, role, epoch, reason; and string with the newest id that was dropped */
  get lifecycle(): { stream: string; trimmed: string } {
    return { stream: `${this.#before('p')}lifecycle`, trimmed: `${this.#before('p')}lifecycle-trimmed` };
  }

  /**
   * hashes by name: definition, begun run and when, tally; zset: name by due time in milliseconds; set: names of paused ones.
   */
  get schedules(): { definitions: string; due: string; begun: string; paused: string; tallies: string } {
    const tag = this.#before('s');
    return {
      definitions: `${tag}definitions`,
      due: `${tag}due`,
      begun: `${tag}begun`,
      paused: `${tag}paused`,
      tallies: `${tag}tallies`,
    };
  }

  /**
   * The lists of classic agents, and what the bridge keeps beside them. string: the node that is the bridge; stream: taken tasks; hash: ms, seq
   * (last id minted); hash: taken tasks whose completion is stored already; hashes: what is out (foreign id and time) by task, tasks by
   * foreign id, texts by task, answers by foreign id; hash: count and last of the mark in the completions
   */
  get foreign(): ForeignKeys {
    const tag = this.#before('classic');
    return {
      // Classic agents do not know clusters; there the lists stand beside the rest, so that one script may touch them.
      queue: this.#cluster ? `${tag}queue` : 'task:queue',
      completed: this.#cluster ? `${tag}completed` : 'task:completed',
      bridge: `${tag}bridge`,
      taken: `${tag}taken`,
      meta: `${tag}meta`,
      stored: `${tag}stored`,
      out: `${tag}out`,
      outIds: `${tag}out-ids`,
      outTexts: `${tag}out-texts`,
      answers: `${tag}answers`,
      mark: `${tag}mark`,
    };
  }

  /** stream: o origin, r reason, l how it left, b bytes, t text; hash: bytes, dropped; string with a time to live: the text was kept */
  get quarantine(): { stream: string; about: string; once: (hash: string) => string } {
    const tag = this.#before('classic');
    return { stream: `${tag}quarantine`, about: `${tag}quarantine-about`, once: (hash) => `${tag}quarantined:${hash}` };
  }

  /** stream of events, and string with the newest id that retention trimmed */
  get events(): { stream: string; trimmed: string } {
    const tag = this.#before('ev');
    return { stream: this.#classic ? 'events:stream' : `${tag}stream`, trimmed: `${tag}trimmed` };
  }

  /**
   * In the order in which the lock scripts take them: holder, about, waiters by turn, by last call, addresses, and of a
   * semaphore: holders by the end of their leases, their tokens.
   */
  lock(name: string): readonly string[] {
    const tag = `${this.#prefix}{l:${name}}:`;
    const held = this.#classic ? `lock:${name}` : `${tag}held`;
    const line = [`${tag}about`, `${tag}turns`, `${tag}calls`, `${tag}addresses`];
    return [held, ...line, `${tag}permits`, `${tag}tokens`];
  }

  /** list, newest first */
  log(agent: string): string {
    return this.#classic ? `logs:${agent}` : `${this.#prefix}logs:${agent}`;
  }

  /** Put an address behind it and it is the channel of that process. */
  get processChannels(): string {
    return `${this.#channels}to:`;
  }

  channel(address: string): string {
    return address === everyone ? `${this.#channels}all` : `${this.processChannels}${address}`;
  }

  get eventsChannel(): string {
    return this.#classic ? 'broadcast:agents' : `${this.#channels}events`;
  }

  #before(tag: string): string {
    return `${this.#at(placeOf(tag))}{${tag}}:`;
  }

  /** Only the first braces of a key decide its slot. */
  #at(place: string): string {
    return this.#cluster ? `rt:{${this.#fleet}.${place}}:` : this.#prefix;
  }
}

/** Channel of the progress of one task, by the id that classic agents know it by. */
export function classicProgress(taskId: string, name: string): string {
  return `task:${taskId}:${name}`;
}

/** Channels of direct messages between classic agents. */
export const classicMessages = {
  pattern: 'msg:*',
  channel: (from: string, to: string): string => `msg:${from}:${to}`,
};
