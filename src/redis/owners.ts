/**
 * Who owns an agent, as far as this process knows: what a script needs to be told before it can ask for leases.
 *
 * A script may only touch keys it was given, but which owner's lease matters stands in the directory it reads. So the
 * caller passes the leases of the owners it expects; when the script finds another one it changes nothing and says whom,
 * and the call is repeated with that one too.
 */
import { BrokerError } from '../core/errors.ts';
import type { Keys } from './keys.ts';
import type { RunScript, ScriptCall } from './store.ts';

const mostAgents = 10_000;
const mostRounds = 8;

export class Owners {
  readonly #keys: Keys;
  /** By agent id, the one learned longest ago first. */
  readonly #known = new Map<string, string>();

  constructor(deps: { keys: Keys }) {
    this.#keys = deps.keys;
  }

  /** Runs a script of a mail shard that ends its keys with the leases, and its arguments with names and number, of the expected owners. */
  async expecting(shard: string, agentIds: readonly string[], call: ScriptCall, run: RunScript): Promise<unknown> {
    for (let round = 1; round <= mostRounds; round++) {
      const owners = this.#expectedOf(agentIds);
      const reply = await run({
        keys: [...call.keys, ...owners.map((owner) => this.#keys.lease(owner, shard))],
        args: [...call.args, ...owners, owners.length],
      });
      if (!Array.isArray(reply) || reply[0] !== 'OWNERS') return reply;
      this.#learn((reply as string[]).slice(1));
    }
    throw new BrokerError(
      'overloaded',
      `expected the owners of ${agentIds.length} agents to stay for a moment, got: changing`,
    );
  }

  #expectedOf(agentIds: readonly string[]): readonly string[] {
    const owners = new Set<string>();
    for (const agentId of agentIds) {
      const owner = this.#known.get(agentId);
      if (owner !== undefined) owners.add(owner);
    }
    return [...owners];
  }

  #learn(pairs: readonly string[]): void {
    for (let i = 0; i + 1 < pairs.length; i += 2) {
      const [agentId = '', owner = ''] = [pairs[i], pairs[i + 1]];
      this.#known.delete(agentId);
      this.#known.set(agentId, owner);
    }
    for (const agentId of this.#known.keys()) {
      if (this.#known.size <= mostAgents) break;
      this.#known.delete(agentId);
    }
  }
}
