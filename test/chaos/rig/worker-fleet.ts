/**
 * The fleet under test: small agents that write down everything they see before they do anything else.
 *
 * Each agent exists only to make one guarantee visible in the ledger; what is judged is judged by the rig.
 */
import { pool, single } from '../../../src/agent/hosting.ts';
import { every, onBroadcast, onMessage, onStart, onTask } from '../../../src/agent/decorators.ts';
import { Agent } from '../../../src/agent/agent.ts';
import type { Broadcast, Message, Task } from '../../../src/agent/envelopes.ts';
import type { Hosting } from '../../../src/agent/hosting.ts';
import type { Lock } from '../../../src/agent/lock.ts';
import { sleep } from '../../../src/core/clock.ts';
import { gapTopic, lockNames, now, Numbered, overrunMs, postIds } from './contracts.ts';
import { probeTask, stallMs, topic, workTask } from './contracts.ts';
import type { LedgerWriter } from './ledger.ts';
import type { ResourceClient } from './resource.ts';

const throwingAttempts = 2;
const lockLease = '1s';
const lockWait = '6s';
let instances = 0;

/** Names one start of one agent in one process. */
function instance(): string {
  return `${process.pid}.${++instances}`;
}

/** The classes close over where they write: an agent's constructor takes nothing. */
export function rigAgents(ledger: LedgerWriter, resource: ResourceClient): readonly Hosting[] {
  class Work extends Agent {
    static readonly role = 'work';

    @onTask(workTask)
    async work(task: Task<typeof workTask>): Promise<{ n: number }> {
      const { n, mood, ms } = task.input;
      ledger.write({ t: 'run', n, task: task.id, mood, again: task.redelivered });
      if (mood === 'throws' && task.attempt <= throwingAttempts) throw new Error(`task ${n} throws as it was told`);
      if (mood === 'kills' && task.attempt === 1) process.kill(process.pid, 'SIGKILL');
      if (mood === 'overruns') await sleep(this.clock, overrunMs, task.signal);
      if (mood === 'guarded' || mood === 'stalls') await this.#guarded(task, mood === 'stalls' && task.attempt === 1);
      if (ms > 0) await sleep(this.clock, ms, task.signal);
      return { n };
    }

    async #guarded({ input, signal }: Task<typeof workTask>, stalls: boolean): Promise<void> {
      const name = lockNames[input.n % lockNames.length] ?? lockNames[0];
      const askedAt = now();
      const lock = await this.lock(name, { lease: lockLease, wait: lockWait, signal });
      ledger.write({ t: 'locked', lock: name, token: lock.token });
      const holder = `${process.pid}/${input.n}/${askedAt}`;
      try {
        if (!(await this.#touch(lock, holder, askedAt))) return;
        if (stalls) block(stallMs);
        await sleep(this.clock, input.ms, lock.signal).catch(() => undefined); // a lost lock is what the resource has to find out
        if (await this.#touch(lock, holder, askedAt)) return;
        await sleep(this.clock, 100); // what it should know by now, its timers have told it
        if (!lock.signal.aborted) ledger.write({ t: 'misled', lock: name, token: lock.token });
      } finally {
        await lock.release().catch(() => undefined); // its lease ends by itself
      }
    }

    #touch({ name, token }: Lock, holder: string, askedAt: number): Promise<boolean> {
      return resource.touch({ lock: name, token, holder, askedAt });
    }
  }

  class Probe extends Agent {
    static readonly role = 'probe';

    @onTask(probeTask)
    async probe({ input: { n } }: Task<typeof probeTask>): Promise<{ n: number }> {
      ledger.write({ t: 'probe', n });
      await sleep(this.clock, 20);
      return { n };
    }
  }

  /** Hears broadcasts, and talks by itself: a sender that dies in the middle of a sentence. */
  class Ear extends Agent {
    static readonly role = 'ear';
    #inst = '';
    #said = 0;

    @onStart() up(): void {
      this.#inst = instance();
      ledger.write({ t: 'up', inst: this.#inst, agent: this.id });
    }

    @onBroadcast(topic) heard(event: Broadcast): void {
      const { from, seq } = event.data as Numbered;
      ledger.write({ t: 'heard', inst: this.#inst, id: event.id, from, seq, again: event.redelivered === true });
    }

    @onBroadcast(gapTopic) gap(): void {
      ledger.write({ t: 'gap', inst: this.#inst });
    }

    @every('70ms') talk(): void {
      const said = { from: this.#inst, seq: ++this.#said };
      const to = postIds[said.seq % 2] ?? postIds[0];
      this.send(to, 'numbered', said).then(
        () => ledger.write({ t: 'sent', to, ...said }),
        () => undefined, // not accepted, so nobody counts on it
      );
      this.broadcast(topic, said).then(
        (id) => ledger.write({ t: 'cast', id, ...said }),
        () => undefined, // likewise
      );
    }
  }

  return [pool(Work, { size: 6 }), pool(Probe), pool(Ear), ...postIds.map((id) => single(postAgent(ledger), { id }))];
}

/** A class of its own for each id: two classes of one role would take each other's tasks. */
let classes = 0;
function postAgent(ledger: LedgerWriter): new () => Agent {
  const role = `post-${++classes}`;
  return class Post extends Agent {
    static readonly role = role;
    #inst = '';

    @onStart() up(): void {
      this.#inst = instance();
      ledger.write({ t: 'up', inst: this.#inst, agent: this.id });
    }

    @onMessage('numbered', Numbered)
    async numbered(message: Message<typeof Numbered>): Promise<void> {
      const { from, seq } = message.data;
      ledger.write({ t: 'mail', inst: this.#inst, to: this.id, from, seq, again: message.redelivered });
      if (seq % 5 === 0) await sleep(this.clock, 2);
    }
  };
}

/** Holds up the whole process, as a computation without a pause does. */
function block(ms: number): void {
  const until = now() + ms;
  while (now() < until);
}
