/**
 * The parts of tasks in memory: those of its last run, by task.
 *
 * Invariants G2 to G5 stand in broker/logs.ts.
 */
import { compareEntryIds } from '../broker/entry-id.ts';
import type { AddPartsRequest, StoredPart } from '../broker/logs.ts';
import { limits } from '../core/limits.ts';
import type { MemoryFleet } from './fleet.ts';
import { keep, kept } from './queue-state.ts';

/** Parts of one run, oldest first. */
export interface TaskParts {
  readonly run: string;
  /** Greater than that of every run before. */
  readonly startedAt: number;
  readonly parts: StoredPart[];
  bytes: number;
}

export function addParts(fleet: MemoryFleet, request: AddPartsRequest): 'added' | 'stale' {
  const { queue, node, receipt, attempt, first, bodies, keepMs, notify } = request;
  fleet.directory.demandPresence(node);
  if (fleet.queue(queue).held(receipt, node) === undefined) return 'stale';
  const now = fleet.clock.now();
  const run = `${receipt.entry}/${receipt.deliveries}`;
  const before = kept(fleet.taskParts, receipt.taskId, now);
  const ofRun = before?.run === run ? before : begin(run, before, now);
  const last = ofRun.parts.at(-1)?.number ?? 0;
  bodies.forEach((body, index) => {
    const number = first + index;
    if (number <= last) return;
    ofRun.parts.push({ entry: `${ofRun.startedAt}-${number}`, run, attempt, number, body });
    ofRun.bytes += Buffer.byteLength(body);
  });
  trim(ofRun);
  keep(fleet.taskParts, receipt.taskId, ofRun, { now, ttlMs: keepMs });
  fleet.exchange.postNotice(notify, { kind: 'parts', taskId: receipt.taskId });
  return 'added';
}

export function readParts(
  fleet: MemoryFleet,
  taskId: string,
  { after, count }: { readonly after: string; readonly count: number },
): readonly StoredPart[] {
  const stored = kept(fleet.taskParts, taskId, fleet.clock.now())?.parts ?? [];
  const before = after === '' ? -1 : stored.findLastIndex(({ entry }) => compareEntryIds(entry, after) <= 0);
  return stored.slice(before + 1, before + 1 + Math.max(0, count));
}

function begin(run: string, before: TaskParts | undefined, now: number): TaskParts {
  return { run, startedAt: Math.max(Math.floor(now), (before?.startedAt ?? 0) + 1), parts: [], bytes: 0 };
}

/** G4 */
function trim(stored: TaskParts): void {
  const { parts } = stored;
  while (parts.length > 1 && (parts.length > limits.taskParts || stored.bytes > limits.taskPartsBytes))
    stored.bytes -= Buffer.byteLength(parts.shift()?.body ?? '');
}
