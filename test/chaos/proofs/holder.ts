/**
 * The process that holds tasks: one node, ended by SIGTERM in order or killed.
 */
import { Agent } from '../../../src/agent/agent.ts';
import { onTask } from '../../../src/agent/decorators.ts';
import type { Task } from '../../../src/agent/envelopes.ts';
import { pool } from '../../../src/agent/hosting.ts';
import { startFleet } from '../../../src/compose/start-fleet.ts';
import { sleep } from '../../../src/core/clock.ts';
import { Observer } from '../../../src/core/observer.ts';
import { systemClock } from '../../../src/core/system.ts';
import { BookWriter } from './book.ts';
import { parametersOf, tell } from './child.ts';
import { fleetName, type HeldEntry, heldTask, type HolderParameters } from './held.ts';

const { redis, book: path, size, concurrency, timing } = parametersOf<HolderParameters>();
const book = new BookWriter<HeldEntry>(path);

class Held extends Agent {
  static readonly role = 'held';

  @onTask(heldTask)
  async held({ input, id, attempt, redelivered, signal }: Task<typeof heldTask>): Promise<{ n: number }> {
    const { n, heeds } = input;
    book.write({ t: 'run', n, task: id, attempt, again: redelivered });
    await sleep(systemClock, redelivered ? input.againMs : input.ms, heeds ? signal : undefined);
    book.write({ t: 'done', n });
    return { n };
  }
}

const observer = new Observer();
observer.on('task.settled', ({ task, outcome }) => book.write({ t: 'settled', task, outcome }));
observer.on('broker.trouble', ({ what, error }) => console.error(`${what}: ${error.message}`));
observer.on('node.fenced', ({ node, reason }) => console.error(`${node} was fenced: ${reason}`));
const agents = [pool(Held, { size, concurrency })];
const running = await startFleet({ redis, fleet: fleetName, agents, timing }, { observer });
process.on('SIGTERM', () => void running.stop());
tell('ready');
const { error } = await running.ended;
if (error !== undefined) console.error(error);
process.exit(error === undefined ? 0 : 1);
