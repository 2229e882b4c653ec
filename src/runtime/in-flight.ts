/**
 * What runs in a node now: every piece of work from the start of its handler to its end, the oldest first.
 *
 * One set for the whole node, so that the longest-running handlers are found without looking at every agent. What a piece of work is
 * called is read only when somebody asks, and once: most of it has ended by then.
 */
import { decodeEnvelope } from '../core/envelope.ts';
import type { Work } from './work.ts';

export interface RunningWork {
  readonly agent: string;
  readonly kind: Work['kind'];
  readonly name: string;
  /** Server time in milliseconds. */
  readonly since: number;
}

interface Entry {
  readonly agent: string;
  readonly since: number;
  name?: string;
}

export class InFlight {
  readonly #now: () => number;
  readonly #entries = new Map<Work, Entry>();

  /** `now`: server time in milliseconds. */
  constructor(now: () => number) {
    this.#now = now;
  }

  /** Counts `work` as running until it has ended. */
  begin(agent: string, work: Work): void {
    this.#entries.set(work, { agent, since: this.#now() });
  }

  end(work: Work): void {
    this.#entries.delete(work);
  }

  /** At most `count`, those that run longest first. */
  oldest(count: number): readonly RunningWork[] {
    const found: RunningWork[] = [];
    for (const [work, entry] of this.#entries) {
      if (found.length >= count) break;
      const { agent, since } = entry;
      entry.name ??= nameOf(work);
      found.push({ agent, kind: work.kind, name: entry.name, since });
    }
    return found;
  }
}

function nameOf(work: Work): string {
  switch (work.kind) {
    case 'task':
      return nameIn(work.claimed.envelope);
    case 'message':
      return nameIn(work.entry.envelope);
    case 'ask':
    case 'volatile':
      return work.envelope.name;
    case 'classic':
      return work.name;
    case 'broadcast':
      return work.event.topic;
    case 'timer':
      return work.timer.method;
    case 'down':
      return work.down.id;
  }
}

function nameIn(envelope: string): string {
  try {
    return decodeEnvelope(envelope).name;
  } catch {
    return 'unreadable';
  }
}
