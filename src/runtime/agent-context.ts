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
    super({ member: deps.member, settings: deps.settings, identity, parent: parentOf(deps, cell) });
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

/** This incarnation of the agent as a parent: its signal aborts when it ends, and when it is restarted. */
function parentOf({ endChildren }: ContextDeps, cell: Cell): Parent {
  const { life } = cell;
  const children = new Map<string, string>();
  life.listen({ onAbort: () => endChildren(children) });
  return {
    ref: () => ({ id: cell.id, epoch: cell.epoch }),
    adopt(name, spawn) {
      children.set(name, spawn);
      if (life.aborted) endChildren(children);
      return () => void children.delete(name);
    },
  };
}
