/**
 * What one agent may do: the verbs of everybody, in its own name and in the course of the handler call that uses them.
 *
 * It adds to the client verbs only what a live agent knows about itself.
 */
import type { ContextSlot } from '../core/context-slot.ts';
import type { AgentContext, AgentLog } from '../agent/context.ts';
import type { Member } from '../client/member.ts';
import type { Parent } from '../client/spawn.ts';
import { type CallScope, scopeOf, type Settings } from '../client/scope.ts';
import { FleetVerbs } from '../client/verbs.ts';
import type { Clock } from '../core/clock.ts';
import { HandlerError } from '../core/errors.ts';
import type { LazyAbort } from '../core/lazy-abort.ts';
import type { Random } from '../core/random.ts';
import type { Cell } from './cell.ts';
import type { Culprits } from './culprits.ts';
import type { LogBook } from './log-book.ts';
import type { Watches } from './watches.ts';

export interface ContextDeps {
  readonly member: Member;
  readonly settings: Settings;
  readonly scopes: ContextSlot<CallScope>;
  readonly logBook: LogBook;
  /** What an agent has spawned ends with it. Spawn by name in the roster. */
  readonly endChildren: (children: ReadonlyMap<string, string>) => void;
  readonly watches: Watches;
  readonly culprits: Culprits;
}

export class CellContext extends FleetVerbs implements AgentContext {
  readonly #cell: Cell;
  readonly #deps: ContextDeps;
  /** Of this incarnation. */
  readonly #life: LazyAbort;
  readonly #member: Member;
  readonly #culprits: Culprits;
  readonly #scope: () => CallScope | undefined;
  readonly log: AgentLog;

  constructor(deps: ContextDeps, cell: Cell) {
    const scope = (): CallScope | undefined => scopeOf(deps.scopes);
    const identity = { name: cell.id, isAgent: true, scope };
    super({ member: deps.member, settings: deps.settings, identity, parent: new CellParent(deps, cell) });
    this.#cell = cell;
    this.#deps = deps;
    this.#life = cell.life;
    this.#member = deps.member;
    this.#culprits = deps.culprits;
    this.#scope = scope;
    this.log = deps.logBook.logOf(cell.id);
  }

  get id(): string {
    return this.#cell.id;
  }

  get role(): string {
    return this.#cell.spec.table.role;
  }

  get signal(): AbortSignal {
    return this.#cell.signal;
  }

  get clock(): Clock {
    return this.#member.deps.clock;
  }

  get random(): Random {
    return this.#member.deps.random;
  }

  get busy(): boolean {
    return this.#cell.busy;
  }

  async watch(id: string): Promise<void> {
    scopeOf(this.#deps.scopes); // refused when the call was given up
    await this.#deps.watches.watch(this.#cell, this.#life, id);
  }

  async unwatch(id: string): Promise<void> {
    this.#deps.watches.unwatch(this.#life, id);
    await Promise.resolve();
  }

  stop(): void {
    this.#scope(); // refused when the call was given up
    if (this.#isLive) this.#cell.finish();
  }

  escalate(error: unknown): Error {
    this.#scope(); // likewise
    if (!this.#culprits.blame(error, this.#cell) && this.#isLive) this.#cell.fail(error);
    return error instanceof Error ? error : new HandlerError(String(error), { cause: error });
  }

  get #isLive(): boolean {
    return this.#cell.life === this.#life;
  }

  setStatus(text?: string): void {
    this.#cell.statusText = text;
  }
}

/** This incarnation of the agent as a parent: its children end when it does, and when it is restarted. */
class CellParent implements Parent {
  readonly #deps: ContextDeps;
  readonly #cell: Cell;
  readonly #life: LazyAbort;
  /** There once it has spawned. */
  #children: Map<string, string> | undefined;

  constructor(deps: ContextDeps, cell: Cell) {
    this.#deps = deps;
    this.#cell = cell;
    this.#life = cell.life;
  }

  ref(): { id: string; epoch: number } {
    return { id: this.#cell.id, epoch: this.#cell.epoch };
  }

  adopt(name: string, spawn: string): () => void {
    const children = (this.#children ??= this.#beginFamily());
    children.set(name, spawn);
    if (this.#life.aborted) this.#deps.endChildren(children);
    return () => void children.delete(name);
  }

  #beginFamily(): Map<string, string> {
    const children = new Map<string, string>();
    this.#life.listen({ onAbort: () => this.#deps.endChildren(children) });
    return children;
  }
}
