/**
 * Over how many shards the inboxes of a fleet are spread, and which one is an agent's.
 *
 * The number belongs to the fleet: whoever starts it first decides, everybody else reads it. A process that spread
 * differently would send to inboxes that nobody reads.
 */
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

  /** FNV-1a over UTF-16 code units. */
  of(agentId: string): string {
    let hash = 0x811c9dc5;
    for (let i = 0; i < agentId.length; i++) hash = Math.imul(hash ^ agentId.charCodeAt(i), 0x01000193);
    return `m${(hash >>> 0) % this.#count}`;
  }
}
