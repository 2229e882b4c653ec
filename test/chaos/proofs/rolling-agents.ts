/**
 * The agents of the proof of the rolling restart, whichever way their nodes are started and restarted.
 */
import { Agent } from '../../../src/agent/agent.ts';
import { onMessage, onTask } from '../../../src/agent/decorators.ts';
import type { Message, Task } from '../../../src/agent/envelopes.ts';
import { type Hosting, pool, single } from '../../../src/agent/hosting.ts';
import { sleep } from '../../../src/core/clock.ts';
import { BookWriter } from './book.ts';
import { type Begun, deskIds, note, pieceTask, question, type RollingNodeParameters } from './rolling-parts.ts';

export function rollingAgents({ book: path, workMs }: RollingNodeParameters): Hosting[] {
  const book = new BookWriter<Begun>(path);

  class Piece extends Agent {
    static readonly role = 'piece';

    @onTask(pieceTask)
    async piece({ input: { n }, redelivered }: Task<typeof pieceTask>): Promise<{ n: number }> {
      book.write({ kind: 'task', n, redelivered });
      await sleep(this.clock, workMs);
      return { n };
    }
  }

  /** A class of its own for each id, since roles differ. */
  function desk(id: string): new () => Agent {
    return class Desk extends Agent {
      static readonly role = id;

      @onMessage(question)
      async answer({ data: { n } }: Message<typeof question>): Promise<{ n: number }> {
        book.write({ kind: 'ask', n, redelivered: false });
        await sleep(this.clock, workMs);
        return { n };
      }

      @onMessage(note) note({ data: { n }, redelivered }: Message<typeof note>): void {
        book.write({ kind: 'message', n, redelivered });
      }
    };
  }

  return [pool(Piece, { size: 4 }), ...deskIds.map((id) => single(desk(id), { id }))];
}
