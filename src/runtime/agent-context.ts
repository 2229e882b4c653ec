/**
 * What one agent may do: the verbs of everybody, in its own name and in the course of the handler call that uses them.
 *
 * It adds to the client verbs only what a live agent knows about itself.
 */
import type { AgentContext, AgentLog } from '../agent/context.ts';
import type { Member } from '../client/member.ts';
import type { Parent } from '../client/spawn.ts';
import type { CallScope, Identity, Settings } from '../client/scope.ts';
import { FleetVerbs, type VerbsDeps } from '../client/verbs.ts';
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
  /** The handler call in which an agent's verb is used. */
  readonly scope: () => CallScope | undefined;
  readonly logBook: LogBook;
  /** What an agent has spawned ends with it. Spawn by name in the roster. */
  readonly endChildren: (children: ReadonlyMap<string, string>) => void;
  readonly watches: Watches;
  readonly culprits: Culprits;
}

export class CellContext extends FleetVerbs implements AgentContext {
  readonly #self: CellSelf;
  #log: AgentLog | undefined;

  constructor(deps: ContextDeps, cell: Cell) {
    const self = new CellSelf(deps, cell);
    super(self);
    this.#self = self;
  }

  get id(): string {
    return this.#self.cell.id;
  }

  get role(): string {
    return this.#self.cell.spec.table.role;
  }

  get signal(): AbortSignal {
    return this.#self.cell.signal;
  }

  get log(): AgentLog {
    return (this.#log ??= this.#self.deps.logBook.logOf(this.#self.cell.id));
  }

  get clock(): Clock {
    return this.#self.member.deps.clock;
  }

  get random(): Random {
    return this.#self.member.deps.random;
  }

  get busy(): boolean {
    return this.#self.cell.busy;
  }

  async watch(id: string): Promise<void> {
    this.#self.scope(); // refused when the call was given up
    await this.#self.deps.watches.watch(this.#self.cell, this.#self.life, id);
  }

  async unwatch(id: string): Promise<void> {
    this.#self.deps.watches.unwatch(this.#self.life, id);
    await Promise.resolve();
  }

  stop(): void {
    this.#self.scope(); // refused when the call was given up
    if (this.#isLive) this.#self.cell.finish();
  }

  escalate(error: unknown): Error {
    this.#self.scope(); // likewise
    if (!this.#self.deps.culprits.blame(error, this.#self.cell) && this.#isLive) this.#self.cell.fail(error);
    return error instanceof Error ? error : new HandlerError(String(error), { cause: error });
  }

  get #isLive(): boolean {
    return this.#self.cell.life === this.#self.life;
  }

  setStatus(text?: string): void {
    this.#self.cell.statusText = text;
  }
}

/**
 * This incarnation of the agent, in whose name its verbs are used, and as a parent: its children end when it does, and when it is
 * restarted. All of that is one object, for most agents are idle, and there may be very many.
 */
class CellSelf implements VerbsDeps, Identity, Parent {
  readonly deps: ContextDeps;
  readonly cell: Cell;
  readonly life: LazyAbort;
  /** There once it has spawned. */
  #children: Map<string, string> | undefined;

  constructor(deps: ContextDeps, cell: Cell) {
    this.deps = deps;
    this.cell = cell;
    this.life = cell.life;
  }

  get member(): Member {
    return this.deps.member;
  }

  get settings(): Settings {
    return this.deps.settings;
  }

  get identity(): this {
    return this;
  }

  get parent(): this {
    return this;
  }

  get name(): string {
    return this.cell.id;
  }

  get isAgent(): boolean {
    return true;
  }

  scope(): CallScope | undefined {
    return this.deps.scope();
  }

  ref(): { id: string; epoch: number } {
    return { id: this.cell.id, epoch: this.cell.epoch };
  }

  adopt(name: string, spawn: string): () => void {
    const children = (this.#children ??= this.#beginFamily());
    children.set(name, spawn);
    if (this.life.aborted) this.deps.endChildren(children);
    return () => void children.delete(name);
  }

  #beginFamily(): Map<string, string> {
    const children = new Map<string, string>();
    this.life.listen({ onAbort: () => this.deps.endChildren(children) });
    return children;
  }
}
