/**
 * The agent of the proofs of take-over: it writes every numbered message into the book, works for a moment, and leaves an effect behind.
 */
import { Agent } from '../../../src/agent/agent.ts';
import { onMessage, onStart } from '../../../src/agent/decorators.ts';
import type { Message } from '../../../src/agent/envelopes.ts';
import { sleep } from '../../../src/core/clock.ts';
import { BookWriter } from './book.ts';
import { effect, type Handling, numbered } from './failover-parts.ts';

export interface Desk {
  readonly book: string;
  /** How long a handler works before its effect. */
  readonly workMs: number;
  /** Of the node of this process. */
  readonly incarnation: () => string;
}

/** A class to be given a role. */
export function numberedAgent({ book: path, workMs, incarnation }: Desk): new () => Agent {
  const book = new BookWriter<Handling>(path);

  return class Numbered extends Agent {
    /** The one that it was started in: what goes on behind a freeze still speaks in its name. */
    #node = '';

    @onStart() begin(): void {
      this.#node = incarnation();
    }

    @onMessage(numbered)
    async take({ data, redelivered }: Message<typeof numbered>): Promise<void> {
      const trace = { to: this.id, node: this.#node, ...data };
      book.write({ ...trace, redelivered });
      await sleep(this.clock, workMs);
      await this.broadcast(effect, trace);
    }
  };
}
