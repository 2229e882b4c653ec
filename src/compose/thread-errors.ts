/**
 * Errors on their way between a thread and its process: as plain data, since a structured clone forgets classes and fields.
 *
 * Those that the runtime tells apart arrive as what they were, so that a task ends in a thread as it would in place, and user code
 * may ask for them with `instanceof`. All others arrive as an Error with the same name, code, details and stack.
 */
import {
  AgentUnavailable,
  BrokerError,
  type BrokerCode,
  CancelledError,
  type DeliveryCode,
  DeliveryError,
  describeError,
  type ErrorRecord,
  HandlerError,
  type OwnershipCode,
  OwnershipError,
  RetryableError,
  RuntimeError,
  TerminalError,
} from '../core/errors.ts';

export interface WireError extends ErrorRecord {
  readonly kind: Kind | 'Error';
  readonly afterMs?: number;
  readonly cause?: WireError;
}

type Made = { readonly error: WireError; readonly options: { readonly details: RuntimeError['details'] } };

/** Subclasses before their bases. */
const kinds = {
  AgentUnavailable: [
    AgentUnavailable,
    ({ options }: Made) => new AgentUnavailable(String(options.details['agentId']), ''),
  ],
  DeliveryError: [DeliveryError, (made: Made) => new DeliveryError(codeOf<DeliveryCode>(made), '', made.options)],
  BrokerError: [BrokerError, (made: Made) => new BrokerError(codeOf<BrokerCode>(made), '', made.options)],
  OwnershipError: [
    OwnershipError,
    (made: Made) => new OwnershipError(codeOf<OwnershipCode>(made), '', made.options.details),
  ],
  CancelledError: [CancelledError, (made: Made) => new CancelledError(codeOf<CancelCode>(made), '')],
  HandlerError: [HandlerError, ({ options }: Made) => new HandlerError('', options)],
  TerminalError: [TerminalError, ({ options }: Made) => new TerminalError('', options)],
  RetryableError: [
    RetryableError,
    ({ error: { afterMs }, options }: Made) =>
      new RetryableError('', afterMs === undefined ? options : { ...options, afterMs }),
  ],
  RuntimeError: [RuntimeError, ({ error, options }: Made) => new RuntimeError(error.code, '', options)],
} as const;
type Kind = keyof typeof kinds;
type CancelCode = ConstructorParameters<typeof CancelledError>[0];

/** Causes of causes that are told. */
const deepest = 4;

export function toWire(error: unknown, depth = deepest): WireError {
  const kind = (Object.keys(kinds) as Kind[]).find((one) => error instanceof kinds[one][0]) ?? 'Error';
  const cause: unknown = error instanceof Error ? error.cause : undefined;
  return {
    kind,
    ...describeError(error),
    ...(error instanceof RetryableError && error.afterMs !== undefined && { afterMs: error.afterMs }),
    ...(cause !== undefined && depth > 0 && { cause: toWire(cause, depth - 1) }),
  };
}

export function fromWire(error: WireError): Error {
  const { kind, name, code, message, details, stack, cause } = error;
  const made =
    kind === 'Error'
      ? Object.assign(new Error(), { code }, details && { details })
      : kinds[kind][1]({ error, options: { details: details ?? {} } });
  const hidden = { enumerable: false, writable: true, configurable: true };
  for (const [key, value] of Object.entries({ name, message, stack, cause: cause && fromWire(cause) }))
    if (value !== undefined) Object.defineProperty(made, key, { ...hidden, value });
  return made;
}

function codeOf<Code extends string>({ error }: Made): Code {
  return error.code as Code;
}
