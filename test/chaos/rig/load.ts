/**
 * The load of one round: numbered tasks, messages in sequence and broadcasts, from clients behind faulty links, without a pause while
 * the faults happen.
 *
 * What counts is what was accepted: an operation that was refused may or may not have happened, and nobody relies on it.
 */
import type { Fleet } from '../../../src/compose/fleet.ts';
import type { TaskHandle } from '../../../src/agent/task-handle.ts';
import { DeliveryError } from '../../../src/core/errors.ts';
import { systemClock } from '../../../src/core/system.ts';
import { repeat } from '../../../src/core/clock.ts';
import type { SeededRandom } from '../../../src/sim/seeded-random.ts';
import { type Mood, now, type Numbered, parkedMs, postIds, topic, workTask } from './contracts.ts';

export interface AcceptedTask {
  readonly n: number;
  readonly handle: TaskHandle<{ n: number }>;
  /** When it had been accepted, on the machine's clock. */
  readonly at: number;
  /** Of a destroying stage: what its caller, who waits for it from the start, has been told. Never rejects. */
  readonly end?: Promise<TaskEnd>;
}

/** `gone`: `DeliveryError('unknown-task')`. */
export type TaskEnd = { readonly kind: 'result'; readonly n: number } | { readonly kind: 'gone' } | TaskFailure;
interface TaskFailure {
  readonly kind: 'failed';
  readonly why: string;
}

export interface AcceptedCast extends Numbered {
  readonly id: string;
  /** When it had been accepted, on the machine's clock. */
  readonly at: number;
}

/** What the fleet has promised. Grows over the rounds of a stage. */
export class Promises {
  readonly tasks: AcceptedTask[] = [];
  readonly sent: (Numbered & { readonly to: string })[] = [];
  readonly cast: AcceptedCast[] = [];
  /** The last number that each sender has used. */
  readonly said = new Map<string, number>();
  /** Operations that were refused, by their message. */
  readonly refused: string[] = [];
}

export interface LoadOptions {
  readonly clients: readonly Fleet[];
  readonly random: SeededRandom;
  readonly promises: Promises;
  /** The next free task number, over all rounds. */
  readonly nextNumber: () => number;
  /** Tasks a second, of all clients together. */
  readonly tasksPerSecond: number;
  /** Every task is waited for, and some are parked for long. */
  readonly destroying: boolean;
}

const tickMs = 20;
const messagesPerTick = 1;
const broadcastsPerTick = 2;
const guardedShare = 0.06;
/** In a destroying stage. */
const parkedShare = 0.03;

export class Load {
  readonly #options: LoadOptions;
  readonly #waiting = new Set<Promise<void>>();
  #ticks: readonly { cancel(): void }[] = [];

  constructor(options: LoadOptions) {
    this.#options = options;
  }

  start(): void {
    const { clients, tasksPerSecond } = this.#options;
    const tasksPerTick = Math.max(1, Math.round((tasksPerSecond * tickMs) / 1_000 / clients.length));
    this.#ticks = clients.map((client) =>
      repeat(
        systemClock,
        () => tickMs,
        () => Promise.resolve(this.#tick(client, tasksPerTick)),
      ),
    );
  }

  /** One task of a mood of its own, from the first client. */
  mood(mood: Mood): void {
    const [client] = this.#options.clients;
    if (client !== undefined) this.#task(client, mood);
  }

  stop(): void {
    for (const tick of this.#ticks) tick.cancel();
  }

  /** Operations without an answer yet. */
  get unanswered(): number {
    return this.#waiting.size;
  }

  /** Everything that was asked for has been accepted or refused. */
  async answered(): Promise<void> {
    while (this.#waiting.size > 0) await Promise.all(this.#waiting);
  }

  #tick(client: Fleet, tasks: number): void {
    const { random } = this.#options;
    for (let i = 0; i < tasks; i++) this.#task(client, random.fraction('guarded') < guardedShare ? 'guarded' : 'calm');
    for (let i = 0; i < messagesPerTick; i++) this.#message(client);
    for (let i = 0; i < broadcastsPerTick; i++) this.#broadcast(client);
  }

  #task(client: Fleet, mood: Mood): void {
    const { nextNumber, random, promises, destroying } = this.#options;
    const n = nextNumber();
    const ms = Math.floor(random.fraction('ms') * 6);
    const isParked = destroying && mood === 'calm' && random.fraction('parked') < parkedShare;
    this.#track(
      client.enqueue(workTask, { n, mood, ms }, isParked ? { delay: parkedMs } : {}).then((handle) => {
        const task = { n, handle, at: now() };
        promises.tasks.push(destroying ? { ...task, end: endOf(handle) } : task);
      }),
    );
  }

  #message(client: Fleet): void {
    const { promises } = this.#options;
    const from = client.name;
    const seq = (promises.said.get(from) ?? 0) + 1;
    promises.said.set(from, seq);
    const to = postIds[seq % postIds.length] ?? postIds[0];
    const said = { from, seq };
    this.#track(client.send(to, 'numbered', said).then(() => void promises.sent.push({ ...said, to })));
  }

  #broadcast(client: Fleet): void {
    const { promises } = this.#options;
    const seq = (promises.said.get(topic) ?? 0) + 1;
    promises.said.set(topic, seq);
    const said = { from: client.name, seq };
    this.#track(client.broadcast(topic, said).then((id) => void promises.cast.push({ ...said, id, at: now() })));
  }

  #track(work: Promise<void>): void {
    const tracked = work
      .catch((error: unknown) => void this.#options.promises.refused.push(String(error)))
      .finally(() => this.#waiting.delete(tracked));
    this.#waiting.add(tracked);
  }
}

function endOf(handle: TaskHandle<{ n: number }>): Promise<TaskEnd> {
  return handle.result().then(
    ({ n }) => ({ kind: 'result', n }),
    (error: unknown) =>
      error instanceof DeliveryError && error.code === 'unknown-task'
        ? { kind: 'gone' }
        : { kind: 'failed', why: String(error) },
  );
}
