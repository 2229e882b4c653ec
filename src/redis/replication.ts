/**
 * Writes that count only when replicas have them, too: what a fail-over to one of those replicas does not lose.
 *
 * They go over a link of their own, because WAIT holds up everything behind it on its connection. WAIT waits for everything that the
 * server had written when it ran the last command of the connection, so that it covers a repeated frame on a new one, too.
 */
import { BrokerError } from '../core/errors.ts';
import type { Calls } from './link.ts';

/** WAITs stand in line on their connection: a replica that is away must not hold up the frames behind for long. */
export const waitMs = 500;

export interface ReplicationDeps {
  readonly link: Calls;
  /** How many have to confirm. */
  readonly replicas: number;
}

export class Replication {
  readonly #link: Calls;
  readonly #replicas: number;

  constructor({ link, replicas }: ReplicationDeps) {
    this.#link = link;
    this.#replicas = replicas;
  }

  /** Resolves when what `write` wrote beside `key` is confirmed, else rejects with `unknown-outcome`: the server has it. */
  confirmed(key: string, write: (link: Pick<Calls, 'call'>) => Promise<unknown>): Promise<unknown> {
    return this.#link.via(key, async (link) => {
      const reply = await write(link);
      await this.#confirm(link);
      return reply;
    });
  }

  async #confirm(link: Pick<Calls, 'call'>): Promise<void> {
    const confirmed = Number(await link.call('wait', this.#replicas, waitMs));
    if (confirmed >= this.#replicas) return;
    const rule = `expected ${this.#replicas} replicas of Redis to confirm a write within ${waitMs} ms`;
    throw new BrokerError('unknown-outcome', `${rule}, got: ${confirmed}`);
  }

  /** Sentences for people about what is not promised (INFO's section on replication, and a setting). */
  async warnings(server: Pick<Calls, 'call'>): Promise<readonly string[]> {
    const info = String(await server.call('info', 'replication'));
    const connected = Number(/^connected_slaves:(\d+)/m.exec(info)?.[1] ?? 0);
    const good = Number(/^min_slaves_good_slaves:(\d+)/m.exec(info)?.[1] ?? -1);
    const warnings: string[] = [];
    if (connected < this.#replicas)
      warnings.push(
        `Redis has ${connected} of the ${this.#replicas} replicas that have to confirm: nothing is accepted until they are there.`,
      );
    if (good < 0)
      warnings.push(
        'Redis takes writes also without replicas (min-replicas-to-write 0): one that is cut off goes on answering readers, and what it took is lost when another is promoted.',
      );
    return warnings;
  }
}
