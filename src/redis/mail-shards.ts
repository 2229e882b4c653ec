/**
 * Over how many shards the inboxes of a fleet are spread, and which one is an agent's.
 *
 * The number belongs to the fleet: whoever starts it first decides, everybody else reads it. A process that spread
 * differently would send to inboxes that nobody reads.
 */
import { fnv } from '../core/hash.ts';
import type { Argument } from './link.ts';
import type { Keys } from './keys.ts';

export class MailShards {
  #count: number;

  constructor(deps: { wanted: number }) {
    this.#count = deps.wanted;
  }

  /** Agrees with the fleet on the number. */
  async start(keys: Keys, call: (command: string, ...args: readonly Argument[]) => Promise<unknown>): Promise<void> {
    await call('set', keys.mailShards, this.#count, 'NX');
    this.#count = Number(await call('get', keys.mailShards));
  }

  get all(): readonly string[] {
    return Array.from({ length: this.#count }, (_, index) => `m${index}`);
  }

  of(agentId: string): string {
    return `m${fnv(agentId) % this.#count}`;
  }
}
