/**
 * One piece of work, from the mailbox to its end: the table of kinds, and the two kinds that nobody waits for.
 *
 * Tasks and mail have files of their own; what all of them share stands in handling.ts.
 */
import { checkSoon } from '../client/check-payload.ts';
import { toFleetEvent } from '../client/events-view.ts';
import type { Cell } from './cell.ts';
import { AgentFailed } from './handler-call.ts';
import { callFreely, type ExecutionDeps, reportFailure } from './handling.ts';
import { executeAsk, executeClassic } from './mail-execution.ts';
import { executeMessage, executeVolatile } from './message-execution.ts';
import { executeTask } from './task-execution.ts';
import { executeDown } from './watch-execution.ts';
import type { Work } from './work.ts';

/**
 * Runs `work` in `cell`: undefined when it has ended already, else a promise that resolves then. Never throws or rejects: whatever goes
 * wrong is the work's outcome, or is reported.
 */
export function execute(deps: ExecutionDeps, cell: Cell, work: Work): Promise<void> | undefined {
  switch (work.kind) {
    case 'task':
      return executeTask(deps, cell, work);
    case 'message':
      return executeMessage(deps, cell, work);
    case 'ask':
      return executeAsk(deps, cell, work);
    default:
      return executeOther(deps, cell, work);
  }
}

type Other = Exclude<Work, { readonly kind: 'task' | 'message' | 'ask' }>;

async function executeOther(deps: ExecutionDeps, cell: Cell, work: Other): Promise<void> {
  try {
    switch (work.kind) {
      case 'volatile':
        return await executeVolatile(deps, cell, work);
      case 'classic':
        return await executeClassic(deps, cell, work);
      case 'broadcast':
        return await executeBroadcast(deps, cell, work);
      case 'down':
        return await executeDown(deps, cell, work);
      case 'timer':
        return await executeTimer(deps, cell, work);
    }
  } catch (error) {
    reportFailure(deps, cell, work.kind, error);
  }
}

/** Every handler that matches gets the event, one after the other; one that throws does not keep it from the others. */
async function executeBroadcast(deps: ExecutionDeps, cell: Cell, work: Work & { kind: 'broadcast' }): Promise<void> {
  const { event, gap, delivery } = work;
  const again = (delivery?.redelivered === true || event.again === true) && { redelivered: true };
  delivery?.begin();
  for (const handler of cell.spec.table.broadcasts) {
    if (!handler.matches(event.topic) || (delivery?.missed && !handler.durable)) continue;
    try {
      const record = { ...toFleetEvent(event, gap), ...again };
      const checked = checkSoon(handler.data, record.data, `the data of broadcast "${event.topic}"`);
      const data = checked instanceof Promise ? await checked : checked;
      const trace = { id: event.opId ?? event.id, asks: [] };
      const told = callFreely(deps, cell, trace, handler.method, { ...record, data });
      if (told instanceof Promise) await told;
    } catch (error) {
      const isOwn = error instanceof AgentFailed;
      if (delivery !== undefined && cell.life.aborted && !isOwn) return; // it comes again
      reportFailure(deps, cell, event.topic, error);
      if (isOwn) break; // the agent goes down, and must not come back to the same event for ever
    }
  }
  delivery?.end();
}

async function executeTimer(deps: ExecutionDeps, cell: Cell, { timer, done }: Work & { kind: 'timer' }): Promise<void> {
  const id = deps.member.deps.random.id(`timer:${cell.id}.${timer.method}`);
  try {
    await callFreely(deps, cell, { id, asks: [] }, timer.method);
  } finally {
    done();
  }
}
