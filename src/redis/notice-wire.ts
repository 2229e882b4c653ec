/**
 * Notices on the wire: fields of a record joined by \x1f, records of one PUBLISH by \x1e.
 *
 * Scripts join them without encoding JSON, which they may because JSON text never holds a raw control character. Free
 * text goes as JSON. What cannot be decoded is the sender's fault and must not harm the process that hears it.
 */
import type { Notice } from '../broker/notices.ts';
import { decodeOutcome, encodeOutcome } from './task-records.ts';

const unit = '\x1f';
const record = '\x1e';

export interface Addressed {
  readonly address: string;
  readonly notice: Notice;
}

export function encodeNotice(notice: Notice): string {
  return [notice.kind, ...fieldsOf(notice)].join(unit);
}

function fieldsOf(notice: Notice): readonly string[] {
  switch (notice.kind) {
    case 'settled':
      return [notice.taskId, encodeOutcome(notice.outcome)];
    case 'progress':
      return [notice.taskId, notice.body];
    case 'mail':
      return [notice.agentId, notice.entry, notice.envelope, ...(notice.before === undefined ? [] : [notice.before])];
    case 'ask':
      return [notice.envelope];
    case 'reply':
      return [notice.askId, notice.ok ? '1' : '0', notice.body];
    case 'part':
      return [notice.askId, String(notice.number), notice.state, notice.body];
    case 'credit':
      return [notice.askId, String(notice.received), String(notice.taken), notice.again ? '1' : '0'];
    case 'left':
      return [notice.askId];
    case 'parts':
      return [notice.taskId];
    case 'granted':
      return [notice.lock, notice.holder, String(notice.token)];
    case 'cancelled':
      return [notice.taskId, JSON.stringify(notice.message)];
    case 'released':
    case 'paused':
    case 'resumed':
    case 'limited':
      return [notice.queue];
    case 'gone':
    case 'data-lost':
      return [notice.node];
    case 'roster':
      return [notice.name];
    case 'freed':
      return [notice.agentId];
    case 'scheduled':
      return [notice.schedule];
    case 'down':
      return [notice.agentId, notice.node, String(notice.epoch), JSON.stringify(notice.reason)];
    case 'fleet':
      return [];
    case 'classic':
      return [JSON.stringify(notice)];
  }
}

/** The records of one PUBLISH. */
export function recordsOf(text: string): string[] {
  return text.split(record);
}

/** Throws when `text` is not a notice. */
export function decodeNotice(text: string): Notice {
  const [kind = '', ...fields] = text.split(unit);
  const [first, second, third] = fields;
  const has = (count: number): boolean => fields.length === count;
  if (kind === 'settled' && fields.length > 1)
    return { kind, taskId: first ?? '', outcome: decodeOutcome(fields.slice(1).join(unit)) };
  if (kind === 'progress' && has(2)) return { kind, taskId: first ?? '', body: second ?? '' };
  if (kind === 'mail' && (has(3) || has(4))) return decodeMail(fields);
  if (kind === 'ask' && has(1)) return { kind, envelope: first ?? '' };
  if (kind === 'reply' && has(3)) return { kind, askId: first ?? '', ok: second === '1', body: third ?? '' };
  if (kind === 'part' && has(4)) return decodePart(fields);
  if (kind === 'credit' && has(4))
    return { kind, askId: first ?? '', received: Number(second), taken: Number(third), again: fields[3] === '1' };
  if (kind === 'left' && has(1)) return { kind, askId: first ?? '' };
  if (kind === 'parts' && has(1)) return { kind, taskId: first ?? '' };
  if (kind === 'granted' && has(3)) return { kind, lock: first ?? '', holder: second ?? '', token: Number(third) };
  if (kind === 'cancelled' && has(2)) return { kind, taskId: first ?? '', message: String(JSON.parse(second ?? '')) };
  if ((kind === 'released' || kind === 'paused' || kind === 'resumed' || kind === 'limited') && has(1))
    return { kind, queue: first ?? '' };
  if (kind === 'roster' && has(1)) return { kind, name: first ?? '' };
  if (kind === 'freed' && has(1)) return { kind, agentId: first ?? '' };
  if (kind === 'scheduled' && has(1)) return { kind, schedule: first ?? '' };
  if (kind === 'fleet' && has(0)) return { kind };
  if (kind === 'down' && has(4)) return decodeDown(fields);
  if ((kind === 'gone' || kind === 'data-lost') && has(1)) return { kind, node: first ?? '' };
  if (kind === 'classic' && has(1)) return JSON.parse(first ?? '') as Notice;
  throw new TypeError(`expected a notice, got: ${JSON.stringify(text.slice(0, 80))}`);
}

function decodeMail([agentId = '', entry = '', envelope = '', before]: readonly string[]): Notice {
  return { kind: 'mail', agentId, entry, envelope, ...(before !== undefined && { before }) };
}

function decodeDown([agentId = '', node = '', epoch = '', reason = '']: readonly string[]): Notice {
  return { kind: 'down', agentId, node, epoch: Number(epoch), reason: String(JSON.parse(reason)) };
}

function decodePart([askId = '', number = '', state = '', body = '']: readonly string[]): Notice {
  if (state !== 'more' && state !== 'end' && state !== 'error')
    throw new TypeError(`expected the state of a part to be more, end or error, got: ${state.slice(0, 20)}`);
  return { kind: 'part', askId, number: Number(number), state, body };
}

/** One text for each address, in the order of the first notice to it. */
export function groupByAddress(
  notices: readonly Addressed[],
  encode: (notice: Notice) => string,
): readonly (readonly [address: string, text: string])[] {
  const groups = new Map<string, string[]>();
  for (const { address, notice } of notices) {
    const group = groups.get(address) ?? [];
    group.push(encode(notice));
    groups.set(address, group);
  }
  return [...groups].map(([address, texts]) => [address, texts.join(record)]);
}
