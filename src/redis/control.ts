/**
 * The control port on Redis: each call is one script, on the keys of a queue or on those of the roster.
 *
 * Invariants O1 to O10 stand in broker/control.ts. Settle, renew and recover keep O3 with the marks that are written here.
 */
import type { CancelReply, CancelRequest, ControlPort, LimitChange, QueueLimits } from '../broker/control.ts';
import { everyone } from '../broker/notices.ts';
import type { EnrolReply, EnrolRequest, Roster, RosterEntry } from '../broker/roster.ts';
import { parseTaskId } from '../broker/task-id.ts';
import { limits } from '../core/limits.ts';
import { integer, type Random } from '../core/random.ts';
import type { Store } from './store.ts';
import { decodeLimits, entryOf, laneOf, nameOf, seedBelow } from './task-records.ts';

export class RedisControl implements ControlPort {
  readonly #store: Store;
  readonly #random: Random;

  constructor(deps: { store: Store; random: Random }) {
    this.#store = deps.store;
    this.#random = deps.random;
  }

  async cancel({ taskId, error, resultTtlMs }: CancelRequest): Promise<CancelReply> {
    const id = parseTaskId(taskId);
    if (id === undefined) return 'unknown';
    const { keys } = this.#store;
    const queue = keys.queue(id.queue);
    const { meta, streams, parked, due, moved, releases, dead, cancelled, result } = queue;
    const name = nameOf(id.queue, taskId);
    const stream = streams[laneOf(id.priority) - 1] ?? '';
    const channels = [keys.processChannels, keys.channel(everyone)];
    const texts = [JSON.stringify(error), JSON.stringify(error.message)];
    const own = [stream, parked, due, moved, releases, dead, cancelled, result(name)];
    const seed = integer(this.#random, seedBelow, 'mint');
    const call = {
      keys: [...own, meta, ...streams, queue.limits, queue.keyed, queue.turns, queue.behind, queue.history],
      args: [name, entryOf(id.number), id.queue, ...channels, Math.max(0, Math.ceil(resultTtlMs)), ...texts, seed],
    };
    return (await this.#store.run('cancel', call)) as CancelReply;
  }

  pause(queue: string): Promise<boolean> {
    return this.#switch(queue, 'paused');
  }

  resume(queue: string): Promise<boolean> {
    return this.#switch(queue, 'resumed');
  }

  async limit(queue: string, { concurrency, rate }: LimitChange): Promise<QueueLimits> {
    const { keys } = this.#store;
    const { limits: kept, starts } = keys.queue(queue);
    const most = concurrency === undefined ? '=' : (concurrency ?? '');
    const [max, perMs] = rate === undefined ? ['=', '='] : rate === null ? ['', ''] : [rate.max, Math.ceil(rate.perMs)];
    const call = { keys: [kept, starts], args: [queue, keys.channel(everyone), most, max, perMs] };
    return decodeLimits((await this.#store.run('limit', call)) as string) ?? {};
  }

  async enrol({ name, text, expected = '*', by }: EnrolRequest): Promise<EnrolReply> {
    const { keys } = this.#store;
    const call = {
      keys: [keys.roster.records, keys.roster.version, keys.lease(by ?? '')],
      args: [name, text, expected, limits.rosterEntries, keys.channel(everyone), by === undefined ? '0' : '1'],
    };
    const reply = await this.#store.runAs(by ?? '', () => this.#store.run('enrol', call));
    const [kind, value] = reply as [string, (string | number)?];
    if (kind === 'OK') return { kind: 'enrolled', version: String(value) };
    return kind === 'FULL' ? { kind: 'full', entries: Number(value) } : { kind: 'changed' };
  }

  async dismiss(name: string, expected = '*'): Promise<boolean> {
    const { keys } = this.#store;
    const call = {
      keys: [keys.roster.records, keys.roster.version],
      args: [name, expected, keys.channel(everyone)],
    };
    return (await this.#store.run('dismiss', call)) === 1;
  }

  async roster(known: string): Promise<Roster | undefined> {
    const { records, version } = this.#store.keys.roster;
    const reply = await this.#store.run('read-roster', { keys: [records, version], args: [known] });
    if (reply === null) return undefined;
    const [now, fields] = reply as [string, readonly string[]];
    return { version: now, entries: entriesOf(fields) };
  }

  async #switch(queue: string, to: 'paused' | 'resumed'): Promise<boolean> {
    const { keys } = this.#store;
    const call = { keys: [keys.queue(queue).paused], args: [to, queue, keys.channel(everyone)] };
    return (await this.#store.run('pause', call)) === 1;
  }
}

/** Of name, record, name, record... */
function entriesOf(fields: readonly string[]): readonly RosterEntry[] {
  const entries: RosterEntry[] = [];
  for (let at = 0; at + 1 < fields.length; at += 2) {
    const [name = '', record = ''] = fields.slice(at, at + 2);
    const end = record.indexOf('\x1f');
    entries.push({ name, version: record.slice(0, end), text: record.slice(end + 1) });
  }
  return entries;
}
