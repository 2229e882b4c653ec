/**
 * What a memory fleet keeps for agents of another protocol: their lists, what was taken from them, what is out, what cannot be read.
 *
 * Plain and readable from outside, like the fleet: whoever plays a foreign agent in a test or a simulation pushes and pops here.
 */
import type { Mark } from '../broker/foreign.ts';
import type { Quarantined } from '../broker/quarantine.ts';

export interface StoredOut {
  readonly foreignId: string;
  readonly at: number;
  readonly text: string;
  answer?: string;
}

export class StoredForeign {
  /** Oldest first. */
  readonly queue: string[] = [];
  readonly completed: string[] = [];
  /** Keys that have another type than they should, as far as this fleet goes. */
  readonly wrongTypes = new Set<'queue' | 'completed' | 'events'>();
  bridge: { readonly node: string; readonly until: number } | undefined;
  /** By id, oldest first. */
  readonly taken = new Map<string, string>();
  /** Taken tasks whose completion is stored, and whose event is not. */
  readonly stored = new Set<string>();
  /** By task of the fleet. */
  readonly out = new Map<string, StoredOut>();
  mark: Mark | undefined;
  /** Oldest first. */
  readonly quarantined: Quarantined[] = [];
  quarantineDropped = 0;
  /** Until when a text of an origin is not kept again. */
  readonly keptOnce = new Map<string, number>();

  clear(): void {
    this.queue.length = 0;
    this.completed.length = 0;
    this.wrongTypes.clear();
    this.bridge = undefined;
    this.taken.clear();
    this.stored.clear();
    this.out.clear();
    this.mark = undefined;
    this.quarantined.length = 0;
    this.quarantineDropped = 0;
    this.keptOnce.clear();
  }
}
