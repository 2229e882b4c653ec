/**
 * The mail port on Redis: a stream for each inbox, and beside the inboxes of a shard the directory of their owners.
 *
 * Invariants M1 to M13 stand in broker/mail.ts. For M5 an entry carries the epoch it was handed to when it was stored, and
 * the directory how far each epoch has read.
 */
import type { Frame } from '../broker/frame.ts';
import type {
  AcknowledgeOp,
  AcknowledgeReply,
  AskOp,
  AskReply,
  DeadMessage,
  DeadMessages,
  InboxEntry,
  MailPort,
  NewMessage,
  ReadInboxRequest,
  SendOp,
  SendReply,
} from '../broker/mail.ts';
import { activationLost } from '../broker/mail.ts';
import { decodeEnvelope, type Envelope } from '../core/envelope.ts';
import type { ErrorRecord } from '../core/errors.ts';
import { integer, type Random } from '../core/random.ts';
import { isoSeconds } from '../core/classic-time.ts';
import { classicMessages } from './keys.ts';
import type { Argument } from './link.ts';
import type { MailShards } from './mail-shards.ts';
import type { Owners } from './owners.ts';
import type { ServerRuns } from './server-runs.ts';
import type { Store } from './store.ts';
import { entryOf } from './task-records.ts';

export interface MailDeps {
  readonly store: Store;
  readonly shards: MailShards;
  readonly owners: Owners;
  readonly runs: ServerRuns;
  readonly random: Random;
  readonly classic: boolean;
  /** Masters hand notices on to each other, and may lose some (M13). */
  readonly spread: boolean;
}

const seedBelow = 2 ** 20;

export class RedisMail implements MailPort {
  readonly #store: Store;
  readonly #shards: MailShards;
  readonly #owners: Owners;
  readonly #random: Random;
  readonly #classic: boolean;
  readonly #runs: ServerRuns;
  readonly #spread: boolean;

  constructor(deps: MailDeps) {
    this.#store = deps.store;
    this.#shards = deps.shards;
    this.#owners = deps.owners;
    this.#random = deps.random;
    this.#classic = deps.classic;
    this.#runs = deps.runs;
    this.#spread = deps.spread;
  }

  tagOf(agentId: string): string {
    return this.#shards.of(agentId);
  }

  async send(frame: Frame<SendOp>): Promise<readonly SendReply[]> {
    const { keys } = this.#store;
    const { meta, directory, nonEmpty, deadDropped, inbox, key, dead } = keys.mail(frame.tag);
    const agentIds = frame.ops.map(({ to }) => to);
    const whole = [meta, directory, nonEmpty, deadDropped];
    const seed = integer(this.#random, seedBelow, 'mint');
    const args: Argument[] = [seed, keys.processChannels, this.#spread ? 1 : 0, agentIds.length, ...agentIds];
    for (const op of frame.ops) {
      whole.push(inbox(op.to));
      if ('letter' in op) whole.push(dead(op.to));
      else if (op.key !== undefined) whole.push(key(op.to, op.key.name));
      args.push(...this.#sendArguments(op));
    }
    const call = { keys: whole, args };
    const replies = await this.#store.carry('send', frame.tag, frame, call, (carried) =>
      this.#owners.expecting(frame.tag, agentIds, carried, (complete) => this.#store.runDurably('send', complete)),
    );
    return replies.map(decodeSendReply);
  }

  async ask(frame: Frame<AskOp>): Promise<readonly AskReply[]> {
    const { keys } = this.#store;
    const agentIds = frame.ops.map(({ to }) => to);
    const call = {
      keys: [keys.mail(frame.tag).directory],
      args: [keys.processChannels, agentIds.length, ...agentIds, ...frame.ops.map(({ envelope }) => envelope)],
    };
    const replies = await this.#store.carry('ask', frame.tag, frame, call, (whole) =>
      this.#owners.expecting(frame.tag, agentIds, whole, (complete) => this.#store.run('ask', complete)),
    );
    return replies.map((reply) =>
      reply.startsWith('+') ? { kind: 'sent', owner: reply.slice(1) } : { kind: 'no-owner' },
    );
  }

  async read({ agentId, epoch, after, count }: ReadInboxRequest): Promise<readonly InboxEntry[]> {
    const { directory, inbox } = this.#store.keys.mail(this.tagOf(agentId));
    const start = after === '' ? '-' : `(${entryOf(after)}`;
    const call = { keys: [directory, inbox(agentId)], args: [agentId, epoch, start, count] };
    const rows = await this.#store.run('read-inbox', call);
    if (rows === 'STALE') throw activationLost(agentId, epoch);
    return (rows as [string, string, string, number][]).map(([entry, opId, envelope, again]) => {
      return { entry, opId, envelope, redelivered: again === 1 || this.#runs.isBefore(entry) };
    });
  }

  async acknowledge(frame: Frame<AcknowledgeOp>): Promise<readonly AcknowledgeReply[]> {
    const { meta, directory, nonEmpty, deadDropped, inbox, dead } = this.#store.keys.mail(frame.tag);
    const keys = [meta, directory, nonEmpty, deadDropped];
    const agentIds = frame.ops.map(({ agentId }) => agentId);
    const args: Argument[] = [integer(this.#random, seedBelow, 'mint'), agentIds.length, ...agentIds];
    for (const op of frame.ops) {
      if ('letter' in op) {
        keys.push(dead(op.agentId));
        args.push(`- ${entryOf(op.letter)} 0 `);
        continue;
      }
      const { agentId, epoch, entry, opId, dead: death } = op;
      keys.push(inbox(agentId));
      args.push(`${epoch} ${entryOf(entry)} ${death?.limit ?? 0} ${opId}`);
      if (death === undefined) continue;
      keys.push(dead(agentId));
      args.push(death.reason, JSON.stringify(death.error));
    }
    const call = { keys, args };
    return (await this.#store.carry('acknowledge', frame.tag, frame, call)) as AcknowledgeReply[];
  }

  async waiting(node: string): Promise<readonly string[]> {
    const { keys } = this.#store;
    // A node that is not present owns nothing, whatever the directory still says of it.
    const isPresent = this.#store.call('exists', keys.lease(node));
    const range = [`[${node}\x1f`, `(${node}\x20`];
    const found = this.#shards.all.map((shard) => this.#store.call('zrangebylex', keys.mail(shard).nonEmpty, ...range));
    const [present, ...members] = (await Promise.all([isPresent, ...found])) as [number, ...string[][]];
    return present === 1 ? members.flat().map((member) => member.slice(node.length + 1)) : [];
  }

  async deadLetters(agentId: string, page: { count: number; before?: string }): Promise<DeadMessages> {
    const { dead, deadDropped } = this.#store.keys.mail(this.tagOf(agentId));
    const newest = page.before === undefined ? '+' : `(${entryOf(page.before)}`;
    const [rows, total, dropped] = await Promise.all([
      this.#store.call('xrevrange', dead(agentId), newest, '-', 'COUNT', page.count),
      this.#store.call('xlen', dead(agentId)),
      this.#store.call('hget', deadDropped, agentId),
    ]);
    const letters = (rows as [string, string[]][]).map(decodeLetter);
    return { letters, total: total as number, dropped: Number(dropped ?? 0) };
  }

  /** As send.lua takes them. */
  #sendArguments(op: SendOp): readonly Argument[] {
    if ('letter' in op) return [`${op.limit} 0 ${entryOf(op.letter)} 0 `, ''];
    const keyMs = op.key === undefined ? 0 : Math.max(1, Math.ceil(op.key.ttlMs));
    const head = `${op.limit} ${keyMs}  ${this.#classic ? 1 : 0} ${op.opId}`;
    return this.#classic ? [head, op.envelope, ...classicCopy(op)] : [head, op.envelope];
  }
}

/** Channel and text of the copy for classic agents. */
function classicCopy({ to, envelope }: NewMessage): readonly [channel: string, text: string] {
  const message = decodeEnvelope(envelope);
  return [classicMessages.channel(message.from, to), classicText(message)];
}

function decodeSendReply(reply: string): SendReply {
  const rest = reply.slice(1);
  if (reply.startsWith('+')) return { kind: 'stored', entry: rest };
  if (reply.startsWith('=')) return { kind: 'known', opId: rest };
  if (reply === '>') return { kind: 'published' };
  return reply === '?' ? { kind: 'no-letter' } : { kind: 'inbox-full', entries: Number(rest) };
}

/** Fields in the order in which letters.lua writes them. */
function decodeLetter([letter, fields]: [string, string[]]): DeadMessage {
  const [, opId = '', , envelope = '', , reason = '', , error = ''] = fields;
  return { letter, opId, envelope, reason, error: readError(error), diedAt: Number.parseInt(letter, 10) };
}

/** What somebody else wrote must not hide the other letters. */
function readError(text: string): ErrorRecord {
  try {
    return JSON.parse(text) as ErrorRecord;
  } catch {
    return { name: 'Error', code: 'malformed', message: text.slice(0, 80) };
  }
}

/** Classic readers expect a map or a list. */
function classicText({ to, opId, from, name, data, sentAt }: Envelope): string {
  const given = data ?? {};
  const metadata = typeof given === 'object' ? given : { value: given };
  return JSON.stringify({ from, to, message: name, metadata, timestamp: isoSeconds(sentAt), opId });
}
