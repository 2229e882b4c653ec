/**
 * Counts what a call makes a server do: every command it runs, those of scripts included.
 */
import type { Redis } from 'ioredis';
import type { Crowd } from './crowd.ts';

/** A call of a port that is counted, and what its script says it may take. */
export interface Counted {
  readonly title: string;
  /** The scripts that this is about, or the commands of a port that has none. */
  readonly of: string;
  /** Most commands of a call with one operation. */
  readonly one: number;
  /** Most commands of each further operation, on average; absent: the call has no more than one. */
  readonly each?: number;
  /** By how many commands for each operation the count may depend on how much there is, and why. */
  readonly spread?: readonly [commands: number, why: string];
  /** Prepares a call with that many operations, which answers how many of them took effect. */
  readonly arrange: (crowd: Crowd, ops: number) => Promise<() => Promise<number>>;
}

/** Those that count, and a sign of life that a link sends when it likes. */
const ours = new Set(['info', 'config|resetstat', 'ping']);

/** Commands by name. */
export async function commandsOf(raw: Redis, call: () => Promise<unknown>): Promise<Readonly<Record<string, number>>> {
  await raw.config('RESETSTAT');
  await call();
  const rows = (await raw.info('commandstats')).matchAll(/^cmdstat_([^:]+):calls=(\d+)/gm);
  const counts = Array.from(rows, ([, name = '', calls]) => [name, Number(calls)] as const);
  return Object.fromEntries(counts.filter(([name]) => !ours.has(name)));
}

export const sumOf = (commands: Readonly<Record<string, number>>): number =>
  Object.values(commands).reduce((sum, calls) => sum + calls, 0);

export type Most = Pick<Counted, 'one' | 'each' | 'spread'>;

/** A call that needs no preparation. */
export const simple = (
  title: string,
  of: string,
  most: Most,
  call: (crowd: Crowd, ops: number) => Promise<number | boolean>,
): Counted => ({
  title,
  of,
  ...most,
  arrange: (crowd, ops) => Promise.resolve(async () => Number(await call(crowd, ops))),
});
