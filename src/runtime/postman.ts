/**
 * The postman: durable messages and live asks, from the node's notices and the inboxes to the cells' mailboxes.
 *
 * N1  Each inbox has a cursor: the last entry handed to the mailbox. Entries are handed over once and in order behind it; what was
 *     handed over before a restart of the agent inside this activation is not handed over again by a notice that comes late; what of it
 *     is still in the inbox is read.
 * N2  A live entry is taken only while the inbox is not behind (catch-up.ts); at first, and after a lost link, every inbox is behind
 *     until it is known to be empty or has been read.
 * N3  An operation id is handed over once within an activation, whatever the broker repeats, unless it was put back from the dead
 *     letters. The entry of a repeat is acknowledged at once: the first one is in the inbox until it has been handled.
 * N7  A live entry that stands behind one that was not handed over is not taken: a notice was lost, and the inbox is read (M13).
 */
import { compareEntryIds } from '../broker/entry-id.ts';
import type { InboxEntry } from '../broker/mail.ts';
import type { Notice } from '../broker/notices.ts';
import { decodeEnvelope, decodePayload, type Envelope } from '../core/envelope.ts';
import { describeError } from '../core/errors.ts';
import { limits } from '../core/limits.ts';
import { nodeOf } from '../core/node-address.ts';
import { observe } from '../core/observer.ts';
import { CatchUp, type CatchUpDeps, type PageEnd } from './catch-up.ts';
import type { Cell } from './cell.ts';
import type { ExecutionDeps } from './handling.ts';
import { mailboxFull, notReached, refuseLive } from './live-mail.ts';
import { acknowledge } from './message-execution.ts';
import type { LiveWork } from './work.ts';

class Inbox {
  readonly cell: Cell;
  readonly catchUp: CatchUp<Inbox>;
  cursor = '';
  /** The newest one that was handed over before a restart (N1). */
  readonly heard: string;
  #seen: Set<string> | undefined;

  constructor(cell: Cell, reading: CatchUpDeps<Inbox>, heard: string) {
    this.cell = cell;
    this.heard = heard;
    this.catchUp = new CatchUp<Inbox>(reading, this);
  }

  /** Nothing up to this one is taken from a notice. */
  get taken(): string {
    return this.cursor === '' || isAfter(this.heard, this.cursor) ? this.heard : this.cursor;
  }

  /** Of the messages that have come: most inboxes are empty. */
  get seen(): Set<string> {
    return (this.#seen ??= new Set());
  }
}

const pageSize = 128;

export class Postman {
  readonly #deps: ExecutionDeps;
  readonly #onCommand: (envelope: Envelope) => void;
  readonly #reading: CatchUpDeps<Inbox>;
  readonly #inboxes = new Map<string, Inbox>();
  /** Of agents that wait for their restart, by id and epoch: what they have heard. Of those that stopped for good the oldest are forgotten. */
  readonly #heard = new Map<string, string>();
  /** Served in this tick, and not looked at yet (N2). */
  readonly #fresh: Inbox[] = [];

  /** `onCommand` takes the asks that are meant for the node itself. */
  constructor(deps: ExecutionDeps, onCommand: (envelope: Envelope) => void) {
    this.#deps = deps;
    this.#onCommand = onCommand;
    const { clock, random, observer } = deps.member.deps;
    const what = ({ cell }: Inbox): string => `reading the inbox of ${cell.id}`;
    this.#reading = { clock, random, observer, what, page: (inbox) => this.#readPage(inbox) };
  }

  /** Begins to deliver to a cell: what is in its inbox first. */
  serve(cell: Cell): void {
    const inbox = new Inbox(cell, this.#reading, this.#heard.get(activationOf(cell)) ?? '');
    this.#heard.delete(activationOf(cell));
    this.#inboxes.set(cell.id, inbox);
    inbox.catchUp.hold();
    const { clock } = this.#deps.member.deps;
    if (this.#fresh.push(inbox) === 1) clock.endOfTick(() => void this.#look(this.#fresh.splice(0)));
  }

  leave(cell: Cell): void {
    const inbox = this.#inboxes.get(cell.id);
    if (inbox === undefined) return;
    inbox.catchUp.stop();
    this.#inboxes.delete(cell.id);
    if (inbox.taken !== '') this.#heard.set(activationOf(cell), inbox.taken);
    const oldest = this.#heard.keys().next();
    if (this.#heard.size > limits.restartsHeard && !oldest.done) this.#heard.delete(oldest.value);
  }

  onRoom(cell: Cell): void {
    this.#inboxes.get(cell.id)?.catchUp.read();
  }

  onNotice(notice: Notice): void {
    if (notice.kind === 'mail') this.#onMail(notice);
    else if (notice.kind === 'ask') this.#onLive(notice.envelope);
    else if (notice.kind === 'classic') this.#onClassic(notice);
  }

  onReset(): void {
    for (const inbox of this.#inboxes.values()) inbox.catchUp.hold();
    void this.#look([...this.#inboxes.values()]);
  }

  /** N2: one question finds the inboxes that hold something, so that ten thousand empty ones cost nothing. */
  async #look(held: readonly Inbox[]): Promise<void> {
    const { broker, address } = this.#deps.member.deps;
    try {
      const waiting = new Set(await broker.mail.waiting(address));
      for (const { cell, catchUp } of held) {
        if (waiting.has(cell.id)) catchUp.read();
        else catchUp.letGo();
      }
    } catch (error) {
      this.#report('the look for missed messages', error);
      for (const { catchUp } of held) catchUp.read(); // each of them asks again until it is answered
    }
  }

  #onMail(notice: Notice & { kind: 'mail' }): void {
    const inbox = this.#inboxes.get(notice.agentId);
    if (inbox === undefined) return; // not ours any more: the next owner reads it
    if (inbox.catchUp.behind) return inbox.catchUp.fallBehind();
    if (inbox.taken !== '' && !isAfter(notice.entry, inbox.taken)) return;
    if (isMissing(notice.before, inbox.cursor)) return inbox.catchUp.fallBehind();
    const envelope = envelopeOf(notice.envelope);
    if (envelope === undefined) return inbox.catchUp.fallBehind();
    const { opId } = envelope;
    const entry: InboxEntry = { entry: notice.entry, opId, envelope: notice.envelope, redelivered: false };
    if (!this.#handOver(inbox, entry, envelope)) inbox.catchUp.fallBehind();
  }

  async #readPage(inbox: Inbox): Promise<PageEnd> {
    const { cell } = inbox;
    const count = Math.min(cell.room, pageSize);
    if (count === 0) return 'full';
    const { mail } = this.#deps.member.deps.broker;
    const entries = await mail.read({ agentId: cell.id, epoch: cell.epoch, after: inbox.cursor, count });
    for (const entry of entries) if (!this.#handOver(inbox, entry)) return 'full';
    return entries.length === count ? 'more' : 'end';
  }

  /** N1, N3: false when the mailbox is full. */
  #handOver(inbox: Inbox, entry: InboxEntry, envelope?: Envelope): boolean {
    const { cursor } = inbox;
    inbox.cursor = entry.entry; // before it is handled, which may restart its agent
    if (inbox.seen.has(entry.opId)) void acknowledge(this.#deps, inbox.cell, entry);
    else {
      const forget = (): void => void inbox.seen.delete(entry.opId);
      inbox.seen.add(entry.opId);
      if (!inbox.cell.accept({ kind: 'message', entry, envelope, forget })) {
        forget();
        inbox.cursor = cursor;
        return false;
      }
      const oldest = inbox.seen.values().next();
      if (inbox.seen.size > limits.inboxSeen && !oldest.done) inbox.seen.delete(oldest.value);
    }
    return true;
  }

  /** Live mail: an ask, or a volatile message. */
  #onLive(text: string): void {
    try {
      const envelope = decodeEnvelope(text);
      if (nodeOf(envelope.to) !== undefined) return this.#onCommand(envelope);
      this.#handLive(envelope.to, { kind: envelope.kind === 'ask' ? 'ask' : 'volatile', envelope });
    } catch (error) {
      this.#report('an ask', error);
    }
  }

  #onClassic(notice: Notice & { kind: 'classic' }): void {
    if (!this.#inboxes.has(notice.to)) return; // every node hears it
    try {
      const { random, clock } = this.#deps.member.deps;
      const { from, message: name, metadata } = notice;
      const sent = Date.parse(notice.timestamp);
      const sentAt = Number.isNaN(sent) ? clock.now() : sent;
      const data = decodePayload(metadata);
      this.#handLive(notice.to, { kind: 'classic', id: random.id('classic'), from, name, data, sentAt });
    } catch (error) {
      this.#report(`a classic message from ${notice.from}`, error);
    }
  }

  #handLive(agentId: string, work: LiveWork): void {
    const inbox = this.#inboxes.get(agentId);
    if (inbox?.cell.accept(work)) return;
    const error =
      inbox === undefined ? notReached(this.#deps, agentId, 'its node does not run it any more') : mailboxFull(agentId);
    refuseLive(this.#deps, agentId, work, error);
  }

  #report(name: string, error: unknown): void {
    observe(this.#deps.member.deps.observer, 'message.failed', { agent: 'postman', name, error: describeError(error) });
  }
}

function activationOf({ id, epoch }: Cell): string {
  return `${epoch} ${id}`;
}

/** N7 */
function isMissing(before: string | undefined, cursor: string): boolean {
  return before !== undefined && (cursor === '' || isAfter(before, cursor));
}

function isAfter(entry: string, other: string): boolean {
  return entry !== '' && compareEntryIds(entry, other) > 0;
}

/** Undefined when the envelope cannot be read: then its entry in the inbox tells. */
function envelopeOf(text: string): Envelope | undefined {
  try {
    return decodeEnvelope(text);
  } catch {
    return undefined;
  }
}
