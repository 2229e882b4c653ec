/**
 * Activation: this node's right to run an agent id, under an epoch that grows with every grant.
 *
 * A `single` whose id is held elsewhere stands by; it asks again at every turn, and at once when a node is said to be gone. The broker
 * grants an id only when its owner's presence has ended, so asking too often is harmless.
 */
import type { PresencePort } from '../broker/presence.ts';
import type { Clock } from '../core/clock.ts';
import { limits } from '../core/limits.ts';
import { observe, type Observer } from '../core/observer.ts';
import type { Cell } from './cell.ts';
import { Duty } from './duty.ts';

export interface ActivationDeps {
  readonly clock: Clock;
  readonly observer: Observer;
  readonly presence: PresencePort;
  readonly node: string;
  readonly intervalMs: number;
  /** A cell that stood by has been granted its id. */
  readonly onGranted: (cell: Cell) => void;
}

export class Activation extends Duty {
  readonly #deps: ActivationDeps;
  readonly #standby = new Set<Cell>();
  #asking: Promise<void> = Promise.resolve();

  constructor(deps: ActivationDeps) {
    super(deps, { name: 'activating agents', intervalMs: () => deps.intervalMs, tick: () => this.askAgain() });
    this.#deps = deps;
  }

  /** Claims the ids of `cells`; resolves to those that were granted. The others stand by. */
  async claim(cells: readonly Cell[]): Promise<readonly Cell[]> {
    const { presence, node, observer } = this.#deps;
    const granted: Cell[] = [];
    for (let from = 0; from < cells.length; from += limits.frameOps) {
      const page = cells.slice(from, from + limits.frameOps);
      const ids = page.map((cell) => cell.id);
      const replies = await presence.activate(node, ids);
      page.forEach((cell, index) => {
        const reply = replies[index];
        if (reply?.kind === 'granted') {
          cell.epoch = reply.epoch;
          granted.push(cell);
        } else if (!this.#standby.has(cell)) {
          this.#standby.add(cell);
          cell.state = 'standby';
          observe(observer, 'agent.standby', {
            agent: cell.id,
            role: cell.spec.table.role,
            owner: reply?.owner ?? 'unknown',
          });
        }
      });
    }
    return granted;
  }

  /** Asks for every id that stands by. Calls never overlap. */
  askAgain(): Promise<void> {
    this.#asking = this.#asking.catch(() => undefined).then(() => this.#ask()); // a failed turn was reported by whoever awaited it
    return this.#asking;
  }

  /** A node has gone: its ids are free. */
  onGone(): void {
    void this.askAgain().catch(() => undefined); // the next turn asks again
  }

  /** An id was given back by a node that goes on, or that has not left yet. */
  onFreed(agentId: string): void {
    if ([...this.#standby].some(({ id }) => id === agentId)) this.onGone();
  }

  /** Gives an id back. */
  async giveBack(cell: Cell): Promise<void> {
    this.#standby.delete(cell);
    if (cell.epoch > 0) await this.#deps.presence.deactivate(this.#deps.node, cell.id, cell.epoch);
  }

  /** No id is asked for any more. */
  async cease(): Promise<void> {
    this.#standby.clear();
    await this.stop();
    await this.#asking.catch(() => undefined); // likewise
  }

  async #ask(): Promise<void> {
    if (this.#standby.size === 0) return;
    for (const cell of await this.claim([...this.#standby])) {
      if (!this.#standby.delete(cell)) continue;
      this.#deps.onGranted(cell);
    }
  }
}
