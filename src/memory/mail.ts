/**
 * The mail port in memory: inboxes that remember to which activation each entry was first handed.
 *
 * Invariants M1 to M7 stand in broker/mail.ts.
 */
import type { Frame } from '../broker/frame.ts';
import type {
  AcknowledgeOp,
  AcknowledgeReply,
  AskOp,
  AskReply,
  InboxEntry,
  MailPort,
  ReadInboxRequest,
  SendOp,
  SendReply,
} from '../broker/mail.ts';
import { OwnershipError } from '../core/errors.ts';
import type { MemoryFleet } from './fleet.ts';
import type { Link } from './link.ts';

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
    return this.#link.call(frame, (received) => this.#fleet.frames.apply('send', received, (op) => this.#store(op)));
  }

  ask(frame: Frame<AskOp>): Promise<readonly AskReply[]> {
    return this.#link.call(frame, (received) => this.#fleet.frames.apply('ask', received, (op) => this.#publish(op)));
  }

  read(request: ReadInboxRequest): Promise<readonly InboxEntry[]> {
    return this.#link.call(request, ({ agentId, epoch, after, count }) => {
      if (this.#isStale(agentId, epoch))
        throw new OwnershipError(
          'activation-lost',
          `expected epoch ${epoch} of "${agentId}" to be current, got: older`,
          {
            agentId,
            epoch,
          },
        );
      const behind = after === '' ? 0 : numberOf(after);
      const entries = [...(this.#fleet.inboxes.get(agentId) ?? [])].filter(([, { number }]) => number > behind);
      return entries.slice(0, count).map(([entry, message]) => {
        message.handedTo ||= epoch;
        return { entry, opId: message.opId, envelope: message.envelope, redelivered: message.handedTo < epoch };
      });
    });
  }

  acknowledge(frame: Frame<AcknowledgeOp>): Promise<readonly AcknowledgeReply[]> {
    return this.#link.call(frame, (received) =>
      this.#fleet.frames.apply('acknowledge', received, (op) => this.#remove(op)),
    );
  }

  waiting(node: string): Promise<readonly string[]> {
    return this.#link.call(node, (owner) =>
      [...this.#fleet.inboxes.keys()].filter((agentId) => this.#fleet.directory.liveOwner(agentId)?.owner === owner),
    );
  }

  #store({ to, opId, envelope, limit }: SendOp): SendReply {
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

  #remove({ agentId, epoch, entry, opId }: AcknowledgeOp): AcknowledgeReply {
    if (this.#isStale(agentId, epoch)) return 'stale-epoch';
    const inbox = this.#fleet.inboxes.get(agentId);
    if (inbox?.get(entry)?.opId !== opId) return 'unknown';
    inbox.delete(entry);
    if (inbox.size === 0) this.#fleet.inboxes.delete(agentId);
    return 'acknowledged';
  }

  #isStale(agentId: string, epoch: number): boolean {
    return epoch < (this.#fleet.directory.activations.get(agentId)?.epoch ?? 0);
  }
}

function numberOf(entry: string): number {
  return Number(entry.split('-')[0]);
}
