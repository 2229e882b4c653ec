/**
 * What a supervisor process concludes about its node processes: from the end of one to a verdict, from silence to a hang. Pure.
 *
 * When to restart one that failed is restart-policy.ts's affair; here stands what counts as a failure at all.
 */

/** Exit codes that a node process tells its supervisor process something by. */
export const processCodes = {
  /** It drained because it was told to, and is not wanted any more. */
  drained: 0,
  /** EX_USAGE */
  usage: 64,
  /** EX_TEMPFAIL: it drained and wants to be started anew, with the code and configuration of now. */
  restart: 75,
  /** EX_CONFIG */
  config: 78,
} as const;

export interface ProcessEnd {
  readonly code: number | null;
  readonly signal: string | null;
  /** It had said that its agents are up. */
  readonly wasUp: boolean;
  /** It was killed because it made no progress for so long. */
  readonly hungMs?: number;
  /** V8 said that the heap is full. */
  readonly outOfMemory: boolean;
  readonly memoryMb?: number;
}

export type Verdict =
  | { readonly kind: 'drained' }
  /** It asked for a restart; no failure. */
  | { readonly kind: 'again' }
  | { readonly kind: 'failed'; readonly why: string }
  /** The next one would end in the same way: `code` is the end of the supervisor process, too. */
  | { readonly kind: 'hopeless'; readonly code: number; readonly why: string };

/** Judges the end of a node process that nobody had told to stop. */
export function judgeEnd(end: ProcessEnd): Verdict {
  if (end.hungMs !== undefined)
    return { kind: 'failed', why: `made no progress for ${Math.round(end.hungMs / 100) / 10} s` };
  if (end.outOfMemory) return { kind: 'failed', why: outOfMemory(end.memoryMb) };
  switch (end.code) {
    case null:
      return { kind: 'failed', why: `was ended by ${end.signal ?? 'a signal'}` };
    case processCodes.drained:
      return { kind: 'drained' };
    case processCodes.restart:
      // else one that asks for it in its first moment would be started without end
      return end.wasUp ? { kind: 'again' } : { kind: 'failed', why: 'asked for a restart before it was up' };
    case processCodes.config:
      return { kind: 'hopeless', code: end.code, why: 'refused its configuration' };
    case processCodes.usage:
      return { kind: 'hopeless', code: end.code, why: 'refused its command line' };
    default:
      return { kind: 'failed', why: `ended with status ${end.code}` };
  }
}

function outOfMemory(memoryMb: number | undefined): string {
  return memoryMb === undefined ? 'ran out of memory' : `ran out of memory (its heap is limited to ${memoryMb} MB)`;
}

/**
 * How long a process has been silent, one look later. Time in which whoever looks did not run itself (its machine slept, it was
 * stopped) does not count: what was said meanwhile has not been read yet.
 */
export function longerSilence(silentMs: number, sinceLookMs: number, lookMs: number): number {
  return silentMs + Math.min(sinceLookMs, 2 * lookMs);
}

/** The longest that a process may take to its first word: Node itself, and the loader of TypeScript. */
const firstWordMs = 60_000;

/** Whether so much silence is a hang. `spoken`: the process has said its first word. */
export function isHang(silentMs: number, spoken: boolean, hangLimitMs: number): boolean {
  return silentMs >= (spoken ? hangLimitMs : Math.max(hangLimitMs, firstWordMs));
}
