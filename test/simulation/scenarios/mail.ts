/**
 * Scenarios of mail, broadcasts and locks: who answers, what is kept for those who are away, and who is inside.
 */
import {
  Agent,
  type Broadcast,
  type Lock,
  type Message,
  onBroadcast,
  onMessage,
  onTask,
  pool,
  single,
  type Task,
} from 'agent-runtime';
import { sleep } from '../../../src/core/clock.ts';
import type { FaultRates, Scenario, Simulation } from '../../../src/testing.ts';
import { demand, outcomeOf, tolerated } from './expected.ts';

const often = { retries: 40, backoff: '100ms' } as const;
const wire: FaultRates = {
  'lost-call': 0.03,
  'lost-reply': 0.03,
  'repeated-frame': 0.3,
  deaf: 0.15,
  'late-delivery': 0.02,
};

/** One in the fleet. */
class OracleAgent extends Agent {
  static readonly role = 'oracle';
  @onMessage('what') async what(message: Message): Promise<unknown> {
    await sleep(this.clock, 200, message.signal);
    return { answer: message.data };
  }
}

const askMs = 45_000;

/** An answer belongs to its question; and who asks somebody who is gone is told so, and does not sit out the deadline. */
const asks: Scenario = {
  name: 'asks',
  nodes: 2,
  agents: [single(OracleAgent, { id: 'oracle' })],
  faults: { ...wire, kill: 0.1, restart: 0.05, freeze: 0.03, 'crash-after-call': 0.01, 'handler-kills': 0.05 },
  run: async (sim, size) => {
    const { scheduler } = sim.world;
    const asked: Promise<void>[] = [];
    const ask = async (number: number): Promise<void> => {
      const at = scheduler.nowMs;
      const outcome = await outcomeOf(sim.fleet.ask('oracle', 'what', number, { deadline: 2 * askMs }));
      const tookMs = scheduler.nowMs - at;
      const isRight = 'error' in outcome || JSON.stringify(outcome.value) === JSON.stringify({ answer: number });
      demand(isRight, () => `ask ${number} was answered ${JSON.stringify(outcome)}`);
      const isUnheard = sim.faults.some(({ kind, at }) => kind === 'deaf' || at.includes('/notices.post/'));
      const told = (): string => `ask ${number} took ${tookMs} ms to end with ${JSON.stringify(outcome)}`;
      demand(tookMs < askMs || isUnheard, told); // what nobody heard ends with its deadline
    };
    for (let number = 0; number < Math.ceil(10 * size); number++) {
      asked.push(ask(number));
      await sim.advance('700ms');
    }
    await Promise.all(asked);
  },
};

let letters: { readonly kind: string; readonly id: string; readonly stored: boolean; readonly key: string }[] = [];

class ClerkAgent extends Agent {
  static readonly role = 'clerk';
  @onMessage('note') async note(_message: Message): Promise<void> {
    await sleep(this.clock, 40);
  }
  @onMessage('sour') sour(_message: Message): void {
    throw new Error('it does not agree with it');
  }
}

/** Messages with a key, messages that nobody takes, and those whose handler throws. */
const post: Scenario = {
  name: 'letters',
  nodes: 2,
  agents: [single(ClerkAgent, { id: 'clerk', mailbox: 3 })],
  faults: {
    ...wire,
    'late-delivery': 0.15,
    'broker-full': 0.1,
    kill: 0.1,
    restart: 0.06,
    freeze: 0.03,
    'crash-after-call': 0.01,
    cut: 0.05,
  },
  run: async (sim, size) => {
    letters = [];
    const kinds = ['note', 'note', 'unheard-of', 'note', 'sour'];
    for (let number = 0; number < Math.ceil(30 * size); number++) {
      const kind = kinds[number % kinds.length] ?? 'note';
      const key = kind === 'note' && number % 2 === 0 ? `key-${Math.floor(number / 4)}` : `own-${number}`;
      const sent = await sim.fleet.send('clerk', kind, number, { key }).catch(tolerated);
      if (sent !== undefined) letters.push({ kind, key, ...sent });
      if (number % 6 === 0) await sim.advance('400ms');
    }
    await sim.advance('3s');
  },
  check: ({ world }) => {
    const { ledger, fleet } = world;
    const ids = new Map<string, string>();
    for (const { kind, id, key } of letters) {
      const first = ids.get(key) ?? id;
      ids.set(key, first);
      demand(first === id, () => `key ${key} stands for ${first} and for ${id}`);
      const isDead = [...fleet.deadMail.all()].some(({ opId }) => opId === id);
      demand(isDead === (kind === 'unheard-of'), () => `${kind} ${id} is ${isDead ? 'a' : 'no'} dead letter`);
      const runs = ledger.runsById.get(id) ?? [];
      demand(
        kind !== 'sour' ||
          runs.filter(({ end }) => end === 'threw').length <= 1 ||
          runs.some(({ redelivered }) => redelivered),
        () => `${id} threw ${runs.length} times`,
      );
    }
  },
};

class BookAgent extends Agent {
  static readonly role = 'book';
  @onBroadcast('order.*', { durable: true }) async order(_event: Broadcast): Promise<void> {
    await sleep(this.clock, 400);
  }
}

/** Who subscribes durably hears everything, also what was said while it was away; what may be a repeat says so. */
const durable: Scenario = {
  name: 'durable',
  nodes: 2,
  agents: [single(BookAgent, { id: 'book', mailbox: 2 })],
  faults: {
    ...wire,
    kill: 0.2,
    restart: 0.1,
    stop: 0.05,
    freeze: 0.03,
    'crash-after-call': 0.01,
    'handler-kills': 0.04,
  },
  run: async (sim, size) => {
    await sim.fleet.broadcast('order.first', 0).catch(tolerated);
    await sim.advance('1s');
    for (let number = 1; number < Math.ceil(20 * size); number++) {
      await sim.fleet.broadcast('order.paid', number).catch(tolerated);
      await sim.advance(number % 4 === 0 ? '900ms' : '40ms');
    }
    await sim.advance('3s');
  },
  check: ({ world }) => {
    const runs = world.ledger.runs.filter(({ kind }) => kind === 'broadcast');
    const from = world.events.findIndex(({ id }) => id === runs[0]?.id);
    for (const { id, topic } of world.events.slice(Math.max(0, from))) {
      const of = world.ledger.runsById.get(id) ?? [];
      demand(
        of.some(({ end }) => end !== 'running'),
        () => `${topic} ${id} was never handled to its end`,
      );
      demand(
        of.filter(({ redelivered }) => !redelivered).length <= 1,
        () => `${topic} ${id} came again without a mark`,
      );
      const isAlone = new Set(of.map(({ instance }) => instance)).size === of.length;
      demand(isAlone, () => `${topic} ${id} came twice to one instance`);
    }
    demand(from >= 0 || world.events.length === 0, () => 'nothing was heard');
  },
};

class LateEarAgent extends Agent {
  static readonly role = 'lateear';
  @onBroadcast('news.**') async news(_event: Broadcast): Promise<void> {
    await sleep(this.clock, 70);
  }
}

/** Bursts that overflow a small mailbox, while the live copy is lost or late: everything is read from the stream. */
const bursts: Scenario = {
  name: 'bursts',
  nodes: 2,
  agents: [pool(LateEarAgent, { mailbox: 3 })],
  faults: { ...wire, deaf: 0.4, 'late-delivery': 0.3, cut: 0.08, kill: 0.03, stall: 0.1 },
  run: async (sim, size) => {
    for (let burst = 0; burst < Math.ceil(6 * size); burst++) {
      const said = Array.from({ length: 2 + (burst % 3) * 4 }, (_, number) =>
        sim.fleet.broadcast(`news.${burst}`, number).catch(tolerated),
      );
      await Promise.all(said);
      await sim.advance('900ms');
    }
    await sim.advance('3s');
  },
};

/** Who is inside the vault, by token. */
const inside = new Map<number, Lock>();
let vault = { token: 0 };
let visits = 0;
let lost = 0;
/** Kinds of faults under which nobody loses a lock. */
const harmless = new Set([
  'stall',
  'deaf',
  'repeated-frame',
  'late-delivery',
  'handler-throws',
  'clock-drift',
  'clock-jump',
]);

/** A process that stands still while it is cut off cannot see the end of a lease that it could not renew. */
function isBlind({ faults }: Simulation): boolean {
  const cut = faults.filter(({ kind }) => kind === 'cut').map(({ at }) => at.split('/')[0]);
  return faults.some(({ kind, at }) => kind === 'stall' && cut.includes(at.split('/')[0]));
}

class VaultAgent extends Agent {
  static readonly role = 'vault';
  @onTask('enter', undefined, undefined, { ...often, timeout: '90s' }) async enter(task: Task): Promise<void> {
    await this.withLock('vault', { lease: '4s', wait: '60s', signal: task.signal }, (lock) => this.#visit(lock));
  }

  /** Longer than the lease, so that it has to be renewed. */
  async #visit(lock: Lock): Promise<void> {
    for (const [token, other] of inside) if (other.signal.aborted) inside.delete(token);
    lock.guard(vault);
    inside.set(lock.token, lock);
    visits++;
    await sleep(this.clock, visits % 3 === 0 ? 6_000 : 300, lock.signal).catch(tolerated);
    inside.delete(lock.token);
    if (lock.signal.aborted) lost++;
    else lock.guard(vault);
  }
}

/** One at a time inside; nothing here ends a process, so that everybody who is inside knows it. */
const locking: Scenario = {
  name: 'locks',
  nodes: 2,
  agents: [pool(VaultAgent, { size: 2 })],
  faults: { ...wire, stall: 0.2, 'handler-throws': 0.1, cut: 0.1, 'clock-drift': 0.1, 'clock-jump': 0.05 },
  run: async (sim, size) => {
    inside.clear();
    [vault, visits, lost] = [{ token: 0 }, 0, 0];
    sim.always(
      'one at a time is inside',
      () => [...inside.values()].filter(({ signal }) => !signal.aborted).length <= 1 || isBlind(sim),
    );
    for (let number = 0; number < Math.ceil(12 * size); number++) {
      await sim.fleet.enqueue(VaultAgent, 'enter', number).catch(tolerated);
      await sim.advance('250ms');
    }
    await sim.advance('10s');
  },
  check: ({ faults }) => {
    const isCalm = faults.every(({ kind }) => harmless.has(kind));
    demand(lost === 0 || !isCalm, () => `${lost} locks were lost, and nothing was in their way`);
  },
};

export const mailScenarios: readonly Scenario[] = [asks, post, durable, bursts, locking];
