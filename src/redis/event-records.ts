/**
 * Events as they stand in the stream and as they are published: the classic record with fields of our own behind it.
 *
 * Classic agents require `metadata` to be a map, so data that is none is wrapped as `{"value": data}` and marked. Foreign
 * records lack our fields, and may lack `type` and `timestamp` too; they are read as far as they go.
 */
import type { AppendOp, EventRecord } from '../broker/events.ts';
import { decodePayload } from '../core/envelope.ts';
import type { Argument } from './link.ts';
import { isoSeconds, parseTime } from '../core/classic-time.ts';

const idForm = /^\d+-\d+$/;

/** The arguments of one operation of append.lua. */
export function encodeEvent({ opId, topic, from, data, sentAt, again }: AppendOp): Argument[] {
  const isWrapped = !data.trimStart().startsWith('{');
  const metadata = isWrapped ? `{"value":${data}}` : data;
  const timestamp = isoSeconds(sentAt);
  const start = JSON.stringify({ agent: from, timestamp, message: topic });
  const end = JSON.stringify({ opId, sentAt, ...(isWrapped && { wrapped: true }), ...(again && { again }) });
  const json = `${start.slice(0, -1)},"metadata":${metadata},${end.slice(1, -1)}`;
  return [from, topic, metadata, timestamp, opId, sentAt, isWrapped ? 1 : 0, again ? 1 : 0, json];
}

/** An entry of the stream: ours or foreign. */
export function decodeEntry(id: string, flat: readonly string[]): EventRecord {
  const fields = new Map<string, string>();
  for (let i = 0; i + 1 < flat.length; i += 2) fields.set(flat[i] ?? '', flat[i + 1] ?? '');
  const topic = fields.get('message') ?? '';
  const from = fields.get('agent') ?? '';
  const metadata = fields.get('metadata') ?? '{}';
  const [opId, prev, sentAt] = [fields.get('opId'), fields.get('prev'), fields.get('sentAt')];
  if (opId === undefined || prev === undefined || sentAt === undefined) {
    const time = parseTime(fields.get('timestamp') ?? '') ?? Number(id.split('-')[0]);
    return { id, topic, from, data: foreignData(metadata), sentAt: time };
  }
  const data = fields.get('wrapped') === '1' ? metadata.slice('{"value":'.length, -1) : metadata;
  const again = fields.get('again') === '1' && ({ again: true } as const);
  return { id, prev, opId, topic, from, data, sentAt: Number(sentAt), ...again };
}

/** What was published; undefined when it is foreign or cannot be read. */
export function decodePublished(text: string): EventRecord | undefined {
  const fields = fieldsOf(text);
  const { metadata, wrapped } = fields;
  const data = wrapped === true ? (metadata as { value?: unknown }).value : metadata;
  return recordOf(fields, () => JSON.stringify(data));
}

const metadataMark = ',"metadata":';
const opIdMark = ',"opId":"';

/**
 * The same where only processes of the runtime publish: what it carries stays the text that it is (`encodeEvent`), so that it is read
 * once, by those who want it. A quote inside a JSON string is escaped, so neither mark can stand in what is before or behind it.
 */
export function decodeOwn(text: string): EventRecord | undefined {
  const [start, end] = [text.indexOf(metadataMark), text.lastIndexOf(opIdMark)];
  if (start < 0 || end < start) return undefined;
  const fields = fieldsOf(`${text.slice(0, start)}${text.slice(end)}`);
  const metadata = text.slice(start + metadataMark.length, end);
  return recordOf(fields, () => (fields.wrapped === true ? metadata.slice('{"value":'.length, -1) : metadata));
}

type Fields = { readonly [field in string]?: unknown };

/** None when it is no JSON. */
function fieldsOf(text: string): Fields {
  try {
    return (decodePayload(text) ?? {}) as Fields;
  } catch {
    return {};
  }
}

function recordOf(fields: Fields, data: () => string): EventRecord | undefined {
  const { id, prev, opId, agent, message, sentAt, again } = fields;
  if (typeof id !== 'string' || typeof prev !== 'string' || typeof opId !== 'string') return undefined;
  if (typeof agent !== 'string' || typeof message !== 'string' || typeof sentAt !== 'number') return undefined;
  if (!idForm.test(id) || (prev !== '0' && !idForm.test(prev))) return undefined;
  return { id, prev, opId, topic: message, from: agent, data: data(), sentAt, ...(again === true && { again }) };
}

/** PHP writes an empty map as `[]`; what is not JSON at all is handed on as text. */
function foreignData(metadata: string): string {
  if (metadata.trim() === '[]') return '{}';
  try {
    decodePayload(metadata);
    return metadata;
  } catch {
    return JSON.stringify(metadata.slice(0, 1_000));
  }
}
