/**
 * The agents of a node whose ids are held elsewhere, and which of those ids may be free by now: no more than a book, that asks nobody.
 *
 * X6  An id is asked for on the notice that it is free, or its owner gone, when a look no longer shows its owner as the owner of
 *     anything, and when it shows this very node: then it was granted, and the answer was lost. A standby of ten thousand ids of three
 *     owners watches three owners.
 * X7  A look is at one id of each owner, and at others in turn, up to a page: when the notice of an id that was given back is
 *     lost, the turn that looks at it finds it, which for less than a page is the next one.
 * X8  What a turn costs the broker depends on the number of owners, not on the number of agents.
 */
import type { Activation } from '../broker/presence.ts';
import { limits } from '../core/limits.ts';
import type { Cell } from './cell.ts';

interface Waiting {
  readonly cell: Cell;
  readonly owner: string;
}

export class Standby {
  readonly #node: string;
  /** By agent id, the one looked at longest ago first. */
  readonly #waiting = new Map<string, Waiting>();

  /** Of the node of that address. */
  constructor(node: string) {
    this.#node = node;
  }

  /** Writes down whose the id of a cell is; true when the cell did not stand by before. */
  note(cell: Cell, owner: string): boolean {
    const before = this.#waiting.get(cell.id);
    this.#waiting.set(cell.id, { cell, owner });
    return before?.cell !== cell;
  }

  /** False when the cell does not stand by. */
  delete(cell: Cell): boolean {
    return this.#waiting.get(cell.id)?.cell === cell && this.#waiting.delete(cell.id);
  }

  clear(): void {
    this.#waiting.clear();
  }

  /** X6 */
  heldBy(owner: string): readonly Cell[] {
    return [...this.#waiting.values()].filter((one) => one.owner === owner).map(({ cell }) => cell);
  }

  /** The cell that stands by for an id, or none. */
  of(agentId: string): readonly Cell[] {
    const waiting = this.#waiting.get(agentId);
    return waiting === undefined ? [] : [waiting.cell];
  }

  /** X7: what to look at now. */
  page(): readonly string[] {
    const [owners, first, others] = [new Set<string>(), [] as string[], [] as string[]];
    for (const [id, { owner }] of this.#waiting) {
      (owners.has(owner) ? others : first).push(id);
      owners.add(owner);
    }
    return [...first, ...others.slice(0, Math.max(0, limits.frameOps - first.length))];
  }

  /** What the look at `ids` has shown: the cells to ask for. Those of others are written down as theirs. */
  looked(ids: readonly string[], found: readonly (Activation | undefined)[]): readonly Cell[] {
    const free = new Set<Cell>();
    const [watched, present] = [new Set<string>(), new Set<string>()];
    for (const [index, id] of ids.entries()) {
      const waiting = this.#waiting.get(id);
      if (waiting === undefined) continue; // it is asked for already, or is no agent of this node any more
      const { cell, owner } = waiting;
      const now = found[index]?.owner;
      watched.add(owner);
      if (now === undefined || now === this.#node) free.add(cell);
      else present.add(now);
      this.#waiting.delete(id);
      this.#waiting.set(id, { cell, owner: now ?? owner });
    }
    for (const owner of watched) if (!present.has(owner)) for (const cell of this.heldBy(owner)) free.add(cell);
    return [...free];
  }
}
