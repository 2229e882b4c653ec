/**
 * The foreign port on Redis: the list that classic agents share, and beside it a stream of the tasks that were taken from it.
 *
 * Invariants B1 to B6 stand in broker/foreign.ts. Its keys and the classic ones have no hash tag in common, and an end names keys of the
 * task's queue, too: the classic protocol is for one server, not for a cluster.
 */
import { createHash } from 'node:crypto';
import {
  bridgeLost,
  type ForeignPort,
  foreignKey,
  type Look,
  type LookedAt,
  type Picked,
  type TakenTask,
  type TaskEnd,
  type TaskEndReply,
} from '../broker/foreign.ts';
import { parseTaskId } from '../broker/task-id.ts';
import { limits } from '../core/limits.ts';
import { integer, type Random } from '../core/random.ts';
import { encodeEvent } from './event-records.ts';
import type { EventRetention } from './events.ts';
import { quarantineLimits } from './quarantine.ts';
import type { Store } from './store.ts';
import { entryOf, nameOf } from './task-records.ts';

export interface ForeignDeps {
  readonly store: Store;
  readonly random: Random;
  readonly retention: EventRetention;
}

const seedBelow = 2 ** 20;

export class RedisForeign implements ForeignPort {
  readonly #store: Store;
  readonly #random: Random;
  readonly #retention: EventRetention;

  constructor(deps: ForeignDeps) {
    this.#store = deps.store;
    this.#random = deps.random;
    this.#retention = deps.retention;
  }

  async hold(node: string, leaseMs: number): Promise<boolean> {
    const { keys } = this.#store;
    const call = { keys: [keys.foreign.bridge, keys.lease(node, 'classic')], args: [node, Math.ceil(leaseMs)] };
    return (await this.#store.run('hold-bridge', call)) === 1;
  }

  async look({ list, mark, count }: Parameters<ForeignPort['look']>[0]): Promise<Look> {
    const { foreignLookBytes: bytes, foreignText: cut } = limits;
    const reply = await this.#store.run('look', {
      keys: [this.#store.keys.foreign[list]],
      args: [mark.count, mark.last, count, bytes, cut],
    });
    if ((reply as unknown[])[0] === 'TYPE') return { kind: 'wrong-type', type: String((reply as unknown[])[1]) };
    const [base, name, at, last, more, ...rest] = reply as [
      number,
      string,
      number,
      string,
      number,
      ...(string | number)[],
    ];
    const entries: LookedAt[] = [];
    for (let from = 0; from < rest.length; from += 3) {
      const [size, proof, text] = rest.slice(from, from + 3);
      entries.push(decodeEntry(entries.length + 1, Number(size), String(proof), String(text)));
    }
    return { kind: 'entries', entries, from: { count: base, last: name }, next: { count: at, last }, more: more === 1 };
  }

  async take({ node, from, looked, picks, most }: Parameters<ForeignPort['take']>[0]): Promise<Picked> {
    const { foreign, quarantine } = this.#store.keys;
    const seed = integer(this.#random, seedBelow, 'mint');
    const head = [
      node,
      from.count,
      from.last,
      looked,
      most,
      seed,
      limits.foreignText,
      foreign.queue,
      ...quarantineLimits,
    ];
    const reply = await this.#asBridge(node, 'take', {
      keys: [foreign.bridge, foreign.queue, foreign.taken, foreign.meta, quarantine.stream, quarantine.about],
      args: [...head, ...picks.flatMap(({ number, proof, reason = '' }) => [number, proof, reason])],
    });
    const [count, last, ...ids] = reply as [number, string, ...string[]];
    return { ids: picks.map((_, index) => ids[index] || undefined), next: { count, last } };
  }

  async taken({ after, count }: { after: string; count: number }): Promise<readonly TakenTask[]> {
    const start = after === '' ? '-' : `(${entryOf(after)}`;
    const { taken } = this.#store.keys.foreign;
    const rows = (await this.#store.call('xrange', taken, start, '+', 'COUNT', count)) as [string, string[]][] | null;
    return (rows ?? []).map(([id, [, text = '']]) => ({ id, text }));
  }

  async end({ node, ends }: { node: string; ends: readonly TaskEnd[] }): Promise<readonly TaskEndReply[]> {
    const { keys } = this.#store;
    const { foreign, events } = keys;
    const { events: most, eventsAgeMs } = this.#retention;
    const args = ends.flatMap(({ id, completion = '', event }) => [id, completion, ...encodeEvent(event)]);
    const reply = await this.#asBridge(node, 'end-foreign', {
      keys: [
        foreign.bridge,
        foreign.taken,
        foreign.stored,
        foreign.completed,
        events.stream,
        events.trimmed,
        ...ends.flatMap((one) => this.#leftOf(one)),
      ],
      args: [node, keys.eventsChannel, most, Math.ceil(eventsAgeMs), ...args],
    });
    return reply as readonly TaskEndReply[];
  }

  /** Result and key of the task of the fleet; of one that was none, keys that do not exist. */
  #leftOf({ id, taskId }: TaskEnd): readonly string[] {
    const name = parseTaskId(taskId ?? '')?.queue ?? '';
    const queue = this.#store.keys.queue(name);
    return [queue.result(name === '' ? '' : nameOf(name, taskId ?? '')), queue.key(foreignKey(id))];
  }

  async #asBridge(
    node: string,
    script: 'take' | 'end-foreign',
    call: { keys: readonly string[]; args: readonly (string | number)[] },
  ): Promise<unknown> {
    const reply = await this.#store.run(script, call);
    if (reply === 'BRIDGE') throw bridgeLost(node);
    return reply;
  }
}

function decodeEntry(number: number, bytes: number, proof: string, text: string): LookedAt {
  const isWhole = !proof.includes('/');
  return { number, text, bytes, isWhole, isUtf8: !isWhole || isUtf8(text, bytes, proof), proof };
}

/** The text was read as UTF-8; where it was none, it has other bytes now. */
function isUtf8(text: string, bytes: number, proof: string): boolean {
  if (Buffer.byteLength(text) !== bytes) return false;
  return !text.includes('\ufffd') || createHash('sha1').update(text).digest('hex') === proof;
}
