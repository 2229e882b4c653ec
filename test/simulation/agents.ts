/**
 * The fleet of the project's own scenarios: small agents that use every verb, so that what is broken shows.
 */
import {
  Agent,
  type Broadcast,
  every,
  type Message,
  onBroadcast,
  onMessage,
  onStart,
  onTask,
  pool,
  single,
  type Task,
} from 'agent-runtime';
import type { Hosting } from '../../src/agent/hosting.ts';

/** Tries often: in a scenario no task may die of the faults it is given, unless it is poison. */
const policy = { retries: 40, backoff: '100ms', timeout: '30s' } as const;

export class WorkAgent extends Agent {
  static readonly role = 'work';

  @onTask('work', undefined, undefined, policy)
  async work(task: Task): Promise<unknown> {
    await this.broadcast('work.done', task.input);
    return task.input;
  }

  /** Holds a lock while it works, and says with what token. */
  @onTask('locked', undefined, undefined, policy)
  async locked(task: Task): Promise<number> {
    return await this.withLock('repository', { lease: '5s', wait: '20s', signal: task.signal }, async ({ token }) => {
      await this.send('desk', 'note', { token });
      return token;
    });
  }

  /** Asks somebody else in the middle of its work. */
  @onTask('asking', undefined, undefined, policy)
  async asking(task: Task): Promise<unknown> {
    return await this.ask('desk', 'who', task.input, { deadline: '5s' });
  }
}

/** One in the whole fleet: what was said to it, in the order of its handlers. */
export class DeskAgent extends Agent {
  static readonly role = 'desk';
  readonly notes: unknown[] = [];

  @onMessage('note') note(message: Message): void {
    this.notes.push(message.data);
  }

  @onMessage('who') who(message: Message): unknown {
    return { by: this.id, data: message.data };
  }
}

/** Hears what others say, and speaks by itself. */
export class EarAgent extends Agent {
  static readonly role = 'ear';
  #said = 0;
  heard = 0;

  @onStart() up(): void {
    this.#said = 0;
  }

  @onBroadcast('work.*') work(_event: Broadcast): void {
    this.heard++;
  }

  @onBroadcast('ear.said') said(_event: Broadcast): void {
    this.heard++;
  }

  @every('900ms') speak(): void {
    const note = { from: this.id, number: ++this.#said };
    this.broadcast('ear.said', note).catch(() => undefined); // not accepted: nobody counts on it
    this.send('desk', 'note', note).catch(() => undefined); // likewise
  }
}

/** The next version: it takes what the first one takes, and one task more. */
export class NextWorkAgent extends WorkAgent {
  static override readonly role = 'work';

  @onTask('newer', undefined, undefined, policy)
  async newer(task: Task): Promise<unknown> {
    await this.broadcast('work.newer', task.input);
    return task.input;
  }
}

/** Its notes have a shape of their own. */
export class NextDeskAgent extends DeskAgent {
  static override readonly role = 'desk';

  @onMessage('memo') memo(message: Message): void {
    this.notes.push({ memo: message.data });
  }
}

export const nextAgents: readonly Hosting[] = [
  pool(NextWorkAgent, { size: 3 }),
  pool(EarAgent),
  single(NextDeskAgent, { id: 'desk' }),
];

export const agents: readonly Hosting[] = [
  pool(WorkAgent, { size: 2 }),
  pool(EarAgent),
  single(DeskAgent, { id: 'desk' }),
];
