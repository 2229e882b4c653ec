/**
 * A node of the proof of the rolling restart, ended by SIGTERM in order.
 */
import { Agent } from '../../../src/agent/agent.ts';
import { onMessage, onTask } from '../../../src/agent/decorators.ts';
import type { Message, Task } from '../../../src/agent/envelopes.ts';
import { pool, single } from '../../../src/agent/hosting.ts';
import { startFleet } from '../../../src/compose/start-fleet.ts';
import { sleep } from '../../../src/core/clock.ts';
import { BookWriter } from './book.ts';
import { parametersOf, tell } from './child.ts';
import { fleetName } from './held.ts';
import { type Begun, deskIds, note, pieceTask, question, type RollingNodeParameters } from './rolling-parts.ts';

const { redis, book: path, workMs } = parametersOf<RollingNodeParameters>();
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

const agents = [pool(Piece, { size: 4 }), ...deskIds.map((id) => single(desk(id), { id }))];
const running = await startFleet({ redis, fleet: fleetName, agents });
process.on('SIGTERM', () => void running.stop());
tell('ready');
const { error } = await running.ended;
if (error !== undefined) console.error(error);
process.exit(error === undefined ? 0 : 1);
