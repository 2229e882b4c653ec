/**
 * The project's own ceiling: the scripts `enqueue` and `settle` of the runtime with the keys they have there, driven by as little code as can
 * drive them. Frames of a tick, owner and delivery checked, results kept, notices heard; no schemas, retries, renewals, repeats, limits
 * or agents. What the runtime takes beyond this is its own doing, not that of the scripts.
 */
import { Redis } from 'ioredis';

const dist = new URL('dist/', process.env.BENCH_PACKAGE);
const { Keys } = await import(new URL('redis/keys.js', dist));
const { Scripts } = await import(new URL('redis/scripts.js', dist));

const [node, role, group] = ['ceiling', 'double', 'g'];
const [mostOps, mostFrames, resultTtlMs, prefetched] = [128, 2, 3_600_000, 256];
const keys = new Keys({ fleet: 'bench', db: 0, classic: false });
const queue = keys.queue(role);
const scripts = new Scripts();
const stream = queue.streams[1];

/** Operations of one script, collected until the tick ends; `send` carries up to 128 of them and resolves to their replies. */
class Lane {
  #send;
  #waiting = [];
  #flying = 0;
  #planned = false;
  #seq = 0;

  constructor(send) {
    this.#send = send;
  }

  submit(op) {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ op, resolve, reject });
      this.#plan();
    });
  }

  #plan() {
    if (this.#planned || this.#flying === mostFrames) return;
    this.#planned = true;
    setImmediate(() => {
      this.#planned = false;
      while (this.#waiting.length > 0 && this.#flying < mostFrames) void this.#fly(this.#waiting.splice(0, mostOps));
    });
  }

  async #fly(parts) {
    this.#flying += 1;
    try {
      const replies = await this.#send(
        ++this.#seq,
        parts.map(({ op }) => op),
      );
      parts.forEach(({ resolve }, i) => resolve(replies[i]));
    } catch (error) {
      for (const { reject } of parts) reject(error);
    }
    this.#flying -= 1;
    if (this.#waiting.length > 0) this.#plan();
  }
}

/** As `Store.carry` has it: the frame in front of keys and arguments of the script. */
async function carry(redis, name, seq, frameKeys, frameArgs) {
  const link = { call: (...words) => redis.call(...words) };
  const whole = [keys.frames(`q:${role}`, name, node), keys.lease(node), ...frameKeys];
  const [code, text] = await scripts.run(link, name, whole, [seq, 0, 1, 0, 600_000, ...frameArgs]);
  if (code !== 'OK') throw new Error(`expected the frame to be taken, got: ${code}`);
  return text.split('\x1e');
}

function enqueueLane(redis) {
  const { meta, streams, parked, due, limits, keyed, turns, behind } = queue;
  const frameKeys = [meta, ...streams, parked, due, limits, keyed, turns, behind];
  return new Lane((seq, ops) => {
    const args = ops.flatMap((envelope) => ['2 0 1000000 0 ', envelope]);
    return carry(redis, 'enqueue', seq, frameKeys, [seq, role, keys.channel('*'), ...args]);
  });
}

function settleLane(redis) {
  const { meta, streams, parked, due, moved, releases, deadByTime, dead, limits, keyed, turns, behind, history } =
    queue;
  const places = [parked, due, moved, releases, deadByTime, dead, limits, keyed, turns, behind, history];
  return new Lane((seq, ops) => {
    const results = ops.map(({ entry }) => queue.result(`n.${entry}`));
    const how = `complete 2 1 ${resultTtlMs} ${node}`;
    const args = ops.flatMap(({ entry, result }) => [how, entry, `complete\x1f1\x1f${result}\x1f`]);
    const head = [seq, node, keys.processChannels, keys.channel('*'), role, 10_000];
    return carry(redis, 'settle', seq, [meta, ...streams, ...places, ...results, queue.cancelled], [...head, ...args]);
  });
}

function envelopeOf(data, n) {
  const trace = { id: `trace-${n}`, asks: [] };
  const head = { v: 1, opId: `op-${n}`, kind: 'task', from: node, via: node, to: role, name: role };
  return JSON.stringify({ ...head, data, sentAt: Date.now(), trace, policy: { retries: 3 } });
}

/** Reads ahead of a bounded number of handlers and settles what they return. */
class Consumer {
  #redis;
  #settle;
  #work;
  #onSettled;
  #most;
  #running = 0;
  #ready = [];
  #inHand = 0;
  #room = () => {};
  #closed = false;

  constructor({ redis, settle, work, onSettled, concurrency }) {
    this.#redis = redis;
    this.#settle = settle;
    this.#work = work;
    this.#onSettled = onSettled;
    this.#most = concurrency;
  }

  async read() {
    while (!this.#closed) {
      const room = prefetched - this.#inHand;
      if (room < prefetched / 2) {
        await new Promise((resolve) => (this.#room = resolve));
        continue;
      }
      const words = ['GROUP', group, node, 'COUNT', room, 'BLOCK', 100, 'STREAMS', stream, '>'];
      const entries = (await this.#redis.call('xreadgroup', ...words))?.[0][1] ?? [];
      this.#inHand += entries.length;
      for (const entry of entries) this.#ready.push(entry);
      this.#next();
    }
  }

  close() {
    this.#closed = true;
  }

  #next() {
    while (this.#running < this.#most && this.#ready.length > 0) void this.#handle(this.#ready.shift());
  }

  async #handle([entry, [, envelope]]) {
    this.#running += 1;
    const result = JSON.stringify(await this.#work(JSON.parse(envelope).data));
    const reply = await this.#settle.submit({ entry, result });
    this.#running -= 1;
    this.#inHand -= 1;
    if (reply === '1') this.#onSettled();
    this.#next();
    this.#room();
  }
}

export async function openTasks({ url, work, onSettled }) {
  const [commands, reading, hearing] = [new Redis(url), new Redis(url), new Redis(url, { enableReadyCheck: false })];
  await scripts.load(commands);
  await commands.set(keys.lease(node), 1, 'EX', 600);
  await commands.call('xgroup', 'CREATE', stream, group, '0', 'MKSTREAM').catch(() => {}); // it is there
  await hearing.subscribe(keys.channel(node));
  const enqueue = enqueueLane(commands);
  let consumer;
  let count = 0;
  const one = async (input) => (await enqueue.submit(envelopeOf(input, ++count))).slice(1);
  return {
    async consume(concurrency) {
      consumer = new Consumer({ redis: reading, settle: settleLane(commands), work, onSettled, concurrency });
      void consumer.read();
    },
    async produce() {},
    enqueue: one,
    enqueueMany: (inputs) => Promise.all(inputs.map(one)),
    async resultsOf(entries) {
      const records = await commands.mget(...entries.map((entry) => queue.result(`n.${entry}`)));
      return records.map((record) => JSON.parse(record.split('\x1f')[2]));
    },
    close: () => [commands, reading, hearing].forEach((redis) => redis.disconnect()),
  };
}
