/**
 * The watcher of the proof of fail-over: what the broker itself says of who had which id under which epoch, and of the effects that it
 * took, read from its keys by somebody who is no part of the fleet.
 *
 * Looks come much more often than leases end, and a record stays until the id is granted anew: no activation is missed.
 */
import { Redis } from 'ioredis';
import { repeat, type Timer } from '../../../src/core/clock.ts';
import { systemClock } from '../../../src/core/system.ts';
import { Keys } from '../../../src/redis/keys.ts';
import { effect, type Trace } from './failover-parts.ts';
import { fleetName } from './held.ts';
import type { Grant, TakenEffect } from './judge-failover.ts';

const lookEveryMs = 25;
const page = 1_000;

export class FailoverWatch {
  readonly grants: Grant[] = [];
  readonly effects: TakenEffect[] = [];
  /** Messages that have had an effect. */
  readonly handled = new Set<string>();
  /** The grant of each single that is the last one. */
  readonly current = new Map<string, Grant>();
  readonly #redis: Redis;
  readonly #keys = new Keys({ fleet: fleetName, db: 0, classic: false });
  readonly #owners = new Set<string>();
  #present: ReadonlySet<string> = new Set();
  #lastEvent = '0';
  #timer: Timer | undefined;
  #looking: Promise<void> = Promise.resolve();

  constructor(url: string) {
    this.#redis = new Redis(url, { connectionName: 'rig' });
    this.#redis.on('error', () => {});
  }

  start(): void {
    this.#timer = repeat(
      systemClock,
      () => lookEveryMs,
      () => this.look(),
    );
  }

  /** Reads what there is now. Looks never overlap. */
  look(): Promise<void> {
    this.#looking = this.#looking.then(() => this.#look());
    return this.#looking;
  }

  isPresent(node: string): boolean {
    return this.#present.has(node);
  }

  ownedBy(node: string): readonly string[] {
    return [...this.current.values()].filter((grant) => grant.node === node).map(({ to }) => to);
  }

  async close(): Promise<void> {
    this.#timer?.cancel();
    await this.#looking.catch(() => undefined); // the server may have gone before
    this.#redis.disconnect();
  }

  async #look(): Promise<void> {
    await this.#lookAtDirectory();
    for (;;) {
      const rows = await this.#redis.xrange(this.#keys.events.stream, `(${this.#lastEvent}`, '+', 'COUNT', page);
      for (const [id, fields] of rows) this.#takeEvent(id, fields);
      if (rows.length < page) return;
    }
  }

  /** Directory and leases of one moment. */
  async #lookAtDirectory(): Promise<void> {
    const owners = [...this.#owners];
    const asked = this.#redis.multi().hgetall(this.#keys.mail('m0').directory);
    for (const owner of owners) asked.exists(this.#keys.lease(owner));
    const [directory, ...leases] = (await asked.exec()) ?? [];
    this.#present = new Set(owners.filter((_, at) => leases[at]?.[1] === 1));
    for (const [to, record] of Object.entries((directory?.[1] ?? {}) as Record<string, string>)) {
      const [node = '', epoch] = record.split('\x1f');
      if (node !== '') this.#takeGrant(to, node, Number(epoch));
    }
  }

  #takeGrant(to: string, node: string, epoch: number): void {
    const before = this.current.get(to);
    if (before?.node === node && before.epoch === epoch) return;
    const grant = { to, node, epoch, isBeside: before !== undefined && this.#present.has(before.node) };
    this.#owners.add(node);
    this.grants.push(grant);
    this.current.set(to, grant);
  }

  #takeEvent(id: string, flat: readonly string[]): void {
    this.#lastEvent = id;
    const field = (name: string): string => flat[flat.indexOf(name) + 1] ?? '';
    if (field('message') !== effect.topic) return;
    const trace = JSON.parse(field('metadata')) as Trace;
    this.effects.push({ ...trace, takenAtMs: Number.parseInt(id, 10) });
    this.handled.add(`${trace.from} ${trace.to} ${trace.seq}`);
  }
}
