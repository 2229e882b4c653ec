/**
 * BullMQ with the guarantees that it has: retries with backoff armed, finished ones kept with what they returned (its default). What it
 * is given is checked by no schema.
 */
import { Job, Queue, QueueEvents, Worker } from 'bullmq';
import { outputOf } from '../run/tally.js';
import { connectionOf } from './address.js';

const name = 'bench';
const defaultJobOptions = { attempts: 4, backoff: { type: 'exponential', delay: 500 } };

export async function openTasks({ url, work, onSettled }) {
  const connection = connectionOf(url);
  const closing = [];
  let queue;
  let events;
  return {
    async consume(concurrency) {
      const worker = new Worker(name, async ({ data }) => work(data), { connection, concurrency });
      worker.on('completed', onSettled);
      worker.on('failed', (_, error) => console.error(`a task failed: ${error}`));
      await worker.waitUntilReady();
      closing.unshift(worker);
    },
    /** Results are waited for by events, which cost a connection; who waits for none opens none. */
    async produce({ waits = false } = {}) {
      queue = new Queue(name, { connection, defaultJobOptions });
      queue.setMaxListeners(0); // each wait for a result is one
      await queue.waitUntilReady();
      closing.push(queue);
      if (!waits) return;
      events = new QueueEvents(name, { connection });
      await events.waitUntilReady();
      closing.unshift(events);
    },
    enqueue: (input) => queue.add('double', input),
    enqueueMany: (inputs) => queue.addBulk(inputs.map((data) => ({ name: 'double', data }))),
    run: async (input) => (await queue.add('double', input)).waitUntilFinished(events),
    resultsOf: (added) => Promise.all(added.map(async ({ id }) => (await Job.fromId(queue, id)).returnvalue)),
    waiting: () => queue.getWaitingCount(),
    async close() {
      for (const one of closing) await one.close(true);
    },
  };
}

/** So many of its consumers in this process. */
export async function openMany({ url, agents }) {
  const connection = connectionOf(url);
  const all = Array.from(
    { length: agents },
    (_, i) => new Worker(`${name}-${i}`, async () => outputOf(i), { connection }),
  );
  await Promise.all(all.map((one) => one.waitUntilReady()));
  return { close: () => Promise.all(all.map((one) => one.close(true))) };
}
