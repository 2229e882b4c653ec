/**
 * One outermost group of the node's agents as it stands: its tree, its cells, the restarts of each group in it.
 *
 * The ends of its agents are decided on one after the other (supervisor.ts, Y7).
 */
import type { Random } from '../core/random.ts';
import type { Cell } from './cell.ts';
import { defaultRestartPolicy } from './restart-policy.ts';
import { agentsOf, aloneInGroup, type Decision, decideEnd, type Group, type Histories } from './supervision-tree.ts';

const noHistories: Histories = new Map();

export class Branch {
  readonly tree: Group;
  readonly #cells = new Map<string, Cell>();
  #histories: Histories = noHistories;
  #turn: Promise<void> = Promise.resolve();

  constructor(tree: Group) {
    this.tree = tree;
  }

  adopt(cell: Cell): void {
    this.#cells.set(cell.id, cell);
  }

  /** Those that are here, in the order of `ids`. */
  cells(ids: readonly string[]): readonly Cell[] {
    return ids.flatMap((id) => this.#cells.get(id) ?? []);
  }

  /** The same in start order. */
  inStartOrder(ids: readonly string[]): readonly Cell[] {
    const wanted = new Set(ids);
    const inOrder = agentsOf(this.tree).map(({ id }) => id);
    return this.cells(inOrder.filter((id) => wanted.has(id)));
  }

  /** Y7: `step` never rejects. */
  turn(step: () => Promise<void>): Promise<void> {
    this.#turn = this.#turn.then(step);
    return this.#turn;
  }

  decide(cell: Cell, abnormal: boolean, now: number, random: Random): Decision {
    const decision = decideEnd(this.tree, this.#histories, { id: cell.id, abnormal }, now, random);
    if (decision.kind === 'restart') this.#histories = decision.histories;
    return decision;
  }
}

/** The branches of all cells. Forgotten with their cells. */
export class Branches {
  readonly #byCell = new WeakMap<Cell, Branch>();
  readonly #byGroup = new WeakMap<Group, Branch>();

  /** Members of a group know each other from the start; an agent in none has its branch once it has ended. */
  expect(cell: Cell): void {
    if (cell.spec.supervision?.group !== undefined) this.of(cell);
  }

  of(cell: Cell): Branch {
    const known = this.#byCell.get(cell);
    if (known !== undefined) return known;
    const { restart = 'permanent', policy = defaultRestartPolicy, group } = cell.spec.supervision ?? {};
    const tree = group ?? aloneInGroup(cell.id, restart, policy);
    const branch = this.#byGroup.get(tree) ?? new Branch(tree);
    branch.adopt(cell);
    this.#byGroup.set(tree, branch);
    this.#byCell.set(cell, branch);
    return branch;
  }
}
