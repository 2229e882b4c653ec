/**
 * Handing back what was taken in and not started: a task to its queue, an ask to its sender; a message waits in its inbox anyway.
 *
 * Apart from the node, because intake gives tasks back in the same way.
 */
import type { ClaimedTask } from '../broker/tasks.ts';
import type { Member } from '../client/member.ts';
import { AgentUnavailable, describeError } from '../core/errors.ts';
import type { Cell } from './cell.ts';
import type { ExecutionDeps } from './handling.ts';
import type { Work } from './work.ts';

/** Gives a task back; the attempt does not count. */
export async function release(member: Member, claimed: ClaimedTask): Promise<void> {
  await member.lanes.settle.submit(claimed.queue, { receipt: claimed.receipt, outcome: { kind: 'release' } });
}

/** Never rejects. */
export async function handBack(deps: ExecutionDeps, cell: Cell, work: Work): Promise<void> {
  if (work.kind === 'task') {
    work.lease.letGo();
    await release(deps.member, work.claimed).catch(() => undefined); // its lease ends by itself
  } else if (work.kind === 'ask') {
    const { via, opId } = work.envelope;
    const error = describeError(new AgentUnavailable(cell.id, 'it is stopping'));
    const notice = { kind: 'reply', askId: opId, ok: false, body: JSON.stringify(error) } as const;
    deps.replies.send({ address: via, notice });
  } else if (work.kind === 'timer') work.done();
}
