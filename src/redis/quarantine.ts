/**
 * The quarantine port on Redis: one stream, bounded in entries and bytes.
 *
 * Invariants Z1 to Z4 stand in broker/quarantine.ts. What is taken from a list gets in by take.lua; everything else by `add`, whose marks
 * (Z3) are keys with a time to live, named after the text.
 */
import { createHash } from 'node:crypto';
import type { Quarantined, Quarantining, QuarantinePage, QuarantinePort } from '../broker/quarantine.ts';
import { limits } from '../core/limits.ts';
import type { Argument } from './link.ts';
import type { Store } from './store.ts';
import { entryOf } from './task-records.ts';

/** As the scripts take them. */
export const quarantineLimits: readonly Argument[] = [
  limits.quarantined,
  limits.quarantineBytes,
  limits.quarantineText,
];

type Row = readonly [id: string, origin: string, reason: string, left: string, bytes: string, text: string];

export class RedisQuarantine implements QuarantinePort {
  readonly #store: Store;

  constructor(deps: { store: Store }) {
    this.#store = deps.store;
  }

  async add(entries: readonly Quarantining[]): Promise<void> {
    const { stream, about, once } = this.#store.keys.quarantine;
    const sizes = entries.map(({ text, bytes }) => bytes ?? Buffer.byteLength(text));
    const marks = entries.map(({ origin, text }, index) => once(hashOf(origin, String(sizes[index]), text)));
    const fields = entries.flatMap(({ origin, reason, left, text }, index) => [
      origin,
      reason,
      left,
      text,
      sizes[index] ?? 0,
    ]);
    await this.#store.run('add-quarantined', {
      keys: [stream, about, ...marks],
      args: [...quarantineLimits, limits.quarantineOnceMs, ...fields],
    });
  }

  async list({ count, before, textBytes }: Parameters<QuarantinePort['list']>[0]): Promise<QuarantinePage> {
    const { stream, about } = this.#store.keys.quarantine;
    const newest = before === undefined ? '+' : `(${entryOf(before)}`;
    const reply = await this.#store.run('read-quarantined', {
      keys: [stream, about],
      args: [newest, count, textBytes],
    });
    const [total, dropped, ...rows] = reply as [number, number, ...Row[]];
    return { entries: rows.map(decodeRow), total, dropped };
  }

  release(ids: readonly string[]): Promise<readonly string[]> {
    return this.#end('release', ids);
  }

  drop(ids: readonly string[]): Promise<readonly string[]> {
    return this.#end('drop', ids);
  }

  async #end(how: 'release' | 'drop', ids: readonly string[]): Promise<readonly string[]> {
    const { keys } = this.#store;
    const { stream, about } = keys.quarantine;
    const call = { keys: [stream, about, keys.foreign.queue], args: [how, ...ids.map(entryOf)] };
    return (await this.#store.run('end-quarantined', call)) as readonly string[];
  }
}

function hashOf(...parts: readonly string[]): string {
  return createHash('sha1').update(parts.join('\x1f')).digest('hex');
}

function decodeRow([id, origin, reason, left, bytes, text]: Row): Quarantined {
  const how = left === 'list' || left === 'channel' ? left : 'copy';
  return { id, origin, reason, left: how, bytes: Number(bytes), text, at: Number.parseInt(id, 10) };
}
