/**
 * The envelope: the immutable record that crosses processes. Brokers carry it as JSON text and read nothing inside it;
 * what they need to act on (priority, due time, limits) stands beside it in the operation.
 *
 * The wire carries the schema's input form of `data`: the sender validates, only the receiver transforms.
 */
import { DeliveryError } from './errors.ts';
import { limits } from './limits.ts';

export type EnvelopeKind = 'task' | 'message' | 'ask';

/** What one piece of work came from: an id for the whole story, and the agents whose asks are waiting in it. */
export interface Trace {
  readonly id: string;
  /** Ids of the agents in the chain of asks that led here, oldest first. A target that is in it would wait for itself. */
  readonly asks: readonly string[];
}

export interface Envelope {
  readonly v: 1;
  /** Names this operation for ever: the same id is never applied twice. */
  readonly opId: string;
  readonly kind: EnvelopeKind;
  /** Agent id, or the client's name. */
  readonly from: string;
  /** Address of the sending process, where notices about this envelope go. */
  readonly via: string;
  /** A role, or an agent id. */
  readonly to: string;
  /** Name of the task or message. */
  readonly name: string;
  readonly data: unknown;
  /** Milliseconds since 1970 on the sender's estimate of the server's clock. */
  readonly sentAt: number;
  /** Milliseconds since 1970, server time, after which nobody waits any more. */
  readonly deadline?: number;
  readonly trace: Trace;
  /** Of a child: id of the task whose handler fanned it out. It does not run once that task has ended. */
  readonly parent?: string;
  /** Of an ask: the answer is wanted in parts. */
  readonly stream?: true;
  /** Of a task or a message that the broker had lost and that was sent again: it may have been handled before. */
  readonly again?: true;
  /** Of a task of a classic agent: the id by which that knows it. */
  readonly classic?: string;
  /** How a task is to be tried; absent on mail. */
  readonly policy?: TaskPolicy;
}

/** What travels with a task so that any node, also one with other code, treats it as its sender asked. */
export interface TaskPolicy {
  /** Tries after the first one that failed; absent: what the handler says. */
  readonly retries?: number;
  /** Absent: what the handler or the fleet of the node that runs it says. */
  readonly resultTtlMs?: number;
}

/**
 * Envelope to wire. What most of them would only repeat is left out: the trace of a story that begins here, and the address of a sender that
 * is called by it. Throws `DeliveryError` when the payload is too large, too deep or not JSON.
 */
export function encodeEnvelope(envelope: Envelope): string {
  const { kind, name, opId, from, via, trace } = envelope;
  const isFirst = trace.id === opId && trace.asks.length === 0;
  const record = { ...envelope, via: via === from ? undefined : via, trace: isFirst ? undefined : trace };
  return encodePayload(record, `${kind} "${name}"`);
}

/** Any payload to JSON text within the limits: what the receiver would refuse is refused here. `what` names it in the error. */
export function encodePayload(value: unknown, what: string): string {
  let text: string | undefined;
  try {
    text = JSON.stringify(value);
  } catch (cause) {
    throw new DeliveryError('invalid-payload', `expected the payload of ${what} to be JSON, got: ${String(cause)}`, {
      cause,
    });
  }
  if (text === undefined)
    throw new DeliveryError('invalid-payload', `expected the payload of ${what} to be JSON, got: ${typeof value}`);
  const bytes = Buffer.byteLength(text);
  if (bytes > limits.payloadBytes) {
    throw new DeliveryError(
      'payload-too-large',
      `expected the payload of ${what} to be at most ${limits.payloadBytes} bytes, got: ${bytes}\nStore large data elsewhere and send a reference.`,
    );
  }
  const depth = depthPast(limits.payloadDepth, text);
  if (depth > limits.payloadDepth) {
    const rule = `nested at most ${limits.payloadDepth} deep`;
    throw new DeliveryError('invalid-payload', `expected the payload of ${what} to be ${rule}, got: ${depth} deep`);
  }
  if (text.includes(`"${forbiddenKey}":`))
    throw new DeliveryError(
      'invalid-payload',
      `expected the payload of ${what} to have no key "${forbiddenKey}", got: one`,
    );
  return text;
}

/** Whoever copies an object that has it as a key of its own changes what the copy inherits. */
const forbiddenKey = '__proto__';
/** It, or an escape: one of its letters may be written as such. */
function mayHoldForbiddenKey(text: string): boolean {
  return text.includes(forbiddenKey) || text.includes('\\u00');
}

/** Wire to envelope. Throws `DeliveryError('malformed')`; never returns half an envelope. */
export function decodeEnvelope(text: string): Envelope {
  const value = decodePayload(text);
  const whole = typeof value === 'object' && value !== null ? withDefaults(value) : value;
  if (!isEnvelope(whole)) throw malformed('an envelope', text);
  return whole;
}

/** What `encodeEnvelope` leaves out. */
function withDefaults(record: { via?: unknown; from?: unknown; trace?: unknown; opId?: unknown }): unknown {
  if (record.via === undefined) record.via = record.from;
  if (record.trace === undefined) record.trace = { id: record.opId, asks: [] };
  return record;
}

/** JSON text from outside to a value: depth and size are checked before it is parsed; no object in it has a key `__proto__`. */
export function decodePayload(text: string): unknown {
  if (text.length > 2 * limits.payloadBytes) throw malformed(`at most ${2 * limits.payloadBytes} characters`, text);
  if (depthPast(limits.payloadDepth, text) > limits.payloadDepth)
    throw malformed(`nested at most ${limits.payloadDepth} deep`, text);
  try {
    return JSON.parse(text, mayHoldForbiddenKey(text) ? refuseForbiddenKey : undefined) as unknown;
  } catch (error) {
    throw error instanceof DeliveryError ? error : malformed('JSON', text);
  }
}

function refuseForbiddenKey(key: string, value: unknown): unknown {
  if (key === forbiddenKey) throw malformed(`without a key "${forbiddenKey}"`, `{"${forbiddenKey}": ...}`);
  return value;
}

function malformed(rule: string, text: string): DeliveryError {
  return new DeliveryError('malformed', `expected the record to be ${rule}, got: ${text.slice(0, 80)}`);
}

/** As `jsonDepth` where that may be more than `most`; most texts have fewer brackets, which are counted sooner. */
function depthPast(most: number, text: string): number {
  let opened = 0;
  for (const bracket of ['{', '[']) {
    for (let at = text.indexOf(bracket); at >= 0; at = text.indexOf(bracket, at + 1))
      if (++opened > most) return jsonDepth(text);
  }
  return opened;
}

/** Deepest nesting of objects and arrays, by one linear scan that cannot overflow the stack. */
function jsonDepth(text: string): number {
  let depth = 0;
  let deepest = 0;
  let inString = false;
  for (let i = 0; i < text.length; i++) {
    const char = text.charCodeAt(i);
    if (inString) {
      if (char === 92) i++;
      else if (char === 34) inString = false;
    } else if (char === 34) inString = true;
    else if (char === 123 || char === 91) deepest = Math.max(deepest, ++depth);
    else if (char === 125 || char === 93) depth--;
  }
  return deepest;
}

const textFields = ['opId', 'kind', 'from', 'via', 'to', 'name'];

function isEnvelope(value: unknown): value is Envelope {
  if (typeof value !== 'object' || value === null) return false;
  const it = value as Record<string, unknown>;
  const trace = it['trace'] as { id?: unknown; asks?: unknown } | undefined | null;
  return (
    it['v'] === 1 &&
    textFields.every((field) => typeof it[field] === 'string') &&
    typeof it['sentAt'] === 'number' &&
    (it['deadline'] === undefined || typeof it['deadline'] === 'number') &&
    (it['parent'] === undefined || typeof it['parent'] === 'string') &&
    (it['classic'] === undefined || typeof it['classic'] === 'string') &&
    isPolicy(it['policy']) &&
    typeof trace?.id === 'string' &&
    Array.isArray(trace.asks)
  );
}

function isPolicy(value: unknown): boolean {
  if (value === undefined) return true;
  if (typeof value !== 'object' || value === null) return false;
  const { retries = 0, resultTtlMs = 0 } = value as Record<string, unknown>;
  return typeof retries === 'number' && typeof resultTtlMs === 'number';
}
