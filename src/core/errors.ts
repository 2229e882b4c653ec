/**
 * The errors of the project. The class answers three questions: whose fault is it, is it retried, does it count as an
 * attempt. `code` is stable and meant for programs; messages follow `expected <what> to be <rule>, got: <value>`.
 *
 * No message, detail or stack ever carries a password: everything that leaves the process goes through `describeError`.
 */
import { nodeOf } from './node-address.ts';

export type Details = Readonly<Record<string, unknown>>;

/** Base of everything the runtime throws. */
export class RuntimeError extends Error {
  readonly code: string;
  readonly details: Details;
  constructor(code: string, message: string, options: { cause?: unknown; details?: Details } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = new.target.name;
    this.code = code;
    this.details = options.details ?? {};
  }
}

/** The configuration is wrong; thrown before anything starts, listing every problem at once. Exit code 78. */
export class ConfigError extends RuntimeError {
  readonly problems: readonly string[];
  constructor(problems: readonly string[]) {
    super(
      'config',
      problems.length === 1 ? String(problems[0]) : `${problems.length} problems:\n- ${problems.join('\n- ')}`,
    );
    this.problems = problems;
  }
}

/** An agent class is wrong: a duplicate handler, a bad signature, legacy decorators. */
export class DefinitionError extends RuntimeError {
  constructor(message: string, details: Details = {}) {
    super('definition', message, { details });
  }
}

export type BrokerCode =
  | 'unreachable'
  | 'unknown-outcome'
  | 'overloaded'
  | 'full'
  | 'out-of-order'
  | 'stale-frame'
  | 'forgotten'
  | 'refused'
  | 'closed';

/**
 * Infrastructure failed. The runtime retries it; it is not charged to the task. `unknown-outcome`: the reply was lost. `full`: the
 * broker has no memory left for what is new.
 */
export class BrokerError extends RuntimeError {
  declare readonly code: BrokerCode;
  constructor(code: BrokerCode, message: string, options: { cause?: unknown; details?: Details } = {}) {
    super(code, message, options);
  }
  /** True when repeating the same frame may succeed. */
  get repeatable(): boolean {
    return (
      this.code === 'unreachable' ||
      this.code === 'unknown-outcome' ||
      this.code === 'overloaded' ||
      this.code === 'full' ||
      this.code === 'out-of-order'
    );
  }
}

export type DeliveryCode =
  | 'no-handler'
  | 'malformed'
  | 'invalid-payload'
  | 'payload-too-large'
  | 'mailbox-full'
  | 'inbox-full'
  | 'queue-full'
  | 'unknown-task'
  | 'agent-unavailable'
  | 'reply-timeout'
  | 'ask-cycle'
  | 'deadline'
  | 'poison'
  | 'refused'
  | 'id-taken'
  | 'no-node'
  | 'roster-full';

/** What was sent could not be delivered, or the reply did not come. The sender's affair. */
export class DeliveryError extends RuntimeError {
  declare readonly code: DeliveryCode;
  constructor(code: DeliveryCode, message: string, options: { cause?: unknown; details?: Details } = {}) {
    super(code, message, options);
  }
}

/** What is known of an ask that failed. */
export interface Unreached {
  /** `no`: no handler has begun, so that asking again repeats nothing. */
  readonly reached: 'no' | 'maybe';
  /** The agent is on its way to another node, or coming up here. */
  readonly moving?: true;
}

/**
 * An ask's target has no owner, or its owner went away before it answered; likewise of a node that was asked itself. `details.reached`
 * says whether its handler may have begun.
 */
export class AgentUnavailable extends DeliveryError {
  constructor(agentId: string, why: string, known: Unreached = { reached: 'maybe' }) {
    const node = nodeOf(agentId);
    const rule = node === undefined ? `agent "${agentId}" to be live` : `node "${node}" to be present`;
    super('agent-unavailable', `expected ${rule}, got: ${why}`, { details: { agentId, ...known } });
  }
}

export type OwnershipCode = 'lease-lost' | 'lock-lost' | 'activation-lost' | 'presence-lost' | 'bridge-lost';

/** A lease, lock or activation, or the part of the bridge, is gone: stop working, never acknowledge. */
export class OwnershipError extends RuntimeError {
  declare readonly code: OwnershipCode;
  constructor(code: OwnershipCode, message: string, details: Details = {}) {
    super(code, message, { details });
  }
}

/** User code threw. Wraps what it threw, with agent, handler and attempt in `details`. */
export class HandlerError extends RuntimeError {
  constructor(message: string, options: { cause?: unknown; details?: Details } = {}) {
    super('handler', message, options);
  }
}

/** Thrown BY users: this task must never be tried again. */
export class TerminalError extends RuntimeError {
  constructor(message: string, options: { cause?: unknown; details?: Details } = {}) {
    super('terminal', message, options);
  }
}

/** Thrown BY users: try again after `afterMs` milliseconds, whatever the backoff says. */
export class RetryableError extends RuntimeError {
  readonly afterMs: number | undefined;
  constructor(message: string, options: { afterMs?: number; cause?: unknown; details?: Details } = {}) {
    super('retryable', message, options);
    this.afterMs = options.afterMs;
  }
}

/**
 * The node is draining or the handler's work was withdrawn; not the handler's fault and never charged. `cancelled`: somebody
 * cancelled the task, and it will not be tried again. `given-up`: the call that uses a verb was ended by the runtime, its handler
 * goes on all the same.
 */
export class CancelledError extends RuntimeError {
  constructor(code: 'drain' | 'timeout' | 'stopped' | 'cancelled' | 'given-up', message: string) {
    super(code, message);
  }
}

/** Our bug: the node stops and keeps the trace. */
export class InvariantError extends RuntimeError {
  constructor(message: string, details: Details = {}) {
    super('invariant', `invariant broken: ${message}`, { details });
  }
}

/** An error as it is stored and sent: plain data, secrets removed, bounded in size. */
export interface ErrorRecord {
  readonly name: string;
  readonly code: string;
  readonly message: string;
  /** What the error carries for programs: at most 4,000 characters of JSON, left out when it is more or no JSON. */
  readonly details?: Details;
  readonly stack?: string;
  /** A handler let it through: it is not the word of the runtime, whatever its class. */
  readonly byHandler?: true;
}

const longestMessage = 2_000;
const longestStack = 4_000;
const longestDetails = 4_000;

/**
 * Removes the user part of every URL in `text`; of a Redis URL up to its last `@`, since passwords are often pasted into it as
 * they are, slashes included. Linear in the text, whoever wrote that.
 */
export function redact(text: string): string {
  return text
    .replace(/[^\s"]+/g, (word) => {
      const [start, end] = [word.search(/rediss?(?:\+[a-z]+)?:\/\//i), word.lastIndexOf('@')];
      return start >= 0 && end > start ? `${word.slice(0, word.indexOf('://', start))}://***${word.slice(end)}` : word;
    })
    .replace(/:\/\/[^\s/"]*@/g, '://***@')
    .replace(/([?&]sentinel(?:Username|Password)=)[^\s"&]*/g, '$1***');
}

/** Turns whatever was thrown into a record that may be logged, stored and sent. */
export function describeError(error: unknown): ErrorRecord {
  if (error instanceof HandlerError && error.details['byHandler'] === true)
    return { ...describeError(error.cause), byHandler: true };
  if (!(error instanceof Error))
    return { name: 'Error', code: 'thrown', message: redact(String(error)).slice(0, longestMessage) };
  const { code, details } = error as { code?: unknown; details?: unknown };
  const readable = readableDetails(details);
  return {
    name: nameOf(error),
    code: typeof code === 'string' ? code : 'error',
    message: redact(error.message).slice(0, longestMessage),
    ...(readable && { details: readable }),
    ...(error.stack !== undefined && { stack: redact(error.stack).slice(0, longestStack) }),
  };
}

/** Of a class that says no name of its own, the name of the class. */
function nameOf(error: Error): string {
  const { name } = error.constructor;
  return error.name === 'Error' && name !== '' ? name : error.name;
}

function readableDetails(details: unknown): Details | undefined {
  if (typeof details !== 'object' || details === null || Array.isArray(details)) return undefined;
  try {
    const text = redact(JSON.stringify(details) ?? '');
    return text === '{}' || text === '' || text.length > longestDetails ? undefined : (JSON.parse(text) as Details);
  } catch {
    return undefined; // no JSON: the message has to do
  }
}

/** The error a record stands for, on the side that receives it. */
export function restoreError(record: ErrorRecord): RuntimeError {
  const error = new RuntimeError(record.code, record.message, record.details && { details: record.details });
  error.name = record.name;
  if (record.stack !== undefined) error.stack = record.stack;
  return error;
}

/** The reason of an aborted signal as an Error. */
export function abortReason(signal: { readonly reason: unknown } | undefined): Error {
  const reason = signal?.reason;
  return reason instanceof Error ? reason : new CancelledError('stopped', 'the work was aborted');
}
