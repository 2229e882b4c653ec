/**
 * Acquisitions and effects, judged without believing the tokens: pure.
 */
import { groupBy } from '../rig/judge-tasks.ts';
import { GuardedResource, type Touch } from '../rig/resource.ts';
import type { Acquisition } from './contenders.ts';

/**
 * The guarded resource, and beside it a judge that does not look at tokens: the effects of one holder stand together. One of a holder
 * behind those of a later one is stale, whatever the resource says.
 */
export class WatchedResource extends GuardedResource {
  staleAttempts = 0;
  staleAccepted = 0;
  readonly #current = new Map<string, string>();
  readonly #past = new Set<string>();

  override touch(touch: Touch): boolean {
    const { lock, holder } = touch;
    const isLetIn = super.touch(touch);
    const isPast = this.#past.has(holder);
    if (isPast || !isLetIn) this.staleAttempts++;
    if (isPast && isLetIn) this.staleAccepted++;
    const current = this.#current.get(lock);
    if (!isLetIn || current === holder) return isLetIn;
    if (current !== undefined) this.#past.add(current);
    this.#current.set(lock, holder);
    return isLetIn;
  }
}

export interface LockFaults {
  /** Two who held one name at the same time. */
  readonly overlapsWithinLease: number;
  /** Tokens that are not greater than one that was granted before they were asked for, or that came twice. */
  readonly tokensNotGrowing: number;
  /** Who was served before another one who had asked long before. */
  readonly fairnessViolations: number;
}

/** A call may be so long on its way. */
const wayMs = 500;
/** A notice may be so long on its way. */
const noticeMs = 100;

/** Counts what is wrong, and tells the story of each overlap. */
export function judgeAcquisitions(
  acquisitions: readonly Acquisition[],
  tell: (story: string) => void = () => {},
): LockFaults {
  const total = { overlapsWithinLease: 0, tokensNotGrowing: 0, fairnessViolations: 0 };
  const names = groupBy(acquisitions, ({ name }) => name);
  for (const some of names.values()) {
    const inOrder = some.toSorted((a, b) => a.grantedAt - b.grantedAt);
    total.overlapsWithinLease += overlaps(inOrder, tell);
    total.tokensNotGrowing += notGrowing(inOrder);
    total.fairnessViolations += unfair(inOrder.filter(({ isSteady }) => isSteady));
  }
  return total;
}

function overlaps(inOrder: readonly Acquisition[], tell: (story: string) => void): number {
  let count = 0;
  let last: Acquisition | undefined;
  for (const one of inOrder) {
    if (last !== undefined && one.grantedAt < last.heldUntil) {
      count++;
      tell(`two held at the same time: ${JSON.stringify(last)} and ${JSON.stringify(one)}`);
    }
    if (last === undefined || one.heldUntil > last.heldUntil) last = one;
  }
  return count;
}

function notGrowing(inOrder: readonly Acquisition[]): number {
  const byAsking = inOrder.toSorted((a, b) => a.askedAt - b.askedAt);
  let [count, at, greatest] = [inOrder.length - new Set(inOrder.map(({ token }) => token)).size, 0, 0];
  for (const one of byAsking) {
    for (let before = inOrder[at]; before !== undefined && before.grantedAt < one.askedAt; before = inOrder[++at])
      greatest = Math.max(greatest, before.token);
    if (one.token <= greatest) count++;
  }
  return count;
}

/** From the last to the first: whether one that was served later had asked much earlier. */
function unfair(inOrder: readonly Acquisition[]): number {
  let [count, earliest, at] = [0, Number.POSITIVE_INFINITY, inOrder.length - 1];
  for (const one of inOrder.toReversed()) {
    for (
      let later = inOrder[at];
      later !== undefined && later.grantedAt > one.grantedAt + noticeMs;
      later = inOrder[--at]
    )
      earliest = Math.min(earliest, later.askedAt);
    if (earliest < one.askedAt - wayMs) count++;
  }
  return count;
}
