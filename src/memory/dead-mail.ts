/**
 * Dead letters of agents in memory: a bounded list for each agent (M9 and M10 of broker/mail.ts).
 *
 * It stands apart from the port, so that the inboxes stay what the port is about.
 */
import type { DeadMessage, DeadMessages, EndOfMessage } from '../broker/mail.ts';
import type { StoredMessage } from './mail.ts';

interface DeadList {
  /** Oldest first. */
  readonly letters: Map<string, DeadMessage>;
  /** Since the list was empty. */
  dropped: number;
}

export class DeadMail {
  readonly #lists = new Map<string, DeadList>();

  keep(
    agentId: string,
    { opId, envelope }: StoredMessage,
    { reason, error, limit }: NonNullable<EndOfMessage['dead']>,
    { letter, diedAt }: Pick<DeadMessage, 'letter' | 'diedAt'>,
  ): void {
    const list = this.#lists.get(agentId) ?? { letters: new Map(), dropped: 0 };
    this.#lists.set(agentId, list);
    list.letters.set(letter, { letter, opId, envelope, reason, error, diedAt });
    for (const oldest of list.letters.keys()) {
      if (list.letters.size <= limit) break;
      list.letters.delete(oldest);
      list.dropped++;
    }
  }

  /** Of all agents, in no order. */
  *all(): Generator<DeadMessage> {
    for (const { letters } of this.#lists.values()) yield* letters.values();
  }

  /** Remembers them; the returned function brings them back. */
  remember(): () => void {
    const kept = structuredClone(this.#lists);
    return () => {
      this.#lists.clear();
      for (const [agentId, list] of structuredClone(kept)) this.#lists.set(agentId, list);
    };
  }

  clear(): void {
    this.#lists.clear();
  }

  find(agentId: string, letter: string): DeadMessage | undefined {
    return this.#lists.get(agentId)?.letters.get(letter);
  }

  /** True when it was there. */
  forget(agentId: string, letter: string): boolean {
    const list = this.#lists.get(agentId);
    if (!list?.letters.delete(letter)) return false;
    if (list.letters.size === 0) this.#lists.delete(agentId);
    return true;
  }

  page(agentId: string, { count, before }: { count: number; before?: string }): DeadMessages {
    const { letters, dropped } = this.#lists.get(agentId) ?? { letters: new Map<string, DeadMessage>(), dropped: 0 };
    const newestFirst = [...letters.values()].reverse();
    const older = before === undefined ? newestFirst : newestFirst.filter((one) => timeOf(one.letter) < timeOf(before));
    return { letters: older.slice(0, count), total: letters.size, dropped };
  }
}

function timeOf(letter: string): number {
  return Number(letter.split('-')[0]);
}
