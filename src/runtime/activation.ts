/**
 * Activation: this node's right to run an agent id, under an epoch that grows with every grant.
 *
 * A `single` whose id is held elsewhere stands by. Which ids are asked for again, at every turn and when one is said to be free, is for
 * standby.ts to say (X6 to X8). The broker grants an id only when its owner's presence has ended, so asking too often is harmless.
 *
 * X9  A cell that was given back is asked for no more: what it is granted by a claim that was under way goes back at once, and it stands
 *     by for nothing. One whose claim was never answered may have been granted its id: when it is given back, the broker is asked.
 * X10 A broker that has lost data may have forgotten an id that this node runs, and grants it to another. It was away for it: when the link
 *     was lost and is back, all ids that run here are looked at, and one that is no longer this node's ends the node's right to work.
 */
import type { PresencePort } from '../broker/presence.ts';
import type { Clock } from '../core/clock.ts';
import { limits } from '../core/limits.ts';
import { observe, type Observer } from '../core/observer.ts';
import type { Cell } from './cell.ts';
import { Duty } from './duty.ts';
import { GivingBack } from './giving-back.ts';
import { Standby } from './standby.ts';

export interface ActivationDeps {
  readonly clock: Clock;
  readonly observer: Observer;
  readonly presence: PresencePort;
  readonly node: string;
  readonly intervalMs: number;
  /** All agents of the node. */
  readonly cells: () => readonly Cell[];
  /** X10 */
  readonly onForgotten: (reason: string) => void;
  /** A cell that stood by has been granted its id. */
  readonly onGranted: (cell: Cell) => void;
}

export class Activation extends Duty {
  readonly #deps: ActivationDeps;
  readonly #standby: Standby;
  readonly #givingBack: GivingBack;
  /** X9 */
  readonly #given = new WeakSet<Cell>();
  /** X9: whose last claim had no answer. */
  readonly #inDoubt = new WeakSet<Cell>();
  #asking: Promise<void> = Promise.resolve();
  #hasCeased = false;
  /** X10 */
  #isInDoubt = false;

  constructor(deps: ActivationDeps) {
    super(deps, { name: 'activating agents', intervalMs: () => deps.intervalMs, tick: () => this.lookAgain() });
    this.#deps = deps;
    this.#standby = new Standby(deps.node);
    this.#givingBack = new GivingBack(deps);
  }

  /** Claims the ids of `cells`; resolves to those that were granted. The others stand by. */
  async claim(cells: readonly Cell[]): Promise<readonly Cell[]> {
    const { presence, node, observer } = this.#deps;
    const [granted, late]: [Cell[], Cell[]] = [[], []];
    for (let from = 0; from < cells.length; from += limits.frameOps) {
      const page = cells.slice(from, from + limits.frameOps);
      const ids = page.map((cell) => cell.id);
      for (const cell of page) this.#inDoubt.add(cell);
      const replies = await presence.activate(node, ids);
      page.forEach((cell, index) => {
        this.#inDoubt.delete(cell);
        const reply = replies[index];
        const isGiven = this.#given.has(cell);
        if (reply?.kind === 'granted') {
          cell.epoch = reply.epoch;
          (isGiven ? late : granted).push(cell);
          return;
        }
        if (isGiven) return;
        const owner = reply?.owner ?? 'unknown';
        if (!this.#standby.note(cell, owner)) return;
        cell.state = 'standby';
        observe(observer, 'agent.standby', { agent: cell.id, role: cell.spec.table.role, owner });
      });
    }
    await Promise.allSettled(late.map((cell) => this.giveBack(cell))); // what cannot be is freed by the presence lease
    return granted;
  }

  /** X10: the link was lost, and is back. */
  onReset(): void {
    this.#isInDoubt = true;
    void this.lookAgain().catch(() => undefined); // the next turn looks again
  }

  /** Looks which ids may be free, and asks for those. */
  lookAgain(): Promise<void> {
    return this.#inTurn(async () => {
      if (this.#isInDoubt) await this.#lookAtOwn();
      const ids = this.#standby.page();
      if (ids.length === 0) return;
      await this.#ask(this.#standby.looked(ids, await this.#deps.presence.lookup(ids)));
    });
  }

  /** A node has gone: asks for the ids that it had. */
  onGone(node: string): void {
    void this.#inTurn(() => this.#ask(this.#standby.heldBy(node))).catch(() => undefined); // the next turn looks again
  }

  /** An id was given back by a node that goes on, or that has not left yet. */
  onFreed(agentId: string): void {
    void this.#inTurn(() => this.#ask(this.#standby.of(agentId))).catch(() => undefined); // likewise
  }

  /** Cells whose ids are this node's, or may be: up or not. */
  get held(): readonly Cell[] {
    return this.#deps.cells().filter((cell) => this.#isHeld(cell));
  }

  #isHeld(cell: Cell): boolean {
    return (cell.epoch > 0 || this.#inDoubt.has(cell)) && cell.state !== 'standby' && !this.#given.has(cell);
  }

  /** Gives an id back, for good (X9). */
  async giveBack(cell: Cell): Promise<void> {
    this.#standby.delete(cell);
    this.#given.add(cell);
    const epoch = this.#inDoubt.has(cell) ? await this.#epochOf(cell) : cell.epoch;
    if (epoch > 0) await this.#givingBack.add({ agentId: cell.id, epoch });
  }

  /** X9: 0 when it was not granted. */
  async #epochOf({ id }: Cell): Promise<number> {
    const { presence, node } = this.#deps;
    const [held] = await presence.lookup([id]);
    return held?.owner === node ? held.epoch : 0;
  }

  /** No id is asked for any more; what is granted by a claim under way goes back. */
  async cease(): Promise<void> {
    this.#hasCeased = true;
    this.#standby.clear();
    await this.stop();
    await this.#asking.catch(() => undefined); // a failed turn was reported
  }

  /** X10. The link may be lost once more meanwhile: that is another doubt. */
  async #lookAtOwn(): Promise<void> {
    this.#isInDoubt = false;
    try {
      await this.#findForgotten();
    } catch (error) {
      this.#isInDoubt = true;
      throw error;
    }
  }

  async #findForgotten(): Promise<void> {
    const { presence, node, cells, onForgotten } = this.#deps;
    const isOwn = (cell: Cell): boolean => cell.epoch > 0 && this.#isHeld(cell);
    const own = cells().filter(isOwn);
    for (let from = 0; from < own.length; from += limits.frameOps) {
      const page = own.slice(from, from + limits.frameOps);
      const found = await presence.lookup(page.map(({ id }) => id));
      const forgotten = page.find((cell, index) => isOwn(cell) && found[index]?.owner !== node);
      if (forgotten !== undefined)
        return onForgotten(`by what the broker says, ${forgotten.id} is not of this node any more`);
    }
  }

  /** Calls never overlap. */
  #inTurn(work: () => Promise<void>): Promise<void> {
    this.#asking = this.#asking.catch(() => undefined).then(work); // a failed turn was reported by whoever awaited it
    return this.#asking;
  }

  async #ask(cells: readonly Cell[]): Promise<void> {
    for (const cell of await this.claim(cells)) {
      if (this.#standby.delete(cell)) this.#deps.onGranted(cell);
      else if (this.#hasCeased) await this.giveBack(cell);
    }
  }
}
