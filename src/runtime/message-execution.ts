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
import { decodeEnvelope } from '../core/envelope.ts';
import { DeliveryError, describeError } from '../core/errors.ts';
import { limits } from '../core/limits.ts';
import type { Cell } from './cell.ts';
import { AgentFailed } from './handler-call.ts';
import { type ExecutionDeps, reportFailure } from './handling.ts';
import { handle } from './mail-execution.ts';
import type { Work } from './work.ts';

type Death = NonNullable<EndOfMessage['dead']>;

export async function executeMessage(deps: ExecutionDeps, cell: Cell, work: Work & { kind: 'message' }): Promise<void> {
  const { entry, forget } = work;
  let name = '?';
  let dead: Death | undefined;
  try {
    const envelope = decodeEnvelope(entry.envelope);
    name = envelope.name;
    const redelivered = entry.redelivered || envelope.again === true;
    await handle(deps, cell, envelope, { isAsk: false, redelivered });
  } catch (error) {
    if (cell.life.aborted && !(error instanceof AgentFailed)) return;
    dead = deathOf(error);
    if (dead !== undefined) forget(); // should it be put back, it is new
    reportFailure(deps, cell, name, error, dead !== undefined);
  }
  await acknowledge(deps, cell, entry, dead);
}

export async function executeVolatile(
  deps: ExecutionDeps,
  cell: Cell,
  { envelope }: Work & { kind: 'volatile' },
): Promise<void> {
  try {
    await handle(deps, cell, envelope, { isAsk: false, redelivered: false });
  } catch (error) {
    if (!cell.life.aborted || error instanceof AgentFailed) reportFailure(deps, cell, envelope.name, error);
  }
}

/** N5. Never rejects; resolves when the next one may begin. */
export async function acknowledge(
  { member, ...deps }: ExecutionDeps,
  cell: Cell,
  { entry, opId }: Pick<InboxEntry, 'entry' | 'opId'>,
  dead?: Death,
): Promise<void> {
  const op = { agentId: cell.id, epoch: cell.epoch, entry, opId, ...(dead && { dead }) };
  const sent = member.lanes.acknowledge.submit(member.deps.broker.mail.tagOf(cell.id), op).then(
    () => undefined,
    (error: unknown) => reportFailure({ member, ...deps }, cell, 'an acknowledgement', error), // its next owner gets it again
  );
  cell.trail(sent);
  if (cell.trailing >= limits.acknowledgements) await sent;
}

const untaken: ReadonlySet<string> = new Set(['no-handler', 'invalid-payload', 'malformed']);

/** N6 */
function deathOf(error: unknown): Death | undefined {
  if (!(error instanceof DeliveryError) || !untaken.has(error.code)) return undefined;
  return { reason: error.code, error: describeError(error), limit: limits.deadLetters };
}
