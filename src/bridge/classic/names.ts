/**
 * Whose names this fleet answers to: the roles and agents that classic agents may address a task to.
 *
 * Those of this node, and what other nodes say of themselves. A name stays while this node is the bridge, so that tasks for agents that are
 * away for a moment are taken, and wait in the fleet; a name that is declared foreign is never one.
 */
import type { PresencePort } from '../../broker/presence.ts';
import { hostingsOf } from '../../runtime/cell-specs.ts';
import type { RuntimeConfig } from '../../config/config.ts';
import { readToldStatus } from '../../runtime/told-status.ts';

const mostNames = 10_000;

export class Names {
  readonly #presence: Pick<PresencePort, 'nodes'>;
  readonly #foreign: ReadonlySet<string>;
  readonly #names = new Set<string>();

  constructor(deps: { presence: Pick<PresencePort, 'nodes'>; config: RuntimeConfig; foreign: readonly string[] }) {
    this.#presence = deps.presence;
    this.#foreign = new Set(deps.foreign);
    for (const hosting of hostingsOf(deps.config)) {
      this.#add(hosting.role);
      if (hosting.kind === 'single') this.#add(hosting.id);
    }
  }

  has(name: string): boolean {
    return this.#names.has(name);
  }

  /** Asks who else is there. */
  async refresh(): Promise<void> {
    for (const { alive, status } of await this.#presence.nodes())
      if (alive) {
        const told = readToldStatus(status);
        for (const name of [...told.queues, ...told.contracts.map(({ role }) => role)]) this.#add(name);
      }
  }

  #add(name: string): void {
    if (!this.#foreign.has(name) && this.#names.size < mostNames) this.#names.add(name);
  }
}
