/**
 * One message in the hands of its handler: stored in the inbox, or volatile. N1 to N3 are the postman's, who brings it.
 *
 * N4  A stored message is acknowledged when its handler has ended, also when it threw: the failure is reported, and a message that
 *     always throws must not hold up those behind it. It is not acknowledged when it failed because the agent was told to stop; it is
 *     when the agent failed in the course of it (culprits.ts, U18).
 * N5  The next message does not wait for the answer to an acknowledgement, so that those of one tick travel together. A cell has a
 *     bounded number of them on the way, and has not ended before they have.
 * N6  A message that no handler takes (none of that name, data that does not fit, an envelope that cannot be read) is acknowledged as
 *     a dead letter. What a handler threw is no reason: it has taken the message.
 */
import type { EndOfMessage, InboxEntry } from '../broker/mail.ts';
import type { Answer } from '../client/frame-line.ts';
import { decodeEnvelope } from '../core/envelope.ts';
import { DeliveryError, describeError } from '../core/errors.ts';
import { limits } from '../core/limits.ts';
import type { Cell } from './cell.ts';
import { AgentFailed } from './handler-call.ts';
import { type ExecutionDeps, reportFailure } from './handling.ts';
import { handle, handlerOf } from './mail-execution.ts';
import type { Work } from './work.ts';

type Death = NonNullable<EndOfMessage['dead']>;

/** Undefined when the next one may begin already, else a promise that resolves then. Never throws or rejects. */
export function executeMessage(
  deps: ExecutionDeps,
  cell: Cell,
  work: Work & { kind: 'message' },
): Promise<void> | undefined {
  const { entry } = work;
  let handled: unknown;
  try {
    const { envelope = decodeEnvelope(entry.envelope) } = work;
    const redelivered = entry.redelivered || envelope.again === true;
    handled = handle(deps, cell, envelope, handlerOf(cell, envelope), { isAsk: false, redelivered });
  } catch (error) {
    return failMessage(deps, cell, work, error);
  }
  if (!(handled instanceof Promise)) return acknowledge(deps, cell, entry);
  return handled.then(
    () => acknowledge(deps, cell, entry),
    (error: unknown) => failMessage(deps, cell, work, error),
  );
}

function failMessage(
  deps: ExecutionDeps,
  cell: Cell,
  { entry, forget }: Work & { kind: 'message' },
  error: unknown,
): Promise<void> | undefined {
  if (cell.life.aborted && !(error instanceof AgentFailed)) return undefined;
  const dead = deathOf(error);
  if (dead !== undefined) forget(); // should it be put back, it is new
  reportFailure(deps, cell, nameOf(entry.envelope), error, dead !== undefined);
  return acknowledge(deps, cell, entry, dead);
}

function nameOf(text: string): string {
  try {
    return decodeEnvelope(text).name;
  } catch {
    return '?'; // that it cannot be read is what is reported
  }
}

export async function executeVolatile(
  deps: ExecutionDeps,
  cell: Cell,
  { envelope }: Work & { kind: 'volatile' },
): Promise<void> {
  try {
    await handle(deps, cell, envelope, handlerOf(cell, envelope), { isAsk: false, redelivered: false });
  } catch (error) {
    if (!cell.life.aborted || error instanceof AgentFailed) reportFailure(deps, cell, envelope.name, error);
  }
}

/** N5. Undefined when the next one may begin at once, else a promise that resolves then; never rejects. */
export function acknowledge(
  deps: ExecutionDeps,
  cell: Cell,
  { entry, opId }: Pick<InboxEntry, 'entry' | 'opId'>,
  dead?: Death,
): Promise<void> | undefined {
  const op = { agentId: cell.id, epoch: cell.epoch, entry, opId, ...(dead && { dead }) };
  const { member } = deps;
  const tag = member.deps.broker.mail.tagOf(cell.id);
  const answer = new Acknowledged(deps, cell);
  cell.beginTrail();
  member.lanes.acknowledge.post(tag, op, answer);
  return cell.trailing < limits.acknowledgements ? undefined : answer.given();
}

class Acknowledged implements Answer<unknown> {
  readonly #deps: ExecutionDeps;
  readonly #cell: Cell;
  #onGiven: (() => void) | undefined;
  #isGiven = false;

  constructor(deps: ExecutionDeps, cell: Cell) {
    this.#deps = deps;
    this.#cell = cell;
  }

  /** Undefined when it is already. */
  given(): Promise<void> | undefined {
    return this.#isGiven ? undefined : new Promise((resolve) => (this.#onGiven = resolve));
  }

  resolve(): void {
    this.#isGiven = true;
    this.#cell.endTrail();
    this.#onGiven?.();
  }

  /** Its next owner gets it again. */
  reject(error: unknown): void {
    reportFailure(this.#deps, this.#cell, 'an acknowledgement', error);
    this.resolve();
  }
}

const untaken: ReadonlySet<string> = new Set(['no-handler', 'invalid-payload', 'malformed']);

/** N6 */
function deathOf(error: unknown): Death | undefined {
  if (!(error instanceof DeliveryError) || !untaken.has(error.code)) return undefined;
  return { reason: error.code, error: describeError(error), limit: limits.deadLetters };
}
