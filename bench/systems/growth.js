/**
 * The runtime for the growth curves: nodes as users start them, and a node that speaks with the ports itself, so that one call can be
 * looked at by itself.
 */
import { z } from 'zod';
import { outputOf } from '../run/tally.js';
import { Agent, message, pool, startFleet, task } from './ours.js';

const dist = new URL('dist/', process.env.BENCH_PACKAGE);
const { Observer } = await import(new URL('core/observer.js', dist));
const { systemClock, systemRandom } = await import(new URL('core/system.js', dist));
const { RedisBroker } = await import(new URL('redis/broker.js', dist));

const Input = z.object({ n: z.int(), text: z.string() });
const Output = z.object({ n: z.int(), twice: z.int() });
const fleetName = 'growth';
/** Portions of frames, in operations. */
export const frameOps = 128;
/** A machine that is busy with a hundred thousand agents is no reason to begin anew; heartbeats come as always. */
const timing = { presenceLease: '30s' };
/** Of the queues that are filled. */
const most = 100_000_000;

/** Tasks of whoever enqueues them. */
export const queue = 'double';
export const address = { role: queue, task: 'double' };

const told = new Set();

/** The first of its kind says it: a hundred thousand agents may have the same trouble. */
function tellOnce({ what, error }) {
  const said = `trouble: ${what}: ${error.message}`;
  if (!told.has(said)) console.error(said);
  told.add(said);
}

/** A node with these hostings. `onSettled` hears of every task that completes here. */
export async function startNode(url, agents, { onSettled } = {}) {
  const observer = new Observer();
  observer.on('task.settled', ({ outcome, error }) => {
    if (outcome === 'complete') onSettled?.();
    else console.error(`a task ended as ${outcome}: ${JSON.stringify(error)}`);
  });
  observer.on('broker.trouble', tellOnce);
  const options = { redis: url, fleet: fleetName, agents, timing, limits: { maxWaiting: most } };
  const { fleet, node, stop } = await startFleet(options, { observer });
  return { fleet, node, close: () => stop({ graceMs: 0 }) };
}

function doubling(work) {
  return class DoubleAgent extends Agent {
    static handlers = { double: task(Input, Output) };
    double({ input }) {
      return work(input);
    }
  };
}

function noting(onMessage) {
  return class NoteAgent extends Agent {
    static handlers = { note: message(Input) };
    note({ data }) {
      onMessage(data);
    }
  };
}

/** A node that handles the tasks of `queue`, a hundred at a time, with `others` agents beside it. `work` makes the output of an input. */
export function startWorker(url, { work, others = 0, onSettled }) {
  const agents = [
    pool(doubling(work), { concurrency: 100 }),
    pool(
      noting(() => {}),
      { size: others },
    ),
  ];
  return startNode(url, agents, { onSettled });
}

/** A node with so many agents that have an inbox each, and one that handles tasks. */
export async function startCrowd(url, { size, onMessage }) {
  const agents = [
    pool(noting(onMessage), { size }),
    pool(
      doubling(({ n }) => outputOf(n)),
      { concurrency: 100 },
    ),
  ];
  const { fleet, node, close } = await startNode(url, agents);
  return { fleet, close, idOf: (n) => `note@${node}.${1 + (n % size)}` };
}

let frames = 0;

/** The ports in the name of a node that is present for as long as a measurement lasts. */
export async function openPorts(url) {
  const node = `ports-${++frames}`;
  const broker = new RedisBroker({
    url,
    fleet: fleetName,
    classic: false,
    address: node,
    clock: systemClock,
    random: systemRandom,
    observer: new Observer(),
    retention: { events: 100_000, eventsAgeMs: 3_600_000 },
  });
  await broker.start();
  await broker.presence.join({ node, host: 'host', pid: 1, startedAt: 1, status: '{}' }, 3_600_000);
  const frame = (ops) => ({ tag: queue, sender: node, seq: ++frames, prev: 0, known: 0, leased: true, ops });
  return {
    tasks: broker.tasks,
    queues: broker.queues,
    node,
    enqueue: (envelopes, delayMs = 0) =>
      broker.tasks.enqueue(
        frame(envelopes.map((envelope) => ({ priority: 'normal', delayMs, envelope, maxWaiting: most }))),
      ),
    claim: async (count) => (await broker.tasks.claim({ queue, node, count })).tasks,
    /** Throws unless every one was held. */
    async settle(claimed, outcome) {
      const replies = await broker.tasks.settle(frame(claimed.map(({ receipt }) => ({ receipt, outcome }))));
      const wrong = replies.find((reply) => reply !== 'settled');
      if (wrong !== undefined) throw new Error(`expected the claim to be settled, got: ${wrong}`);
    },
    /** Of what is not overdue: nothing is, for as long as a measurement lasts. */
    recover: () => broker.tasks.recover({ queue, node, count: frameOps, leaseMs: 3_600_000, gone: [] }),
    promote: () => broker.tasks.promote({ queue, node, count: frameOps }),
    renew: (claimed) => broker.tasks.renew({ queue, node, receipts: claimed.map(({ receipt }) => receipt) }),
    stop: () => broker.stop(),
  };
}

/** What a settle says; results are kept as long as they are by default. */
export const complete = { kind: 'complete', result: '{"n":1,"twice":2}', resultTtlMs: 3_600_000 };
const error = { name: 'Error', code: 'error', message: 'it broke' };
export const die = { kind: 'dead', reason: 'attempts', error, resultTtlMs: 3_600_000 };
