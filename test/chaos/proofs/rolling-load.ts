/**
 * The load of the proof of the rolling restart: tasks, asks and messages at a steady rate from a client that nothing disturbs, and what
 * became of each.
 */
import { connect } from '../../../src/compose/connect.ts';
import type { Fleet } from '../../../src/compose/fleet.ts';
import { repeat, type Timer } from '../../../src/core/clock.ts';
import { AgentUnavailable } from '../../../src/core/errors.ts';
import { systemClock } from '../../../src/core/system.ts';
import { now } from '../rig/contracts.ts';
import { fleetName } from './held.ts';
import { deskIds, note, pieceTask, question } from './rolling-parts.ts';

const askDeadline = '30s';
const resultLimit = '60s';

export class RollingLoad {
  /** Numbers of what was accepted. */
  readonly tasks: number[] = [];
  readonly messages: number[] = [];
  readonly asks: number[] = [];
  /** When each task that was accepted was known to be settled. */
  readonly settledAt: number[] = [];
  /** What went wrong, by its message. */
  readonly refused: string[] = [];
  readonly lostTasks: string[] = [];
  readonly failedAsks: { readonly reached: unknown; readonly why: string }[] = [];
  readonly #client: Fleet;
  readonly #waiting = new Set<Promise<void>>();
  #timer: Timer | undefined;
  #said = 0;

  private constructor(client: Fleet) {
    this.#client = client;
  }

  static async open(redis: string): Promise<RollingLoad> {
    return new RollingLoad(await connect({ redis, fleet: fleetName }));
  }

  /** Two tasks, an ask and a message every `everyMs`. */
  start(everyMs: number): void {
    this.#timer = repeat(
      systemClock,
      () => everyMs,
      () => {
        for (const work of [this.#task(), this.#task(), this.#ask(), this.#message()]) this.#track(work);
        return Promise.resolve();
      },
    );
  }

  /** Ids of those that are up. */
  async nodes(): Promise<readonly string[]> {
    return (await this.#client.nodes()).filter(({ alive }) => alive).map(({ node }) => node);
  }

  /** Asks for nothing more; resolves when everything has an outcome. */
  async rest(): Promise<void> {
    this.#timer?.cancel();
    while (this.#waiting.size > 0) await Promise.all(this.#waiting);
  }

  async close(): Promise<void> {
    this.#timer?.cancel();
    await this.#client.close().catch(() => undefined);
  }

  async #task(): Promise<void> {
    const n = ++this.#said;
    const handle = await this.#client.enqueue(pieceTask, { n });
    this.tasks.push(n);
    const result = await handle.result({ timeout: resultLimit }).catch(String);
    if (typeof result === 'string' || result.n !== n) this.lostTasks.push(`task ${n}: ${JSON.stringify(result)}`);
    else this.settledAt.push(now());
  }

  async #ask(): Promise<void> {
    const n = ++this.#said;
    this.asks.push(n);
    try {
      await this.#client.ask(deskOf(n), question, { n }, { deadline: askDeadline });
    } catch (error) {
      const reached = error instanceof AgentUnavailable ? error.details['reached'] : 'maybe';
      this.failedAsks.push({ reached, why: `ask ${n}: ${String(error)}` });
    }
  }

  async #message(): Promise<void> {
    const n = ++this.#said;
    await this.#client.send(deskOf(n), note, { n });
    this.messages.push(n);
  }

  #track(work: Promise<void>): void {
    const tracked = work
      .catch((error: unknown) => void this.refused.push(String(error)))
      .finally(() => this.#waiting.delete(tracked));
    this.#waiting.add(tracked);
  }
}

function deskOf(n: number): string {
  return deskIds[n % deskIds.length] ?? deskIds[0];
}
