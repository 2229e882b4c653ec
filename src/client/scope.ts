/**
 * In whose name verbs are called, and in the course of what.
 *
 * An agent's verbs know the handler call they are used in: its trace, deadline and signal travel into whatever it starts. An
 * outside client has no such call.
 */
import type { ContextSlot } from '../core/context-slot.ts';
import type { Trace } from '../core/envelope.ts';
import { CancelledError } from '../core/errors.ts';

/** The handler call in which a verb is used. */
export interface CallScope {
  readonly trace: Trace;
  /** Server time in milliseconds. */
  readonly deadline?: number;
  readonly signal: AbortSignal;
  /** Why the runtime has given the call up while its handler still runs; undefined as long as it has not. */
  readonly givenUp?: () => Error | undefined;
}

/** The call in which a verb of an agent is used. Throws `CancelledError('given-up')` when the runtime has given that call up. */
export function scopeOf(scopes: ContextSlot<CallScope>): CallScope | undefined {
  const scope = scopes.get();
  const reason = scope?.givenUp?.();
  if (reason === undefined) return scope;
  throw new CancelledError(
    'given-up',
    `expected the handler to have ended before it uses this, got: it was given up, because ${reason.message}`,
  );
}

export interface Identity {
  /** Agent id, or the client's name. */
  readonly name: string;
  /** True for agents: their asks are part of the chain that finds cycles. */
  readonly isAgent: boolean;
  /** Every verb that has an effect asks for it: throws when the call was given up. */
  scope(): CallScope | undefined;
}

/**
 * The trace of something new that is started by `identity`: of the call that it is part of, or of a story of its own. Only who waits for it (`ask`, `run`) hands on the chain of asks:
 * what is merely left behind makes nobody wait.
 */
export function nextTrace(identity: Identity, opId: string, waits: boolean): Trace {
  const outer = identity.scope()?.trace;
  if (outer === undefined) return { id: opId, asks: [] };
  return waits ? outer : { id: outer.id, asks: [] };
}

/** The earlier of the caller's own deadline and the one of the call it is part of. */
export function nextDeadline(identity: Identity, own: number | undefined): { deadline: number } | undefined {
  const outer = identity.scope()?.deadline;
  const deadline = own === undefined ? outer : outer === undefined ? own : Math.min(own, outer);
  return deadline === undefined ? undefined : { deadline };
}

/** What verbs need to know of the configuration. */
export interface Settings {
  readonly askDeadlineMs: number;
  readonly lockLeaseMs: number;
  /** Entries an inbox takes. */
  readonly inboxLimit: number;
  /** Tasks a queue takes. */
  readonly maxWaiting: number;
  /** How long the outcome of a task is readable when nobody says otherwise. */
  readonly resultTtlMs: number;
}
