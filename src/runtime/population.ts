/**
 * The population of a node: its cells by id, who brings them up and down, and whose ids they run under.
 *
 * The node knows it as one part. Agents come and go in it while the node runs; what connects a cell to the rest of the node is handed in.
 */
import type { LogPort } from '../broker/logs.ts';
import type { Notice } from '../broker/notices.ts';
import type { PresencePort } from '../broker/presence.ts';
import type { Clock } from '../core/clock.ts';
import { CancelledError } from '../core/errors.ts';
import { observe, type Observer } from '../core/observer.ts';
import type { Random } from '../core/random.ts';
import { Activation } from './activation.ts';
import { CellContext, type ContextDeps } from './agent-context.ts';
import { Cell } from './cell.ts';
import type { CellHooks, CellSpec } from './cell-spec.ts';
import { CellLife, type Services } from './cell-life.ts';
import { execute } from './execution.ts';
import { handBack } from './hand-back.ts';
import type { ExecutionDeps } from './handling.ts';
import type { InFlight } from './in-flight.ts';
import { LifecycleBook } from './lifecycle-book.ts';
import { mailboxFull, refuseLive } from './live-mail.ts';
import type { Group } from './supervision-tree.ts';
import { Supervisor } from './supervisor.ts';
import { Watches } from './watches.ts';

/** A part of the node that serves cells and hears when one of them has room. */
export interface Server extends Services {
  onRoom(cell: Cell): void;
}

export interface PopulationDeps {
  readonly clock: Clock;
  readonly random: Random;
  readonly observer: Observer;
  readonly presence: PresencePort;
  readonly logs: LogPort;
  readonly node: string;
  readonly heartbeatMs: number;
  readonly drainGraceMs: number;
  readonly execution: ExecutionDeps;
  readonly context: Omit<ContextDeps, 'watches'>;
  readonly inFlight: InFlight;
  /** In the order in which a cell is connected to them. */
  readonly servers: readonly Server[];
  /** The broker says that an agent of this node is another's. */
  readonly onForgotten: (reason: string) => void;
  /** An agent fails again and again, and its groups with it: the node cannot go on. */
  readonly onEscalate: (cell: Cell, error: unknown, group: Group) => void;
}

export class Population {
  readonly activation: Activation;
  readonly supervisor: Supervisor;
  readonly lifecycle: LifecycleBook;
  readonly watches: Watches;
  readonly #deps: PopulationDeps;
  readonly #cells = new Map<string, Cell>();
  /** The same for all of them. */
  readonly #hooks: CellHooks;
  #begun = false;

  constructor(deps: PopulationDeps, specs: readonly CellSpec[]) {
    this.#deps = deps;
    const { servers: services, execution, heartbeatMs: intervalMs } = deps;
    const onGranted = (cell: Cell): void => void this.supervisor.bringUp(cell);
    this.activation = new Activation({ ...deps, intervalMs, onGranted, cells: () => this.cells });
    this.lifecycle = new LifecycleBook(deps);
    this.watches = new Watches(deps);
    const { lifecycle } = this;
    const life = new CellLife({
      ...deps,
      lifecycle,
      services,
      activation: this.activation,
      handBack: (cell, work) => handBack(execution, cell, work),
    });
    this.supervisor = new Supervisor({
      ...deps,
      activation: this.activation,
      life,
      lifecycle,
      graceMs: deps.drainGraceMs,
    });
    this.#hooks = this.#makeHooks();
    for (const spec of specs) this.#create(spec);
  }

  /** In the order in which they came. */
  get cells(): readonly Cell[] {
    return [...this.#cells.values()];
  }

  cell(id: string): Cell | undefined {
    return this.#cells.get(id);
  }

  /** From here on `add` may be called: what is added is not started twice. */
  get begun(): boolean {
    return this.#begun;
  }

  /** The agent is to run here and has not begun yet. */
  isComing(id: string): boolean {
    const state = this.#cells.get(id)?.state;
    return state === 'down' || state === 'standby' || state === 'starting';
  }

  /** Brings up, in order, the cells whose ids are granted; the others stand by. */
  start(): Promise<void> {
    this.#begun = true;
    return this.supervisor.start(this.cells);
  }

  /** Adds agents while the node runs. Those whose ids are here already are left alone. Resolves when they are up, or stand by. */
  async add(specs: readonly CellSpec[]): Promise<readonly Cell[]> {
    const added = specs.filter(({ id }) => !this.#cells.has(id)).map((spec) => this.#create(spec));
    await this.supervisor.start(added);
    return added;
  }

  /** Takes an agent down for good; its handlers have `graceMs` to end. False when it is not here. */
  async remove(id: string, graceMs: number, reason: string): Promise<boolean> {
    const cell = this.#cells.get(id);
    if (cell === undefined) return false;
    await this.supervisor.retire(cell, graceMs, reason);
    if (this.#cells.get(id) === cell) this.#cells.delete(id);
    return true;
  }

  onNotice(notice: Notice): void {
    this.watches.onNotice(notice);
    if (notice.kind === 'gone') this.activation.onGone(notice.node);
    else if (notice.kind === 'freed') this.activation.onFreed(notice.agentId);
  }

  /** Notices may have been missed. */
  onReset(): void {
    this.watches.onReset();
    this.activation.onReset();
  }

  #create(spec: CellSpec): Cell {
    const cell = new Cell(spec, this.#hooks);
    this.#cells.set(spec.id, cell);
    return cell;
  }

  #makeHooks(): CellHooks {
    const { execution, observer, servers, inFlight } = this.#deps;
    const context = { ...this.#deps.context, watches: this.watches };
    return {
      contextFor: (cell) => new CellContext(context, cell),
      execute: (cell, work) => {
        inFlight.begin(cell.id, work);
        return execute(execution, cell, work);
      },
      onEnded: (work) => inFlight.end(work),
      onPushedOut: (cell, work) => refuseLive(execution, cell.id, work, mailboxFull(cell.id)),
      onGivenUp: ({ id, zombies }, name) => observe(observer, 'handler.given-up', { agent: id, name, zombies }),
      onHaunted: (cell) => {
        const why = `${cell.zombies} of its handlers ignore that they were given up`;
        void this.supervisor.fail(cell, new CancelledError('stopped', why));
      },
      within: (cell, body) => execution.culprits.run(cell, body),
      onFailure: (cell, error) => void this.supervisor.fail(cell, error),
      onFinished: (cell) => void this.supervisor.finish(cell),
      onRoom: (cell) => {
        this.watches.onRoom(cell);
        for (const server of servers) server.onRoom(cell);
      },
    };
  }
}
