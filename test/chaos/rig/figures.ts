/**
 * The figures of a run: what was promised, what was broken, and how they add up over rounds.
 */

/** What must be zero. */
export type Broken =
  | 'lost'
  | 'settledTwice'
  | 'unmarkedDuplicates'
  | 'broadcastsMissing'
  | 'broadcastsRepeated'
  | 'broadcastsOutOfOrder'
  | 'staleTokensAccepted'
  | 'messagesLost'
  | 'messagesTwice'
  | 'socketsLeaked';

/** One broken promise. `key` names it, so that it is counted once however often it is seen. */
export interface Violation {
  /** `destroyedReported`: what was destroyed and what was told to be gone differ. */
  readonly figure: Broken | 'destroyedReported';
  readonly key: string;
  readonly story: string;
}

/** The closing line. `staleSettles` were refused, as they must be; `messagesTwice` were not marked. */
export type Report = { readonly rounds: number; readonly faults: Readonly<Record<string, number>> } & Readonly<
  Record<
    | Broken
    | 'accepted'
    | 'staleSettles'
    | 'broadcastsSent'
    | 'locksAcquired'
    | 'messagesSent'
    | 'destroyed'
    | 'destroyedReported'
    | 'recoveryMsP99'
    | 'recoveryMsMax'
    | 'seconds',
    number
  >
>;

/** What one stage has seen; stages add up. */
export interface Tally {
  accepted: number;
  staleSettles: number;
  broadcastsSent: number;
  locksAcquired: number;
  messagesSent: number;
  destroyed: number;
  destroyedReported: number;
}

const nothing: Tally = {
  accepted: 0,
  staleSettles: 0,
  broadcastsSent: 0,
  locksAcquired: 0,
  messagesSent: 0,
  destroyed: 0,
  destroyedReported: 0,
};

export class Totals {
  rounds = 0;
  readonly faults: Record<string, number> = {};
  readonly violations: Violation[] = [];
  readonly recoveries: number[] = [];
  /** Rounds that could not be played to their end, each with its reason. */
  readonly failures: string[] = [];
  readonly #tally: Tally = { ...nothing };
  readonly #startedAt: number;
  readonly #now: () => number;

  constructor(now: () => number) {
    this.#now = now;
    this.#startedAt = now();
  }

  fired(kind: string): void {
    this.faults[kind] = (this.faults[kind] ?? 0) + 1;
  }

  add(tally: Partial<Tally>): void {
    for (const name of Object.keys(this.#tally) as (keyof Tally)[]) this.#tally[name] += tally[name] ?? 0;
  }

  report(): Report {
    const broken = (figure: Broken): number =>
      this.violations.filter((violation) => violation.figure === figure).length;
    const sorted = this.recoveries.toSorted((a, b) => a - b);
    const at = (share: number): number => Math.round(sorted[Math.ceil(sorted.length * share) - 1] ?? 0);
    const tally = this.#tally;
    return {
      rounds: this.rounds,
      faults: this.faults,
      accepted: tally.accepted,
      lost: broken('lost'),
      settledTwice: broken('settledTwice'),
      unmarkedDuplicates: broken('unmarkedDuplicates'),
      staleSettles: tally.staleSettles,
      broadcastsSent: tally.broadcastsSent,
      broadcastsMissing: broken('broadcastsMissing'),
      broadcastsRepeated: broken('broadcastsRepeated'),
      broadcastsOutOfOrder: broken('broadcastsOutOfOrder'),
      locksAcquired: tally.locksAcquired,
      staleTokensAccepted: broken('staleTokensAccepted'),
      messagesSent: tally.messagesSent,
      messagesLost: broken('messagesLost'),
      messagesTwice: broken('messagesTwice'),
      destroyed: tally.destroyed,
      destroyedReported: tally.destroyedReported,
      socketsLeaked: broken('socketsLeaked'),
      recoveryMsP99: at(0.99),
      recoveryMsMax: at(1),
      seconds: Math.round((this.#now() - this.#startedAt) / 1_000),
    };
  }
}
