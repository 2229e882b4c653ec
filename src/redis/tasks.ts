/**
 * The task port on Redis: one stream with a consumer group for each queue and priority.
 *
 * Invariants T1 to T6 stand in broker/tasks.ts. A claim is a pending entry: its consumer is the node, its count of
 * deliveries the receipt, its idle time the lease. The scripts in lua/ keep the rules; this file speaks with them.
 */
import type { Frame } from '../broker/frame.ts';
import { presenceLost } from '../broker/frame.ts';
import { everyone } from '../broker/notices.ts';
import { formatTaskId, priorities } from '../broker/task-id.ts';
import type {
  ClaimedTask,
  ClaimRenewal,
  ClaimRequest,
  Claims,
  EnqueueOp,
  EnqueueReply,
  HeldReceipt,
  Outcome,
  Receipt,
  RecoverRequest,
  SettleOp,
  SettleReply,
  TaskPort,
  WaitRequest,
} from '../broker/tasks.ts';
import { type Clock, sleep } from '../core/clock.ts';
import { limits } from '../core/limits.ts';
import { integer, type Random } from '../core/random.ts';
import { bringBack, bringsBack } from './bring-back.ts';
import { type GroupReader, longestBlockMs, type StreamReply } from './blocking-reader.ts';
import { isMissingGroup } from './errors.ts';
import type { Argument } from './link.ts';
import type { ServerRuns } from './server-runs.ts';
import type { Store } from './store.ts';
import {
  decodeDelivery,
  type DeliveryRow,
  encodeOutcome,
  entryOf,
  isNameOf,
  laneOf,
  nameOf,
  seedBelow,
} from './task-records.ts';

const group = 'g';

export class RedisTasks implements TaskPort {
  readonly #store: Store;
  readonly #blocking: GroupReader;
  readonly #runs: ServerRuns;
  readonly #clock: Clock;
  readonly #random: Random;
  /** Queues in which this process has become a consumer. */
  readonly #consumed = new Set<string>();

  constructor(deps: { store: Store; blocking: GroupReader; runs: ServerRuns; clock: Clock; random: Random }) {
    this.#store = deps.store;
    this.#blocking = deps.blocking;
    this.#runs = deps.runs;
    this.#clock = deps.clock;
    this.#random = deps.random;
  }

  async enqueue(frame: Frame<EnqueueOp>): Promise<readonly EnqueueReply[]> {
    if (bringsBack(frame)) return bringBack(this.#store, frame, this.#seed());
    const { keys: names } = this.#store;
    const queue = names.queue(frame.tag);
    const { meta, streams, parked, due, limits: stored, keyed, turns, behind } = queue;
    const keys = [meta, ...streams, parked, due, stored, keyed, turns, behind];
    const args: Argument[] = [this.#seed(), frame.tag, names.channel(everyone)];
    for (const { priority, delayMs, envelope, maxWaiting, key, concurrencyKey = '' } of frame.ops) {
      const keyMs = key === undefined ? 0 : Math.max(0, Math.ceil(key.ttlMs));
      if (key !== undefined && keyMs > 0) keys.push(queue.key(key.name));
      args.push(`${laneOf(priority)} ${Math.ceil(delayMs)} ${maxWaiting} ${keyMs} ${concurrencyKey}`, envelope);
    }
    const call = { keys, args };
    const replies = await this.#store.carry('enqueue', `q:${frame.tag}`, frame, call);
    return replies.map((reply, index) => {
      if (reply.startsWith('!')) return { kind: 'queue-full', tasks: Number(reply.slice(1)) };
      if (reply.startsWith('=')) return { kind: 'known', taskId: `${frame.tag}.${reply.slice(1)}` };
      const priority = frame.ops[index]?.priority ?? 'normal';
      return { kind: 'enqueued', taskId: formatTaskId({ queue: frame.tag, priority, number: reply.slice(1) }) };
    });
  }

  async claim({ queue, node, count }: ClaimRequest): Promise<Claims> {
    this.#consumed.add(queue);
    const { streams, releases, paused, limits: stored, starts, history } = this.#store.keys.queue(queue);
    const keys = [this.#store.keys.lease(node, `q:${queue}`), ...streams, releases, paused, stored, starts, history];
    const reply = await this.#store.runAs(node, () => this.#store.run('claim', { keys, args: [node, count] }));
    const [rows, againInMs] = reply as [DeliveryRow[], number?];
    const tasks = rows.map((row) => this.#runs.mark(decodeDelivery(queue, row)));
    return againInMs === undefined ? { tasks } : { tasks, limited: againInMs < 0 ? {} : { againInMs } };
  }

  async wait({ queues, node, count, timeoutMs, signal }: WaitRequest): Promise<readonly ClaimedTask[]> {
    const until = this.#clock.monotonic() + timeoutMs;
    const open = await this.#openOf(count < 1 ? [] : queues, node);
    if (open.length === 0) {
      await sleep(this.#clock, Math.min(timeoutMs, longestBlockMs), signal).catch(() => undefined); // aborted: it ends early
      return [];
    }
    const streams = open.flatMap((queue) => this.#store.keys.queue(queue).streams);
    for (;;) {
      const leftMs = until - this.#clock.monotonic();
      const request = { group, consumer: node, count, streams, timeoutMs: leftMs, signal };
      try {
        const read = decodeRead(await this.#blocking.read(request), open, streams);
        return read.map((task) => this.#runs.mark(task));
      } catch (error) {
        if (!(error instanceof Error) || !isMissingGroup(error.cause)) throw error;
        await this.#createGroups(streams);
      }
    }
  }

  /** The node has left in order: no queue lists it as a consumer any longer, or the lists would grow with every start. */
  async retire(node: string): Promise<void> {
    for (const queue of this.#consumed) {
      await this.#store.run('retire', { keys: [...this.#store.keys.queue(queue).streams], args: [node] });
    }
  }

  async settle(frame: Frame<SettleOp>): Promise<readonly SettleReply[]> {
    const { keys } = this.#store;
    const queue = keys.queue(frame.tag);
    const { meta, streams, parked, due, moved, releases, deadByTime, dead, cancelled } = queue;
    const { limits: stored, keyed, turns, behind, history } = queue;
    const places = [parked, due, moved, releases, deadByTime, dead, stored, keyed, turns, behind, history];
    const whole = [meta, ...streams, ...places];
    const channels = [keys.processChannels, keys.channel(everyone)];
    const args: Argument[] = [this.#seed(), frame.sender, ...channels, frame.tag, limits.deadLetters];
    for (const { receipt, outcome, notify = '' } of frame.ops) {
      const name = nameOf(frame.tag, receipt.taskId);
      const [lane, entry, deliveries] = placeOf(receipt);
      const [ms, text] = partsOf(outcome);
      whole.push(queue.result(name));
      const place = isNameOf(entry, receipt.priority, name) ? entry : `${entry} ${name}`;
      args.push(`${outcome.kind} ${lane} ${deliveries} ${Math.ceil(ms)} ${notify}`, place, text);
    }
    const call = { keys: [...whole, cancelled], args };
    const replies = await this.#store.carry('settle', `q:${frame.tag}`, frame, call);
    return replies.map((reply) => (reply === '1' ? 'settled' : reply === 'c' ? 'cancelled' : 'stale'));
  }

  async renew(request: {
    queue: string;
    node: string;
    receipts: readonly HeldReceipt[];
  }): Promise<readonly ClaimRenewal[]> {
    const { queue, node, receipts } = request;
    const { streams, moved, cancelled, history } = this.#store.keys.queue(queue);
    const ops = receipts.flatMap((held) => [nameOf(queue, held.taskId), ...placeOf(held), letterOf(held.handler)]);
    const lease = this.#store.keys.lease(node, `q:${queue}`);
    const call = { keys: [lease, ...streams, moved, cancelled, history], args: [node, ...ops] };
    const kept = await this.#store.runAs(node, () => this.#store.run('renew', call));
    return (kept as number[]).map((one) => (one === 1 ? 'kept' : one === 2 ? 'cancelled' : 'stale'));
  }

  async recover({ queue, node, count, leaseMs, gone }: RecoverRequest): Promise<readonly ClaimedTask[]> {
    const { keys } = this.#store;
    const { streams, releases, moved, cancelled, paused, result, limits: stored, starts, meta } = keys.queue(queue);
    const { parked, due, keyed, turns, behind, history } = keys.queue(queue);
    const lease = (of: string): string => keys.lease(of, `q:${queue}`);
    const places = [cancelled, paused, stored, starts, meta, parked, due, keyed, turns, behind, history];
    const call = {
      keys: [lease(node), ...streams, releases, moved, ...places, ...gone.map(lease)],
      args: [node, count, Math.ceil(leaseMs), queue, keys.channel(everyone), result(''), this.#seed(), ...gone],
    };
    const rows = await this.#store.runAs(node, () => this.#store.run('recover', call));
    return (rows as DeliveryRow[]).map((row) => this.#runs.mark(decodeDelivery(queue, row)));
  }

  async promote(request: {
    queue: string;
    node: string;
    count: number;
  }): Promise<{ moved: number; nextDueInMs?: number }> {
    const { keys } = this.#store;
    const { meta, streams, parked, due, moved, limits: stored, history } = keys.queue(request.queue);
    const call = {
      keys: [keys.lease(request.node, `q:${request.queue}`), meta, ...streams, parked, due, moved, stored, history],
      args: [this.#seed(), Math.max(0, request.count), request.queue, keys.channel(everyone)],
    };
    const reply = await this.#store.runAs(request.node, () => this.#store.run('promote', call));
    const [count = 0, nextDueInMs = -1] = reply as number[];
    return { moved: count, ...(nextDueInMs >= 0 && { nextDueInMs }) };
  }

  /** Those that are neither paused (O4) nor limited (O7). Rejects when the node has lost its presence. */
  async #openOf(queues: readonly string[], node: string): Promise<readonly string[]> {
    const { keys } = this.#store;
    const asked = queues.map((queue) => keys.queue(queue)).flatMap(({ paused, limits: stored }) => [paused, stored]);
    const [present, flags] = await Promise.all([
      this.#store.call('exists', keys.lease(node)),
      asked.length === 0 ? [] : this.#store.call('mget', ...asked),
    ]);
    if (present === 0) throw presenceLost(node);
    const isSet = (flag: string | null | undefined): boolean => typeof flag === 'string';
    return queues.filter((_, index) => !(flags as (string | null)[]).slice(2 * index, 2 * index + 2).some(isSet));
  }

  #seed(): number {
    return integer(this.#random, seedBelow, 'mint');
  }

  async #createGroups(streams: readonly string[]): Promise<void> {
    const create = (stream: string): Promise<unknown> =>
      this.#store.call('xgroup', 'CREATE', stream, group, '0', 'MKSTREAM').catch((error: unknown) => {
        if (!(error instanceof Error) || !error.message.includes('BUSYGROUP')) throw error;
      });
    await Promise.all(streams.map(create));
  }
}

/** Stream 1-3, entry, deliveries. */
function placeOf({ priority, entry, deliveries }: Receipt): [lane: number, entry: string, deliveries: number] {
  return [laneOf(priority), entryOf(entry), deliveries];
}

function letterOf(handler: HeldReceipt['handler']): string {
  return handler === undefined ? '' : handler === 'waits' ? 'w' : 'b';
}

/** Milliseconds, and the record that the outcome leaves after one attempt, or what else there is to say. */
function partsOf(outcome: Outcome): [ms: number, text: string] {
  switch (outcome.kind) {
    case 'complete':
      return [outcome.resultTtlMs, encodeOutcome({ kind: 'completed', result: outcome.result, attempts: 1 })];
    case 'dead':
      return [outcome.resultTtlMs, encodeOutcome({ ...outcome, attempts: 1 })];
    case 'retry':
      return [outcome.delayMs, ''];
    case 'release':
      return [outcome.delayMs ?? 0, outcome.begun === true ? 'begun' : ''];
  }
}

/** A first delivery of each entry; `streams` are those of `queues`, in order. */
function decodeRead(reply: StreamReply, queues: readonly string[], streams: readonly string[]): ClaimedTask[] {
  return reply.flatMap(([stream, entries]) => {
    const index = streams.indexOf(stream);
    const queue = queues[Math.floor(index / priorities.length)] ?? '';
    const lane = (index % priorities.length) + 1;
    return entries.map(([entry, fields]) => decodeDelivery(queue, [lane, entry, 1, 0, fields]));
  });
}
