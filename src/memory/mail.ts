/**
 * The mail port in memory: inboxes that remember to which activation each entry was first handed.
 *
 * Invariants M1 to M11 stand in broker/mail.ts.
 */
import type { Frame } from '../broker/frame.ts';
import type {
  AcknowledgeOp,
  AcknowledgeReply,
  AskOp,
  AskReply,
  DeadMessages,
  EndOfMessage,
  InboxEntry,
  MailPort,
  NewMessage,
  ReadInboxRequest,
  SendOp,
  SendReply,
} from '../broker/mail.ts';
import { activationLost } from '../broker/mail.ts';
import { nobody } from './directory.ts';
import type { MemoryFleet } from './fleet.ts';
import type { Link } from './link.ts';
import { keep, kept } from './queue-state.ts';

export interface StoredMessage {
  readonly opId: string;
  readonly envelope: string;
  readonly number: number;
  /** Epoch of the activation that was handed this entry first; 0 when none was (M5). */
  handedTo: number;
}

/** Entries by id, oldest first. */
export type Inbox = Map<string, StoredMessage>;

/** More than one, so that whoever collects frames per tag cannot forget that there are several. */
const shards = 4;

export class MemoryMail implements MailPort {
  readonly #fleet: MemoryFleet;
  readonly #link: Link;

  constructor(deps: { fleet: MemoryFleet; link: Link }) {
    this.#fleet = deps.fleet;
    this.#link = deps.link;
  }

  tagOf(agentId: string): string {
    let sum = 0;
    for (let i = 0; i < agentId.length; i++) sum = (sum * 31 + agentId.charCodeAt(i)) % 65_521;
    return `m${sum % shards}`;
  }

  send(frame: Frame<SendOp>): Promise<readonly SendReply[]> {
    return this.#link.call(frame, (received) => this.#fleet.frames.apply('send', received, (op) => this.#send(op)));
  }

  ask(frame: Frame<AskOp>): Promise<readonly AskReply[]> {
    return this.#link.call(frame, (received) => this.#fleet.frames.apply('ask', received, (op) => this.#publish(op)));
  }

  read(request: ReadInboxRequest): Promise<readonly InboxEntry[]> {
    return this.#link.call(request, ({ agentId, epoch, after, count }) => {
      const granted = this.#fleet.directory.activations.get(agentId)?.epoch ?? 0;
      if (epoch !== granted) throw activationLost(agentId, epoch);
      const behind = after === '' ? 0 : numberOf(after);
      const inbox = [...(this.#fleet.inboxes.get(agentId) ?? [])];
      const entries = inbox.filter(([, { number }]) => number > behind).slice(0, Math.max(0, count));
      const last = entries.at(-1)?.[1].number ?? 0;
      for (const [, message] of inbox) if (message.number <= last) message.handedTo ||= Math.max(1, granted);
      return entries.map(([entry, { opId, envelope, handedTo }]) => {
        return { entry, opId, envelope, redelivered: handedTo < granted };
      });
    });
  }

  acknowledge(frame: Frame<AcknowledgeOp>): Promise<readonly AcknowledgeReply[]> {
    return this.#link.call(frame, (received) =>
      this.#fleet.frames.apply('acknowledge', received, (op) => this.#end(op)),
    );
  }

  waiting(node: string): Promise<readonly string[]> {
    return this.#link.call(node, (owner) =>
      [...this.#fleet.inboxes.keys()].filter((agentId) => this.#fleet.directory.liveOwner(agentId)?.owner === owner),
    );
  }

  deadLetters(agentId: string, page: { count: number; before?: string }): Promise<DeadMessages> {
    return this.#link.call(page, (received) => this.#fleet.deadMail.page(agentId, received));
  }

  #send(op: SendOp): SendReply {
    const { deadMail, messageKeys, clock } = this.#fleet;
    if ('letter' in op) {
      const letter = deadMail.find(op.to, op.letter);
      if (letter === undefined) return { kind: 'no-letter' };
      const { opId, envelope } = letter;
      const reply = this.#store({ to: op.to, limit: op.limit, opId, envelope });
      if (reply.kind === 'stored') deadMail.forget(op.to, op.letter);
      return reply;
    }
    if (op.key === undefined) return this.#store(op);
    const key = JSON.stringify([op.to, op.key.name]);
    const opId = kept(messageKeys, key, clock.now());
    if (opId !== undefined) return { kind: 'known', opId };
    const reply = this.#store(op);
    if (reply.kind === 'stored') keep(messageKeys, key, op.opId, { now: clock.now(), ttlMs: op.key.ttlMs });
    return reply;
  }

  #store({ to, opId, envelope, limit }: NewMessage): SendReply {
    const inbox: Inbox = this.#fleet.inboxes.get(to) ?? new Map();
    if (inbox.size >= limit) return { kind: 'inbox-full', entries: inbox.size };
    const activation = this.#fleet.directory.liveOwner(to);
    const number = this.#fleet.nextNumber();
    const entry = `${number}-0`;
    inbox.set(entry, { opId, envelope, number, handedTo: activation?.epoch ?? 0 });
    this.#fleet.inboxes.set(to, inbox);
    if (activation !== undefined)
      this.#fleet.exchange.postNotice(activation.owner, { kind: 'mail', agentId: to, entry, envelope });
    return { kind: 'stored', entry };
  }

  #publish({ to, envelope }: AskOp): AskReply {
    const owner = this.#fleet.directory.liveOwner(to)?.owner;
    if (owner === undefined) return { kind: 'no-owner' };
    this.#fleet.exchange.postNotice(owner, { kind: 'ask', envelope });
    return { kind: 'sent', owner };
  }

  #end(op: AcknowledgeOp): AcknowledgeReply {
    if ('letter' in op) return this.#fleet.deadMail.forget(op.agentId, op.letter) ? 'acknowledged' : 'unknown';
    return this.#remove(op);
  }

  #remove({ agentId, epoch, entry, opId, dead }: EndOfMessage): AcknowledgeReply {
    const { inboxes, directory } = this.#fleet;
    const inbox = inboxes.get(agentId);
    const message = inbox?.get(entry);
    if (inbox === undefined || message?.opId !== opId) return 'unknown';
    const activation = directory.activations.get(agentId);
    if (activation?.epoch !== epoch) return 'stale-epoch';
    if (dead !== undefined) {
      const death = { letter: `${this.#fleet.nextNumber()}-0`, diedAt: this.#fleet.clock.now() };
      this.#fleet.deadMail.keep(agentId, message, dead, death);
    }
    inbox.delete(entry);
    if (inbox.size > 0) return 'acknowledged';
    inboxes.delete(agentId);
    if (activation.owner === nobody) directory.activations.delete(agentId);
    return 'acknowledged';
  }
}

/** Before all entries when it is none. */
function numberOf(entry: string): number {
  const number = /^(\d{1,16})-\d{1,16}$/.exec(entry)?.[1];
  return Number(number ?? 0);
}
