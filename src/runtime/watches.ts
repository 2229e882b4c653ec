/**
 * The death watch: which activations the agents of this node watch, and how they hear that one of them is over.
 *
 * W10 What is watched is an activation: the owner and the epoch that `watch` found. It is down when that activation is over, and told of
 *     once, whoever runs the id afterwards. Where `watch` finds none, that is told at once.
 * W11 Notices only make it quick. While anything is watched, every heartbeat looks into the directory for all of it at once: an
 *     activation that is not there any more is over.
 * W12 What is heard while `watch` looks into the directory is heard once more when it has looked: nothing falls in between.
 * W13 A watch belongs to one incarnation of the watching agent, and ends when the signal of that one aborts.
 * W14 What the mailbox does not take waits until it has room. What is unwatched meanwhile is not told any more.
 */
import type { Down } from '../agent/watch-verbs.ts';
import type { Notice } from '../broker/notices.ts';
import type { Activation, PresencePort } from '../broker/presence.ts';
import type { Clock } from '../core/clock.ts';
import { abortReason, DefinitionError, RuntimeError } from '../core/errors.ts';
import type { LazyAbort } from '../core/lazy-abort.ts';
import { limits } from '../core/limits.ts';
import type { Observer } from '../core/observer.ts';
import type { Cell } from './cell.ts';
import { Duty } from './duty.ts';

export interface WatchesDeps {
  readonly clock: Clock;
  readonly observer: Observer;
  readonly presence: PresencePort;
  readonly heartbeatMs: number;
}

/** One incarnation of an agent that watches. */
interface Watcher {
  readonly cell: Cell;
  /** By the id that is watched. */
  readonly watches: Map<string, Watch>;
  /** What no handler has begun to hear of yet. */
  readonly due: Set<Due>;
}

interface Watch {
  readonly watcher: Watcher;
  readonly id: string;
  /** Absent while it is looked up. */
  activation: Activation | undefined;
  /** Resolves when it holds. */
  held: Promise<void>;
}

interface Due {
  readonly down: Down;
  isHanded: boolean;
}

/** Watches whose ids are looked up together. */
interface Join {
  readonly watches: Watch[];
  /** W12 */
  readonly heard: Notice[];
  readonly done: Promise<void>;
}

const pageSize = 1_000;
/** What is heard beyond that during one look is found by the next one. */
const mostHeard = 1_000;

export class Watches extends Duty {
  readonly #deps: WatchesDeps;
  readonly #watchers = new Map<LazyAbort, Watcher>();
  /** Those that hold, by the id that is watched. */
  readonly #held = new Map<string, Set<Watch>>();
  readonly #joins = new Set<Join>();
  /** The one that still takes watches. */
  #open: Join | undefined;

  constructor(deps: WatchesDeps) {
    const { heartbeatMs } = deps;
    super(deps, { name: 'looking after watched agents', intervalMs: () => heartbeatMs, tick: () => this.#look() });
    this.#deps = deps;
  }

  /** `life`: of the incarnation that watches (W13). */
  async watch(cell: Cell, life: LazyAbort, id: string): Promise<void> {
    if (life.aborted) throw abortReason(life);
    if (cell.spec.table.down.length === 0) throw deaf(cell);
    const watcher = this.#watcherOf(cell, life);
    const known = watcher.watches.get(id);
    if (known !== undefined) return known.held;
    if (watcher.watches.size + watcher.due.size >= limits.watches) throw tooMany(cell);
    const watch: Watch = { watcher, id, activation: undefined, held: Promise.resolve() };
    watcher.watches.set(id, watch);
    watch.held = this.#join(watch);
    try {
      await watch.held;
    } catch (error) {
      this.#forget(watch);
      throw error;
    }
  }

  /** W14 */
  unwatch(life: LazyAbort, id: string): void {
    const watcher = this.#watchers.get(life);
    const watch = watcher?.watches.get(id);
    if (watch !== undefined) this.#forget(watch);
    for (const due of watcher?.due ?? []) if (due.down.id === id) watcher?.due.delete(due);
  }

  onNotice(notice: Notice): void {
    if (notice.kind !== 'down' && notice.kind !== 'gone') return;
    for (const { heard } of this.#joins) if (heard.length < mostHeard) heard.push(notice);
    this.#hear(notice);
  }

  /** Notices may have been missed. */
  onReset(): void {
    void this.#look().catch(() => undefined); // the next heartbeat looks again
  }

  onRoom(cell: Cell): void {
    const watcher = this.#watchers.get(cell.life);
    if (watcher !== undefined && watcher.due.size > 0) this.#tell(watcher);
  }

  #watcherOf(cell: Cell, life: LazyAbort): Watcher {
    const known = this.#watchers.get(life);
    if (known !== undefined) return known;
    const watcher: Watcher = { cell, watches: new Map(), due: new Set() };
    this.#watchers.set(life, watcher);
    life.listen({ onAbort: () => this.#endWatcher(life, watcher) });
    return watcher;
  }

  /** W13 */
  #endWatcher(life: LazyAbort, watcher: Watcher): void {
    this.#watchers.delete(life);
    for (const watch of watcher.watches.values()) this.#forget(watch);
    watcher.due.clear();
  }

  #forget(watch: Watch): void {
    const { watcher, id } = watch;
    if (watcher.watches.get(id) === watch) watcher.watches.delete(id);
    const held = this.#held.get(id);
    held?.delete(watch);
    if (held?.size === 0) this.#held.delete(id);
  }

  /** Those of one tick are looked up together. */
  #join(watch: Watch): Promise<void> {
    const join = this.#open ?? this.#openJoin();
    join.watches.push(watch);
    return join.done;
  }

  #openJoin(): Join {
    const done = new Promise<void>((resolve) => this.#deps.clock.endOfTick(resolve)).then(() => {
      this.#open = undefined;
      return this.#hold(join);
    });
    const join: Join = { watches: [], heard: [], done };
    this.#joins.add(join);
    this.#open = join;
    return join;
  }

  /** W10, W12 */
  async #hold(join: Join): Promise<void> {
    try {
      const found = await this.#lookUp(join.watches.map(({ id }) => id));
      for (const watch of join.watches) {
        if (watch.watcher.watches.get(watch.id) !== watch) continue; // unwatched, or its watcher has ended
        watch.activation = found.get(watch.id);
        if (watch.activation === undefined) this.#end(watch, 'nobody runs it');
        else this.#held.set(watch.id, (this.#held.get(watch.id) ?? new Set()).add(watch));
      }
      for (const notice of join.heard) this.#hear(notice);
    } finally {
      this.#joins.delete(join);
    }
  }

  #hear(notice: Notice): void {
    if (notice.kind === 'down') {
      for (const watch of this.#held.get(notice.agentId) ?? [])
        if (isSame(watch.activation, { owner: notice.node, epoch: notice.epoch })) this.#end(watch, notice.reason);
    } else if (notice.kind === 'gone') {
      for (const watch of [...this.#held.values()].flatMap((held) => [...held]))
        if (watch.activation?.owner === notice.node) this.#end(watch, 'its node has gone');
    }
  }

  /** W11 */
  async #look(): Promise<void> {
    if (this.#held.size === 0) return;
    const held = [...this.#held.values()].flatMap((watches) => [...watches]); // those that are new when the answer comes have looked themselves
    const found = await this.#lookUp([...this.#held.keys()]);
    for (const watch of held) {
      const now = found.get(watch.id);
      if (isSame(watch.activation, now) || !this.#held.get(watch.id)?.has(watch)) continue;
      this.#end(watch, now === undefined ? 'nobody runs it any more' : `node "${now.owner}" runs it now`);
    }
  }

  async #lookUp(ids: readonly string[]): Promise<ReadonlyMap<string, Activation>> {
    const found = new Map<string, Activation>();
    for (let from = 0; from < ids.length; from += pageSize) {
      const page = ids.slice(from, from + pageSize);
      const activations = await this.#deps.presence.lookup(page);
      page.forEach((id, index) => {
        const activation = activations[index];
        if (activation !== undefined) found.set(id, activation);
      });
    }
    return found;
  }

  #end(watch: Watch, reason: string): void {
    const { watcher, id, activation } = watch;
    this.#forget(watch);
    const ran = activation !== undefined && { node: activation.owner, epoch: activation.epoch };
    watcher.due.add({ down: { id, ...ran, reason }, isHanded: false });
    this.#tell(watcher);
  }

  /** W14 */
  #tell({ cell, due }: Watcher): void {
    for (const one of due) {
      if (one.isHanded) continue;
      one.isHanded = true;
      if (cell.accept({ kind: 'down', down: one.down, begin: () => due.delete(one) })) continue;
      one.isHanded = false;
      return;
    }
  }
}

function isSame(watched: Activation | undefined, now: Activation | undefined): boolean {
  return watched?.owner === now?.owner && watched?.epoch === now?.epoch;
}

function deaf({ id, spec }: Cell): DefinitionError {
  return new DefinitionError(
    `expected agent "${id}" to have a method that hears of what it watches, got: none\nMark one of class ${spec.Class.name} with @onDown().`,
  );
}

function tooMany({ id }: Cell): RuntimeError {
  return new RuntimeError(
    'too-many-watches',
    `expected agent "${id}" to watch at most ${limits.watches} agents, got: one more\nEnd the watches that are not needed with unwatch.`,
  );
}
