/**
 * Kills under load, on either side and at random moments: nodes of the fleet, of which one is the bridge, and classic workers.
 *
 * Tasks cross over in both directions all the time. What a classic worker had in its hands when it was killed is excused: the classic
 * protocol has no way to give it back. Everything else has to end once.
 */
import { connect } from '../../../src/compose/connect.ts';
import type { Redis } from 'ioredis';
import { type Clock, sleep } from '../../../src/core/clock.ts';
import { systemClock } from '../../../src/core/system.ts';
import { SeededRandom } from '../../../src/sim/seeded-random.ts';
import { waitFor } from '../../support/wait.ts';
import { entry } from './entries.ts';
import { startNode } from './nodes.ts';
import { heldKey, PhpWorker } from './php-worker.ts';

export interface KillFigures {
  readonly kills: { readonly nodes: number; readonly workers: number };
  /** Tasks of classic creators for the fleet. */
  readonly incoming: number;
  /** Tasks of the fleet for classic workers. */
  readonly outgoing: number;
  readonly excused: number;
  readonly lost: number;
  readonly doubled: number;
  /** Tasks of the fleet that a classic worker did more than once. */
  readonly repeated: number;
  /** Broadcasts of completions that are missing, or there twice. */
  readonly untold: number;
  readonly toldTwice: number;
}

export interface KillPlan {
  readonly kills: number;
  readonly seed: number;
  /** Tasks a second, in each direction. */
  readonly rate: number;
}

const nodes = 3;
const worker = 'php-worker';
const timing = { presenceLease: '1500ms', heartbeat: '400ms', taskLease: '1s', drainGrace: '1s' } as const;
const pauseMs = { from: 100, to: 2_500 };
const tickMs = 50;
/** Of the end, when nothing is killed any more. */
const settleMs = 60_000;

export async function killUnderLoad(
  { raw, redis }: { readonly raw: Redis; readonly redis: string },
  { kills, seed, rate }: KillPlan,
): Promise<KillFigures> {
  const clock: Clock = systemClock;
  const random = new SeededRandom(seed);
  const start = [
    ...Array.from({ length: nodes }, () => () => startNode({ redis, size: 2, concurrency: 10, timing })),
    () => PhpWorker.start({ redis, name: worker }),
  ];
  const children: Killable[] = await Promise.all(start.map((one) => one()));
  const fleet = await connect({ redis, classic: true });
  const load = new Load(raw, (input) => fleet.enqueue({ role: worker, task: 'resize' }, input));
  const over = new AbortController();
  const loading = load.run(clock, rate, over.signal);
  const count = { nodes: 0, workers: 0 };
  try {
    for (let kill = 0; kill < kills; kill++) {
      await sleep(clock, pauseMs.from + random.fraction('pause') * (pauseMs.to - pauseMs.from));
      const victim = random.fraction('either') < 0.7 ? Math.floor(random.fraction('which') * nodes) : nodes;
      await children[victim]?.kill();
      children[victim] = await (start[victim] ?? (() => Promise.reject(new Error('nobody'))))();
      count[victim < nodes ? 'nodes' : 'workers']++;
    }
    over.abort();
    await loading;
    return { kills: count, ...(await judge(raw, load)) };
  } finally {
    over.abort();
    await Promise.all([fleet.close(), ...children.map((child) => child.kill())]);
  }
}

interface Killable {
  kill(): Promise<void>;
}

interface Handle {
  result(): Promise<unknown>;
}

/** What is handed in while it runs, and what comes back. */
class Load {
  readonly incoming: string[] = [];
  readonly outgoing: string[] = [];
  readonly results: unknown[] = [];
  readonly failures: string[] = [];
  readonly #raw: Redis;
  readonly #enqueue: (input: unknown) => Promise<Handle>;

  constructor(raw: Redis, enqueue: (input: unknown) => Promise<Handle>) {
    this.#raw = raw;
    this.#enqueue = enqueue;
  }

  async run(clock: Clock, rate: number, signal: AbortSignal): Promise<void> {
    const each = Math.max(1, Math.round((rate * tickMs) / 1_000));
    while (!signal.aborted) {
      const from = this.incoming.length;
      for (let n = from; n < from + each; n++) {
        this.incoming.push(`in-${n}`);
        await this.#raw.lpush('task:queue', entry({ taskId: `in-${n}` }));
        this.outgoing.push(`out-${n}`);
        await this.#hand(`out-${n}`);
      }
      await sleep(clock, tickMs, signal).catch(() => undefined); // it is over
    }
  }

  /** Accepted when it resolves; the result comes when it comes. */
  async #hand(name: string): Promise<void> {
    const handle = await this.#enqueue({ name });
    void handle.result().then(
      (result) => this.results.push((result as { name: string }).name),
      (error: unknown) => this.failures.push(`${name}: ${String(error)}`),
    );
  }
}

async function judge(raw: Redis, load: Load): Promise<Omit<KillFigures, 'kills'>> {
  const held = async (): Promise<Set<string>> => {
    const texts = await raw.smembers(heldKey);
    return new Set(texts.map((text) => nameOf(JSON.parse(text) as Entry)));
  };
  const completed = async (): Promise<Completion[]> =>
    (await raw.lrange('task:completed', 0, -1)).map((text) => JSON.parse(text) as Completion);
  const completions = async (): Promise<string[]> =>
    (await completed()).map(({ taskId }) => taskId).filter((taskId) => taskId.startsWith('in-'));
  await waitFor(
    async () => {
      const [excused, done] = [await held(), new Set([...(await completions()), ...(load.results as string[])])];
      return [...load.incoming, ...load.outgoing].every((name) => done.has(name) || excused.has(name));
    },
    { what: 'every task to end', timeoutMs: settleMs },
  ).catch(() => undefined); // what is missing is counted
  const [excused, done] = [await held(), await completions()];
  const byWorker = (await completed())
    .filter(({ completedBy }) => completedBy === worker)
    .map(({ result }) => result.name);
  const ended = [...done, ...(load.results as string[])];
  const told = (await raw.xrange('events:stream', '-', '+'))
    .map(([, fields]) => fields[fields.indexOf('message') + 1] ?? '')
    .flatMap((topic) => (topic.startsWith('Task completed: in-') ? [topic.slice('Task completed: '.length)] : []));
  for (const failure of load.failures) console.error(failure);
  return {
    incoming: load.incoming.length,
    outgoing: load.outgoing.length,
    excused: excused.size,
    lost: missing([...load.incoming, ...load.outgoing], ended).filter((name) => !excused.has(name)).length,
    doubled: ended.length - new Set(ended).size,
    repeated: byWorker.length - new Set(byWorker).size,
    untold: missing(done, told).length,
    toldTwice: told.length - new Set(told).size,
  };
}

interface Entry {
  readonly taskId: string;
  readonly assignee: string;
  readonly metadata: { readonly name?: string };
}

interface Completion {
  readonly taskId: string;
  readonly completedBy: string;
  readonly result: { readonly name?: string };
}

function nameOf({ taskId, assignee, metadata }: Entry): string {
  return assignee === worker ? String(metadata.name) : taskId;
}

function missing(wanted: readonly string[], found: readonly string[]): readonly string[] {
  const all = new Set(found);
  return wanted.filter((name) => !all.has(name));
}
