/**
 * The foreign port in memory: the list that foreign agents share, and the tasks that were taken from it.
 *
 * Invariants B1 to B6 stand in broker/foreign.ts. An entry is a text, so that every one of them is UTF-8 here.
 */
import {
  bridgeLost,
  type ForeignPort,
  foreignKey,
  type Look,
  type LookedAt,
  type Mark,
  type Picked,
  startMark,
  type TakenTask,
  type TaskEnd,
  type TaskEndReply,
} from '../broker/foreign.ts';
import { parseTaskId } from '../broker/task-id.ts';
import { limits } from '../core/limits.ts';
import { appendEvent, trimEvents } from './events.ts';
import type { MemoryFleet } from './fleet.ts';
import type { Link } from './link.ts';
import { keep, kept } from './queue-state.ts';
import { quarantine } from './quarantine.ts';

const cutTo = 4_096;
const resultTtlMs = 60_000;

export class MemoryForeign implements ForeignPort {
  readonly #fleet: MemoryFleet;
  readonly #link: Link;

  constructor(deps: { fleet: MemoryFleet; link: Link }) {
    this.#fleet = deps.fleet;
    this.#link = deps.link;
  }

  hold(node: string, leaseMs: number): Promise<boolean> {
    return this.#link.call(node, (asker) => {
      const { foreign, clock, directory } = this.#fleet;
      const held = foreign.bridge;
      if (held !== undefined && held.node !== asker && held.until > clock.now()) return false;
      const holds = leaseMs > 0 && directory.isPresent(asker);
      foreign.bridge = holds ? { node: asker, until: clock.now() + leaseMs } : undefined;
      return holds;
    });
  }

  look(request: Parameters<ForeignPort['look']>[0]): Promise<Look> {
    return this.#link.call(request, ({ list, mark, count }): Look => {
      const { foreign } = this.#fleet;
      if (foreign.wrongTypes.has(list)) return { kind: 'wrong-type', type: 'string' };
      const all = foreign[list];
      const from = mark.count < 0 ? markAt(all, all.length) : findMark(all, mark);
      const entries: LookedAt[] = [];
      let bytes = 0;
      for (const entry of all.slice(from.count, from.count + count)) {
        if (bytes >= limits.foreignLookBytes) break;
        const looked = lookAt(entry, entries.length + 1);
        bytes += looked.text.length;
        entries.push(looked);
      }
      const next = markAt(all, from.count + entries.length);
      return { kind: 'entries', entries, from, next, more: next.count < all.length };
    });
  }

  take(request: Parameters<ForeignPort['take']>[0]): Promise<Picked> {
    return this.#link.call(request, ({ node, from, looked, picks, most }): Picked => {
      this.#demandBridge(node);
      const { foreign } = this.#fleet;
      const base = findMark(foreign.queue, from).count;
      if (foreign.wrongTypes.has('queue') || (base === 0 && from.count > 0))
        return { ids: picks.map(() => undefined), next: startMark };
      let reach = looked;
      const gone: number[] = [];
      const ids: (string | undefined)[] = [];
      for (const { number, proof, reason } of picks) {
        const entry = foreign.queue[base + number - 1];
        if (entry === undefined || proofOf(entry) !== proof) ids.push(undefined);
        else if (reason !== undefined) ids.push(this.#quarantine(reason, entry));
        else if (foreign.taken.size < most) ids.push(this.#keep(entry));
        else {
          reach = number - 1;
          break;
        }
        if (ids.at(-1) !== undefined) gone.push(base + number - 1);
      }
      for (const index of gone.reverse()) foreign.queue.splice(index, 1);
      return { ids: picks.map((_, index) => ids[index]), next: markAt(foreign.queue, base + reach - gone.length) };
    });
  }

  taken(page: { after: string; count: number }): Promise<readonly TakenTask[]> {
    return this.#link.call(page, ({ after, count }) => {
      const all = [...this.#fleet.foreign.taken].map(([id, text]) => ({ id, text }));
      return all.filter(({ id }) => Number.parseInt(id, 10) > Number.parseInt(after || '0', 10)).slice(0, count);
    });
  }

  end(request: { node: string; ends: readonly TaskEnd[] }): Promise<readonly TaskEndReply[]> {
    return this.#link.call(request, ({ node, ends }) => {
      this.#demandBridge(node);
      const replies = ends.map((one) => this.#end(one));
      trimEvents(this.#fleet);
      return replies;
    });
  }

  #end({ id, taskId, completion, event }: TaskEnd): TaskEndReply {
    const { taken, stored, completed, wrongTypes } = this.#fleet.foreign;
    if (!taken.has(id)) return 'unknown';
    if (completion !== undefined && !stored.has(id)) {
      if (wrongTypes.has('completed')) return 'held';
      completed.push(completion);
    }
    if (wrongTypes.has('events')) {
      stored.add(id);
      return 'held';
    }
    appendEvent(this.#fleet, event);
    taken.delete(id);
    stored.delete(id);
    const queue = this.#fleet.queue(parseTaskId(taskId ?? '')?.queue ?? '');
    queue.keys.delete(foreignKey(id));
    const now = this.#fleet.clock.now();
    const outcome = kept(queue.outcomes, taskId ?? '', now);
    if (outcome !== undefined) keep(queue.outcomes, taskId ?? '', outcome, { now, ttlMs: resultTtlMs });
    return 'ended';
  }

  #keep(entry: string): string {
    const id = `${this.#fleet.nextNumber()}-0`;
    this.#fleet.foreign.taken.set(id, entry);
    return id;
  }

  #quarantine(reason: string, text: string): 'quarantined' {
    quarantine(this.#fleet, { origin: 'task:queue', reason, text }, 'list');
    return 'quarantined';
  }

  /** B1 */
  #demandBridge(node: string): void {
    demandBridge(this.#fleet, node);
  }
}

export function demandBridge({ foreign, clock }: MemoryFleet, node: string): void {
  if (foreign.bridge?.node !== node || foreign.bridge.until <= clock.now()) throw bridgeLost(node);
}

/** B2 */
function findMark(all: readonly string[], { count, last }: Mark): Mark {
  for (let at = Math.min(count, all.length); last !== '' && at > 0; at--)
    if (nameOf(all[at - 1] ?? '') === last) return { count: at, last };
  return startMark;
}

function markAt(all: readonly string[], count: number): Mark {
  const entry = all[count - 1];
  return entry === undefined ? startMark : { count, last: nameOf(entry) };
}

function nameOf(entry: string): string {
  return `${entry.length}:${entry.slice(0, 200)}${entry.slice(-200)}`;
}

function proofOf(entry: string): string {
  return entry.length > limits.foreignText ? `${entry.slice(0, cutTo)}/${entry.length}` : entry;
}

function lookAt(entry: string, number: number): LookedAt {
  const isWhole = entry.length <= limits.foreignText;
  const text = isWhole ? entry : entry.slice(0, cutTo);
  return { number, text, bytes: Buffer.byteLength(entry), isWhole, isUtf8: true, proof: proofOf(entry) };
}
