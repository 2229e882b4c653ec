/**
 * The end of a watched agent in the hands of the methods under `@onDown()`.
 *
 * A file of its own, so that the death watch adds one case to the execution and nothing else.
 */
import type { Cell } from './cell.ts';
import { callFreely, type ExecutionDeps, reportFailure } from './handling.ts';
import type { Work } from './work.ts';

/** Every method hears of it, one after the other; one that throws does not keep it from the others. */
export async function executeDown(deps: ExecutionDeps, cell: Cell, work: Work & { kind: 'down' }): Promise<void> {
  if (!work.begin()) return;
  for (const method of cell.spec.table.down) {
    const trace = { id: deps.member.deps.random.id(`down:${cell.id}`), asks: [] };
    try {
      await callFreely(deps, cell, trace, method, work.down);
    } catch (error) {
      reportFailure(deps, cell, method, error);
    }
  }
}
