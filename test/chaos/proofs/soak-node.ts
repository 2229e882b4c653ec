/**
 * A node of the soak: agents that use every verb, ended by SIGTERM.
 */
import { Agent } from '../../../src/agent/agent.ts';
import { onBroadcast, onMessage, onTask } from '../../../src/agent/decorators.ts';
import type { Message, Task } from '../../../src/agent/envelopes.ts';
import { pool, single } from '../../../src/agent/hosting.ts';
import { startFleet } from '../../../src/compose/start-fleet.ts';
import { TerminalError } from '../../../src/core/errors.ts';
import { parametersOf, tell } from './child.ts';
import {
  echoIds,
  eventCap,
  fleetName,
  mixedTask,
  note,
  question,
  sampleProcess,
  type SoakOrder,
  type SoakParameters,
  topic,
} from './soak-parts.ts';

const { redis } = parametersOf<SoakParameters>();

class Mixed extends Agent {
  static readonly role = 'mixed';

  @onTask(mixedTask)
  async mixed(task: Task<typeof mixedTask>): Promise<{ n: number }> {
    const { n, mood } = task.input;
    if (mood === 'retries' && task.attempt === 1) throw new Error('once more');
    if (mood === 'dies') throw new TerminalError('never again');
    if (mood === 'progresses') for (let step = 1; step <= 3; step++) await task.progress(step, 3);
    if (mood === 'casts') await this.broadcast(topic, { n });
    if (mood === 'logs') this.log.info(`task ${n}`);
    if (mood === 'locks') await this.withLock(`lock-${n % 8}`, { signal: task.signal }, () => task.progress(1, 1));
    return { n };
  }
}

class Ear extends Agent {
  static readonly role = 'ear';
  heard = 0;

  @onBroadcast(topic) tick(): void {
    this.heard++;
  }
}

/** A class of its own for each id: two classes of one role would take each other's tasks. */
function echo(id: string): new () => Agent {
  return class Echo extends Agent {
    static readonly role = id;
    noted = 0;

    @onMessage(note) note(): void {
      this.noted++;
    }

    @onMessage(question) question({ data }: Message<typeof question>): number {
      return data.n;
    }
  };
}

const agents = [pool(Mixed, { size: 8, concurrency: 4 }), pool(Ear), ...echoIds.map((id) => single(echo(id), { id }))];
// What is kept for as long as results are has its full size early in the soak.
const timing = { resultTtl: '20s' } as const;
const running = await startFleet({ redis, fleet: fleetName, agents, timing, limits: { events: eventCap } });
process.on('SIGTERM', () => void running.stop());
process.on('message', (order: SoakOrder) => {
  if (order.t === 'sample') tell({ id: order.id, ...sampleProcess() });
});
tell('ready');
const { error } = await running.ended;
if (error !== undefined) console.error(error);
process.exit(error === undefined ? 0 : 1);
