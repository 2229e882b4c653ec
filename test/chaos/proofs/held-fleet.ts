/**
 * The scene of the proofs with held tasks: a private Redis, a client that keeps the queue filled, and everything that the book says, read
 * as it is written.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TaskHandle } from '../../../src/agent/task-handle.ts';
import { connect } from '../../../src/compose/connect.ts';
import type { Fleet } from '../../../src/compose/fleet.ts';
import { repeat } from '../../../src/core/clock.ts';
import { systemClock } from '../../../src/core/system.ts';
import { type RedisServer, startRedis } from '../../support/redis-server.ts';
import { holds } from '../rig/stage.ts';
import { BookReader, type Stamp } from './book.ts';
import { Child } from './child.ts';
import { fleetName, type HeldEntry, heldTask, type HolderParameters } from './held.ts';
import { Settles } from './settles.ts';

export type Run = Extract<HeldEntry, { t: 'run' }> & Stamp;
type TaskTimes = Pick<HeldInput, 'ms' | 'againMs' | 'heeds'>;
interface HeldInput {
  readonly n: number;
  readonly ms: number;
  readonly againMs: number;
  readonly heeds: boolean;
}

const fillEveryMs = 20;
const mostAtOnce = 200;
const settleLimitMs = 60_000;
const resultLimitMs = 30_000;

export class HeldFleet {
  readonly accepted: { readonly n: number; readonly handle: TaskHandle<{ n: number }> }[] = [];
  /** Tasks by number, every start of each in order. */
  readonly runs = new Map<number, Run[]>();
  /** Tasks that began in a process, with when each ended, by process. */
  readonly held = new Map<number, { readonly from: number; to: number; readonly n: number }[]>();
  /** How often each outcome was told to a holder. */
  readonly outcomes = new Map<string, number>();
  readonly settles: Settles;
  readonly client: Fleet;
  readonly #server: RedisServer;
  readonly #folder: string;
  readonly #book: BookReader<HeldEntry>;
  readonly #children = new Set<Child>();
  #asked = 0;

  private constructor(server: RedisServer, folder: string, client: Fleet, settles: Settles) {
    this.#server = server;
    this.#folder = folder;
    this.client = client;
    this.settles = settles;
    this.#book = new BookReader(this.#path, (entry) => this.#take(entry));
  }

  static async open(): Promise<HeldFleet> {
    const server = await startRedis();
    const folder = await mkdtemp(join(tmpdir(), 'chaos-proof-'));
    const client = await connect({ redis: server.url, fleet: fleetName });
    return new HeldFleet(server, folder, client, await Settles.listen(server.url, fleetName));
  }

  get #path(): string {
    return join(this.#folder, 'book.jsonl');
  }

  /** A process that is up. */
  async start(parameters: Omit<HolderParameters, 'redis' | 'book'>): Promise<Child> {
    const places = { redis: this.#server.url, book: this.#path };
    const child = new Child({ entry: 'holder.ts', parameters: { ...parameters, ...places } });
    this.#children.add(child);
    void child.ended.then(() => this.#children.delete(child));
    return child.ready();
  }

  read(): void {
    this.#book.read();
  }

  /** Tasks that a process holds at a time, as far as the book has been read. */
  inFlight(pid: number, at = Number.POSITIVE_INFINITY): number {
    return (this.held.get(pid) ?? []).filter(({ from, to }) => from <= at && to > at).length;
  }

  /** Those that have begun there and not ended. */
  inFlightNow(pid: number): number {
    this.read();
    return (this.held.get(pid) ?? []).filter(({ to }) => to === Number.POSITIVE_INFINITY).length;
  }

  /** The process has begun it and not ended it. */
  isHeld(pid: number, n: number): boolean {
    return (this.held.get(pid) ?? []).some((one) => one.n === n && one.to === Number.POSITIVE_INFINITY);
  }

  /** Enqueues so many tasks; resolves when they are accepted. */
  async enqueue(count: number, times: (n: number) => TaskTimes): Promise<void> {
    const asked = Array.from({ length: count }, () => ++this.#asked);
    await Promise.all(
      asked.map(async (n) => {
        const handle = await this.client.enqueue(heldTask, { n, ...times(n) });
        this.accepted.push({ n, handle });
      }),
    );
  }

  /** Keeps so many tasks accepted and not settled, until it is called off. */
  fill(target: number, times: (n: number) => TaskTimes): { stop(): Promise<void> } {
    let filling = Promise.resolve();
    const filler = repeat(
      systemClock,
      () => fillEveryMs,
      () => {
        const missing = Math.min(mostAtOnce, target - (this.accepted.length - this.settles.times.size));
        filling = missing > 0 ? this.enqueue(missing, times) : Promise.resolve();
        return filling;
      },
    );
    return {
      stop: () => {
        filler.cancel();
        return filling;
      },
    };
  }

  /** Waits until everything has ended, as long as it may take; then the tasks that have no result, with their stories. */
  async lost(): Promise<readonly string[]> {
    await holds(() => this.settles.times.size >= this.accepted.length, settleLimitMs);
    const stories: string[] = [];
    for (let from = 0; from < this.accepted.length; from += mostAtOnce) {
      const some = this.accepted.slice(from, from + mostAtOnce).map(async ({ n, handle }) => {
        const result = await handle.result({ timeout: resultLimitMs }).catch(String);
        if (typeof result === 'string' || result.n !== n)
          stories.push(`task ${n} (${handle.id}) has no result of its own: ${JSON.stringify(result)}`);
      });
      await Promise.all(some);
    }
    this.read();
    return stories;
  }

  async close(): Promise<void> {
    await Promise.all([...this.#children].map((child) => child.kill()));
    await this.client.close().catch(() => undefined);
    this.settles.close();
    this.#book.close();
    await this.#server.stop();
    await rm(this.#folder, { recursive: true, force: true });
  }

  #take(entry: HeldEntry & Stamp): void {
    if (entry.t === 'settled') {
      this.outcomes.set(entry.outcome, (this.outcomes.get(entry.outcome) ?? 0) + 1);
      return;
    }
    const held = listOf(this.held, entry.pid);
    if (entry.t === 'run') {
      listOf(this.runs, entry.n).push(entry);
      held.push({ from: entry.at, to: Number.POSITIVE_INFINITY, n: entry.n });
      return;
    }
    const ended = held.findLast(({ n }) => n === entry.n);
    if (ended !== undefined) ended.to = entry.at;
  }
}

function listOf<K, T>(lists: Map<K, T[]>, key: K): T[] {
  const list = lists.get(key) ?? [];
  lists.set(key, list);
  return list;
}
