/**
 * The duty of the roster: what is written there runs, on one node each, whoever wrote it and whichever node has gone.
 *
 * V4  An agent that is enrolled for this node is brought up here; one that is struck off, or enrolled for another node, is taken down with
 *     its grace. Its activation, and not this, is what keeps two nodes from running it. One for which the broker was in trouble is brought
 *     up at the next look; a spawn that somebody waits for fails.
 * V5  An agent whose node has gone, or drains, is moved to the node with most room by compare-and-set: of all who see it, one moves it. On
 *     one that drains it goes on until its turn to stop, while its new node stands by for its id.
 * V6  A child whose parent has ended is struck off: by the parent's node when it knows, else by whoever runs the child, or would take it
 *     over, as soon as the parent's activation is gone or a later one.
 * V7  Of a pool whose size is written down each node runs its share (placement.ts) of the hosts that are present.
 * V8  An agent that is given up is struck off with its reason in the log, and one that has ended by itself without one; the node goes on.
 * V9  When the broker has lost the roster, each node writes again what it runs and the sizes that it knows, and says so.
 * V10 What a read does not know yet, because it was written after it, is kept; what it still knows, although it was struck off meanwhile, is
 *     not started again (roster-book.ts).
 * V11 It looks with every beat of its node while there is a roster, and reads it when a beat or a notice says that it has changed.
 */
import type { ControlPort } from '../broker/control.ts';
import type { Notice } from '../broker/notices.ts';
import type { Beat, NodeRecord, PresencePort } from '../broker/presence.ts';
import { mostRoom, placesOf, withOneMore } from '../client/placement.ts';
import { type AgentRecord, nameOfAgent, recordOf } from '../client/roster-record.ts';
import type { HostingConfig } from '../config/config.ts';
import type { Clock } from '../core/clock.ts';
import { DeliveryError, describeError } from '../core/errors.ts';
import { observe, type Observer } from '../core/observer.ts';
import type { Cell } from './cell.ts';
import { hostingsOf } from './cell-specs.ts';
import { Duty } from './duty.ts';
import { Hosted } from './hosted.ts';
import type { CommandHandler } from './node-commands.ts';
import type { NodeDeps } from './node-deps.ts';
import { PoolSizes } from './pool-sizes.ts';
import type { Population } from './population.ts';
import { type Known, RosterBook, type RosterLegacy } from './roster-book.ts';

export interface RosterDeps {
  readonly clock: Clock;
  readonly observer: Observer;
  readonly control: ControlPort;
  readonly presence: PresencePort;
  readonly node: string;
  readonly population: Population;
  readonly hostings: readonly HostingConfig[];
  readonly graceMs: () => number;
  readonly isDraining: () => boolean;
  readonly legacy: RosterLegacy | undefined;
}

/** V11: a look that nothing has asked for. */
const untoldMs = 3_600_000;

export class Roster extends Duty {
  readonly #deps: RosterDeps;
  readonly #book: RosterBook;
  /** Of which node the book speaks as its own: that of the incarnation before, at first. */
  #ownNode: string;
  readonly #hosted: Hosted;
  readonly #pools: PoolSizes;
  /** Spawn by name, of records that have to be struck off. */
  readonly #ended = new Map<string, string>();
  #nextMs = untoldMs;
  /** It has changed since it was read, or may have. */
  #isUnread = false;

  constructor(deps: RosterDeps) {
    super(deps, { name: 'keeping the roster', intervalMs: () => this.#nextMs, tick: () => this.#reconcile() });
    this.#deps = deps;
    this.#book = new RosterBook(deps.legacy);
    this.#ownNode = deps.legacy?.node ?? deps.node;
    const hostings = new Map(deps.hostings.map((hosting) => [hosting.role, hosting]));
    const [onEnded, onFailed] = [this.#onEnded.bind(this), this.#onFailed.bind(this)];
    this.#hosted = new Hosted({ ...deps, hostings, onEnded, onFailed });
    this.#pools = new PoolSizes(deps);
  }

  /** The handlers of the commands that are about spawned agents. */
  get handlers(): Readonly<Record<string, CommandHandler>> {
    return { spawn: (data) => this.#spawn(data), 'stop-agent': (data) => this.#stopAgent(data) };
  }

  get legacy(): RosterLegacy {
    return { node: this.#ownNode, version: this.#book.version, entries: this.#book.all };
  }

  onNotice(notice: Notice): void {
    if (notice.kind === 'roster') {
      const isOurs = this.#hosted.ids.some((id) => nameOfAgent(id) === notice.name);
      if (isOurs || !notice.name.startsWith('agent:')) this.#readSoon();
    } else if (notice.kind === 'gone' || notice.kind === 'freed') {
      if (this.#book.size > 0) this.#soon();
    }
  }

  /** Notices may have been missed. */
  onReset(): void {
    this.#readSoon();
  }

  /** V11 */
  onBeat({ roster }: Pick<Beat, 'roster'>): void {
    if (roster !== this.#book.version) this.#readSoon();
    else if (this.#book.size > 0 || this.#ended.size > 0) this.#soon();
  }

  onUp(cell: Cell): void {
    this.#hosted.onUp(cell);
  }

  /** V8: true when it is an agent of the roster. */
  onGivenUp(cell: Cell, error: unknown): boolean {
    return this.#hosted.onGivenUp(cell, error);
  }

  /** V6: the agent that spawned them has ended, or begins anew. Spawn by name. */
  endChildren(children: ReadonlyMap<string, string>): void {
    for (const [name, spawn] of children) this.#ended.set(name, spawn);
    if (children.size > 0) this.#soon();
  }

  #readSoon(): void {
    this.#isUnread = true;
    this.#soon();
  }

  #soon(): void {
    this.#nextMs = 0;
    this.rearm();
  }

  async #reconcile(): Promise<void> {
    const { isDraining, population, presence } = this.#deps;
    this.#nextMs = untoldMs;
    if (isDraining() || !population.begun) return;
    if (this.#isUnread) await this.#read();
    this.#ownNode = this.#deps.node;
    await this.#strikeOffEnded();
    if (this.#book.size > 0) {
      const nodes = await presence.nodes();
      const leaving = this.#leaving(nodes);
      await this.#endOrphans(leaving);
      await this.#takeOver(nodes, leaving);
      this.#pools.spread(this.#book, nodes);
    } else this.#pools.spread(this.#book, []);
    this.#host();
  }

  async #read(): Promise<void> {
    this.#isUnread = false;
    try {
      const roster = await this.#deps.control.roster(this.#book.version);
      if (roster !== undefined) await this.#restore(this.#book.absorb(roster));
    } catch (error) {
      this.#isUnread = true;
      throw error;
    }
  }

  /** V9 */
  async #restore(lost: readonly Known[]): Promise<void> {
    const { control, node, observer } = this.#deps;
    if (lost.length === 0) return;
    const own = lost.filter(({ record }) => record.kind === 'pool' || record.node === this.#ownNode);
    for (const { name, record } of own) {
      const text = JSON.stringify(record.kind === 'pool' ? record : { ...record, node });
      const reply = await control.enrol({ name, text, expected: '', by: node });
      if (reply.kind === 'enrolled') this.#book.note({ name, text, version: reply.version });
    }
    const what = `the broker has lost the roster; ${own.length} of ${lost.length} records that were missed are written again`;
    observe(observer, 'broker.data-lost', { what });
  }

  async #strikeOffEnded(): Promise<void> {
    for (const [name, spawn] of this.#ended) {
      const known = this.#book.get(name);
      if (known?.record.kind === 'agent' && known.record.spawn === spawn) await this.#strikeOff(known);
      else this.#ended.delete(name);
    }
  }

  /** False when it has changed meanwhile: the next read shows it. */
  async #strikeOff({ name, version }: Known): Promise<void> {
    if (await this.#deps.control.dismiss(name, version)) this.#book.forget(name);
  }

  /** V5 */
  #leaving(nodes: readonly NodeRecord[]): readonly (Known & { record: AgentRecord })[] {
    const places = new Set(placesOf(nodes).map(({ node }) => node));
    return this.#agents().filter(({ record }) => !places.has(record.node) && record.node !== this.#deps.node);
  }

  #agents(): readonly (Known & { record: AgentRecord })[] {
    return this.#book.all.filter((known): known is Known & { record: AgentRecord } => known.record.kind === 'agent');
  }

  /** V6 */
  async #endOrphans(leaving: readonly Known[]): Promise<void> {
    const { presence, node } = this.#deps;
    const concerned = new Set<Known>(leaving);
    const children = this.#agents().flatMap((known) => {
      const { parent } = known.record;
      return parent !== undefined && (known.record.node === node || concerned.has(known)) ? [{ known, parent }] : [];
    });
    if (children.length === 0) return;
    const parents = [...new Set(children.map(({ parent }) => parent.id))];
    const activations = await presence.lookup(parents);
    const epochs = new Map(parents.map((id, index) => [id, activations[index]?.epoch]));
    for (const { known, parent } of children) if (epochs.get(parent.id) !== parent.epoch) await this.#strikeOff(known);
  }

  /** V5 */
  async #takeOver(nodes: readonly NodeRecord[], leaving: readonly (Known & { record: AgentRecord })[]): Promise<void> {
    const { control, node } = this.#deps;
    let places = placesOf(nodes);
    for (const { name, version, record } of leaving) {
      if (this.#book.get(name) === undefined) continue; // struck off
      const place = mostRoom(places, record.role);
      if (place === undefined) continue;
      places = withOneMore(places, place.node);
      if (place.node !== node) continue;
      const text = JSON.stringify({ ...record, node });
      const reply = await control.enrol({ name, text, expected: version, by: node });
      if (reply.kind === 'enrolled') this.#book.note({ name, text, version: reply.version });
    }
  }

  /** V4 */
  #host(): void {
    const { node } = this.#deps;
    for (const { record } of this.#agents()) if (record.node === node) this.#hosted.bringUp(record);
    for (const id of this.#hosted.ids) {
      const record = this.#book.get(nameOfAgent(id))?.record;
      const isOurs = record?.kind === 'agent' && record.node === node && record.spawn === this.#hosted.spawnOf(id);
      if (!isOurs) void this.#hosted.takeDown(id, record === undefined ? 'stopped' : 'it runs elsewhere');
    }
  }

  async #spawn(data: unknown): Promise<{ readonly node: string }> {
    const { node, isDraining, population } = this.#deps;
    const { name = '', text = '', version = '' } = data as { name?: string; text?: string; version?: string };
    const record = recordOf({ text });
    if (record?.kind !== 'agent' || record.node !== node || nameOfAgent(record.id) !== name)
      throw new DeliveryError(
        'malformed',
        `expected the record of an agent of node "${node}", got: ${text.slice(0, 80)}`,
      );
    const isHere = this.#hosted.spawnOf(record.id);
    if (isDraining() || !population.begun || (isHere !== undefined && isHere !== record.spawn))
      throw new DeliveryError('refused', `expected node "${node}" to be ready to take "${record.id}", got: not now`);
    this.#book.note({ name, text, version });
    const up = this.#hosted.up(record.id);
    this.#hosted.bringUp(record);
    await up;
    return { node };
  }

  async #stopAgent(data: unknown): Promise<boolean> {
    const { id = '' } = data as { id?: string };
    if (this.#hosted.spawnOf(id) === undefined) return false;
    this.#book.forget(nameOfAgent(id)); // it was struck off before this was said
    await this.#hosted.takeDown(id, 'stopped');
    return true;
  }

  /** V8: its record is struck off. */
  #onEnded(id: string): void {
    const record = this.#book.get(nameOfAgent(id))?.record;
    if (record?.kind === 'agent') this.#ended.set(nameOfAgent(id), record.spawn);
    this.#soon();
  }

  /** V8 */
  #onFailed(id: string, error: unknown): void {
    this.#onEnded(id);
    const message = `given up and struck off the roster: ${describeError(error).message}`;
    observe(this.#deps.observer, 'log', { agent: id, level: 'error', message });
  }
}

/** The duty of a node. */
export function rosterOf(
  { broker, config, legacy, ...deps }: NodeDeps,
  own: Pick<RosterDeps, 'population' | 'graceMs' | 'isDraining'>,
): Roster {
  const { control, presence } = broker;
  const hostings = hostingsOf(config);
  return new Roster({ ...deps, ...own, control, presence, hostings, legacy: legacy?.roster });
}
