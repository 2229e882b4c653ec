/**
 * The runtime, from the package as users install it (`BENCH_PACKAGE` says where), with all its guarantees on: durable tasks, leases,
 * guarded settles, retries armed, input and output checked by schemas, results kept.
 */
import { z } from 'zod';
import { inputOf, outputOf } from '../run/tally.js';

const dist = new URL('dist/', process.env.BENCH_PACKAGE);
export const { Agent, broadcast, connect, message, pool, single, startFleet, task } = await import(
  new URL('index.js', dist)
);
const { Observer } = await import(new URL('core/observer.js', dist));

const Input = z.object({ n: z.int(), text: z.string() });
const Output = z.object({ n: z.int(), twice: z.int() });
const fleet = 'bench';

/** `onSettled` hears of every task that comes to an end here. */
export function start(url, agents, { onSettled, timing } = {}) {
  const observer = new Observer();
  if (onSettled !== undefined) observer.on('task.settled', onSettled);
  observer.on('broker.trouble', ({ what, error }) => console.error(`trouble: ${what}: ${JSON.stringify(error)}`));
  return startFleet({ redis: url, fleet, agents, timing }, { observer });
}

export const join = (url) => connect({ redis: url, fleet });

export function doubling(work) {
  return class DoubleAgent extends Agent {
    static handlers = { double: task(Input, Output) };
    double({ input }) {
      return work(input);
    }
  };
}

export async function openTasks({ url, work, onSettled }) {
  const DoubleAgent = doubling(work);
  let running;
  let client;
  let verbs;
  return {
    async consume(concurrency) {
      const settled = ({ outcome, error }) => {
        if (outcome === 'complete') onSettled();
        else console.error(`a task ended as ${outcome}: ${JSON.stringify(error)}`);
      };
      running = await start(url, [pool(DoubleAgent, { concurrency })], { onSettled: settled });
    },
    async produce() {
      if (running === undefined) client = await join(url);
      verbs = running?.fleet ?? client;
    },
    enqueue: (input) => verbs.enqueue(DoubleAgent, 'double', input),
    enqueueMany: (inputs) => verbs.enqueueMany(DoubleAgent, 'double', inputs),
    run: (input) => verbs.run(DoubleAgent, 'double', input),
    resultsOf: (handles) => Promise.all(handles.map((handle) => handle.result())),
    waiting: async () => (await verbs.queue('double')).waiting,
    async close() {
      await client?.close();
      await running?.stop({ graceMs: 0 });
    },
  };
}

export async function serveCalls({ url }) {
  class EchoAgent extends Agent {
    static handlers = { double: message(Input, Output) };
    double({ data }) {
      return outputOf(data.n);
    }
  }
  const running = await start(url, [single(EchoAgent, { id: 'echo', concurrency: 1_000, mailbox: 10_000 })]);
  return { close: () => running.stop({ graceMs: 0 }) };
}

export async function openCalls({ url }) {
  const client = await join(url);
  return { call: (n) => client.ask('echo', 'double', inputOf(n)), close: () => client.close() };
}

export async function hearBroadcasts({ url, onHeard }) {
  class EarAgent extends Agent {
    static handlers = { hear: broadcast('numbers', Input) };
    hear({ data }) {
      onHeard(data);
    }
  }
  const running = await start(url, [pool(EarAgent)]);
  return { close: () => running.stop({ graceMs: 0 }) };
}

export async function openBroadcasts({ url }) {
  const client = await join(url);
  return { broadcast: (n) => client.broadcast('numbers', inputOf(n)), close: () => client.close() };
}

/** Locks with a fencing token, which has to grow with every grant of a name. */
export async function openLocks({ url }) {
  const client = await join(url);
  const tokens = new Map();
  return {
    async lockAndUnlock(name) {
      const lock = await client.lock(name);
      if (!(lock.token > (tokens.get(name) ?? 0)))
        throw new Error(`expected the token of ${name} to grow, got: ${lock.token}`);
      tokens.set(name, lock.token);
      await lock.release();
    },
    close: () => client.close(),
  };
}

/** So many agents in this process, each with an inbox of its own. */
export async function openMail({ url, agents, onMessage }) {
  class NoteAgent extends Agent {
    static handlers = { note: message(Input) };
    note({ data }) {
      onMessage(data);
    }
  }
  const running = await start(url, [pool(NoteAgent, { size: agents })]);
  const idOf = (n) => `note@${running.node}.${1 + (n % agents)}`;
  return {
    send: (n) => running.fleet.send(idOf(n), 'note', inputOf(n)),
    close: () => running.stop({ graceMs: 0 }),
  };
}

/** So many agents that have nothing to do. */
export async function openMany({ url, agents }) {
  class NoteAgent extends Agent {
    static handlers = { note: message(Input) };
    note() {}
  }
  const running = await start(url, [pool(NoteAgent, { size: agents })]);
  return { close: () => running.stop({ graceMs: 0 }) };
}
