/**
 * bee-queue with retries armed. It keeps no results: whoever saved a task hears them as events, which is what is checked here. It says
 * "stalled" where others have a lease, and checks no schema.
 */
import Queue from 'bee-queue';
import { connectionOf } from './address.js';

const name = 'bench';

export async function openTasks({ url, work, onSettled }) {
  const redis = connectionOf(url);
  const closing = [];
  let queue;
  const made = (input) => queue.createJob(input).retries(3).backoff('exponential', 500);
  /** Its result is heard once, so it is listened for before it is saved. */
  const following = (one) => {
    const result = new Promise((resolve, reject) => one.once('succeeded', resolve).once('failed', reject));
    return { one, result };
  };
  return {
    async consume(concurrency) {
      const consumer = new Queue(name, { redis, getEvents: false, storeJobs: false, activateDelayedJobs: true });
      await consumer.ready();
      consumer.on('succeeded', onSettled);
      consumer.on('failed', (_, error) => console.error(`a task failed: ${error}`));
      consumer.process(concurrency, async ({ data }) => work(data));
      closing.unshift(consumer);
    },
    async produce() {
      queue = new Queue(name, { redis, isWorker: false });
      await queue.ready();
      closing.push(queue);
    },
    async enqueue(input) {
      const followed = following(made(input));
      await followed.one.save();
      return followed;
    },
    async enqueueMany(inputs) {
      const followed = inputs.map((input) => following(made(input)));
      const failed = await queue.saveAll(followed.map(({ one }) => one));
      if (failed.size > 0) throw [...failed.values()][0];
      return followed;
    },
    async run(input) {
      const { one, result } = following(made(input));
      await one.save();
      return result;
    },
    resultsOf: (followed) => Promise.all(followed.map(({ result }) => result)),
    waiting: async () => (await queue.checkHealth()).waiting,
    async close() {
      for (const one of closing) await one.close(100);
    },
  };
}
