/**
 * What the proof of locks and its processes agree on: one record for each acquisition, and what they say to each other.
 */
export interface ContenderParameters {
  readonly redis: string;
  /** Port of the guarded resource. */
  readonly resource: number;
  readonly names: number;
  readonly leaseMs: number;
  /** Of all acquisitions, those that are to be paused past their lease. */
  readonly pausedShare: number;
}

/** One acquisition, in milliseconds of the machine's clock. */
export interface Acquisition {
  readonly name: string;
  readonly token: number;
  readonly askedAt: number;
  readonly grantedAt: number;
  /** Until then its holder surely believed to hold it: it gave it back, or its process stood still. */
  readonly heldUntil: number;
  /** Its process stood still for longer than the lease while it held the lock. */
  readonly wasPaused: boolean;
  /** Its process ran smoothly while it waited. */
  readonly isSteady: boolean;
}

/** To the rig. */
export type ContenderSays =
  | { readonly t: 'taken'; readonly acquisitions: readonly Acquisition[] }
  /** Enough locks are held: stop me. */
  | { readonly t: 'pause' }
  /** Half a lease after an effect was refused, the holder still believed to hold the lock. */
  | { readonly t: 'misled'; readonly name: string; readonly token: number }
  /** `lock.guard` let an effect in although the lease had ended before. */
  | { readonly t: 'unguarded'; readonly name: string; readonly token: number };

/** To a process. */
export type RigSays = { readonly t: 'stall'; readonly ms: number } | { readonly t: 'finish' };
