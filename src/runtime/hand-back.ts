/**
 * Handing back what was taken in and not started: a task to its queue, an ask to its sender; a message waits in its inbox anyway.
 *
 * Apart from the node, because intake gives tasks back in the same way.
 */
import type { ClaimedTask } from '../broker/tasks.ts';
import type { Member } from '../client/member.ts';
import type { Cell } from './cell.ts';
import type { ExecutionDeps } from './handling.ts';
import { notReached, refuseLive } from './live-mail.ts';
import { isLive, type Work } from './work.ts';

/** Gives a task back whose handler has not begun; the attempt does not count. With `delayMs` nobody gets it before that. */
export async function release(member: Member, { queue, receipt }: ClaimedTask, delayMs = 0): Promise<void> {
  await member.lanes.settle.submit(queue, { receipt, outcome: { kind: 'release', delayMs } });
}

/** Never rejects. */
export async function handBack(deps: ExecutionDeps, cell: Cell, work: Work): Promise<void> {
  if (work.kind === 'task') {
    work.lease.letGo();
    await release(deps.member, work.claimed).catch(() => undefined); // its lease ends by itself
  } else if (isLive(work)) refuseLive(deps, cell.id, work, notReached(deps, cell.id, 'it is stopping'));
  else if (work.kind === 'timer') work.done();
}
