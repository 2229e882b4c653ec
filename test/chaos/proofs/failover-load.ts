/**
 * The load of the proof of fail-over: several senders, each of which numbers what it sends to each single, at a steady rate that no
 * fault interrupts.
 */
import { connect } from '../../../src/compose/connect.ts';
import type { Fleet } from '../../../src/compose/fleet.ts';
import { repeat, type Timer } from '../../../src/core/clock.ts';
import { systemClock } from '../../../src/core/system.ts';
import { now } from '../rig/contracts.ts';
import { numbered } from './failover-parts.ts';
import { fleetName } from './held.ts';
import type { Accepted } from './judge-failover.ts';

export interface LoadOptions {
  readonly redis: string;
  readonly senders: number;
  /** May change while the load runs. */
  readonly singles: readonly string[];
  /** Between two messages of a sender to a single. */
  readonly everyMs: number;
}

const tickMs = 20;

export class FailoverLoad {
  /** What was stored: only on that somebody relies. */
  readonly accepted: Accepted[] = [];
  /** Operations that were refused, by their message. */
  readonly refused: string[] = [];
  readonly #options: LoadOptions;
  readonly #clients: readonly Fleet[];
  /** When each message was sent, by sender and single. */
  readonly #sentAt = new Map<string, number[]>();
  readonly #waiting = new Set<Promise<void>>();
  #ticks: readonly Timer[] = [];

  private constructor(options: LoadOptions, clients: readonly Fleet[]) {
    this.#options = options;
    this.#clients = clients;
  }

  static async open(options: LoadOptions): Promise<FailoverLoad> {
    const each = Array.from({ length: options.senders }, () => connect({ redis: options.redis, fleet: fleetName }));
    return new FailoverLoad(options, await Promise.all(each));
  }

  start(): void {
    const { singles, everyMs } = this.#options;
    const perTick = (singles.length * tickMs) / everyMs;
    this.#ticks = this.#clients.map((client) => {
      let [due, said] = [0, 0];
      return repeat(
        systemClock,
        () => tickMs,
        () => {
          for (due += perTick; said < Math.floor(due); said++) this.#send(client, singles[said % singles.length] ?? '');
          return Promise.resolve();
        },
      );
    });
  }

  /** When it was sent; before everything when nobody has sent it. */
  sentAt({ to, from, seq }: Accepted): number {
    return this.#sentAt.get(`${from} ${to}`)?.[seq - 1] ?? Number.NEGATIVE_INFINITY;
  }

  /** Sends nothing more; resolves when everything has been accepted or refused. */
  async rest(): Promise<void> {
    for (const tick of this.#ticks) tick.cancel();
    while (this.#waiting.size > 0) await Promise.all(this.#waiting);
  }

  async close(): Promise<void> {
    for (const tick of this.#ticks) tick.cancel();
    await Promise.all(this.#clients.map((client) => client.close().catch(() => undefined)));
  }

  #send(client: Fleet, to: string): void {
    const from = client.name;
    const line = `${from} ${to}`;
    const times = this.#sentAt.get(line) ?? [];
    this.#sentAt.set(line, times);
    const seq = times.push(now());
    const sending = client
      .send(to, numbered, { from, seq })
      .then(() => void this.accepted.push({ to, from, seq }))
      .catch((error: unknown) => void this.refused.push(String(error)))
      .finally(() => this.#waiting.delete(sending));
    this.#waiting.add(sending);
  }
}
