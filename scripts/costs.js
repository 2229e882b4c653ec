// `npm run costs`: what the runtime costs its Redis, in microseconds of the server's processor: for a task from enqueue to its result, a
// message, a broadcast, and for a second in which nothing happens, without a node and with one; and for an
// agent that starts and stops, and what Redis keeps of it in between, and of a result. On one server, and on a cluster of three masters with one partition
// and with eight. docs/scale.md reckons with these figures.
//
// Each figure is the growth of `used_cpu_user` and `used_cpu_sys` of INFO, over all masters, for each operation; the median of the
// rounds, with the least and the most.
//
// Options: `--tasks N` (20,000 for each round), `--rounds N` (3), `--json` (the last line is one JSON object).
import { cpus } from 'node:os';
import { setTimeout as pause } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { Redis } from 'ioredis';
import { register } from 'tsx/esm/api';

register();
const { Agent, broadcast, message, pool, single, startFleet, task } = await import('../src/index.ts');
const { startCluster } = await import('../test/support/redis-cluster.ts');
const { startRedis } = await import('../test/support/redis-server.ts');

const { values: options } = parseArgs({
  options: { tasks: { type: 'string' }, rounds: { type: 'string' }, json: { type: 'boolean' } },
});
const [many, rounds] = [Number(options.tasks ?? 20_000), Number(options.rounds ?? 3)];
const [batch, idleMs] = [500, 3_000];
const agentsAtOnce = 5_000;
const letters = Math.min(many, 5_000); // an inbox has room for 10,000
const timing = { presenceLease: '30s' }; // a busy machine is no reason to begin anew; heartbeats come as always
const input = { n: 1, text: 'x'.repeat(180) };

class DoubleAgent extends Agent {
  static handlers = { double: task() };
  double({ input: { n } }) {
    return { n, twice: 2 * n };
  }
}
let [noted, heard] = [0, 0];
class EarAgent extends Agent {
  static handlers = { note: message(), hear: broadcast('numbers') };
  note() {
    noted += 1;
  }
  hear() {
    heard += 1;
  }
}

class ManyAgent extends Agent {
  static handlers = { note: message() };
  note() {}
}

const found = {};
await measureOn('one server', await one(), undefined);
await measureOn('a cluster, one partition', await three(), { double: { partitions: 1 } });
await measureOn('a cluster, eight partitions', await three(), { double: { partitions: 8 } });
console.log(`${cpus()[0]?.model.trim()}, ${cpus().length} cores, Node ${process.version}`);
if (options.json) console.log(JSON.stringify(found));

async function one() {
  const server = await startRedis();
  return { url: server.url, servers: [server], stop: () => server.stop() };
}

async function three() {
  const cluster = await startCluster();
  return { url: cluster.url, servers: cluster.masters, stop: () => cluster.stop() };
}

async function measureOn(place, { url, servers, stop }, queues) {
  const admins = servers.map((server) => new Redis(server.url));
  const agents = [pool(DoubleAgent, { concurrency: 100 }), single(EarAgent, { id: 'ear' })];
  const spend = (name, count, run) => measure(admins, `${place}: ${name}`, count, run);
  await spend('an idle second without a node', idleMs / 1_000, () => pause(idleMs));
  const node = await startFleet({ redis: url, agents, timing, ...(queues && { queues }) });
  const before = await memoryOf(admins);
  await spend('a task', many, () => inBatches(many, () => node.fleet.run(DoubleAgent, 'double', input)));
  tellBytes(`${place}: Redis memory of a kept result`, ((await memoryOf(admins)) - before) / (many * (rounds + 1)));
  await spend('a message', letters, async () => {
    const wanted = noted + letters;
    await inBatches(letters, () => node.fleet.send('ear', 'note', input));
    await until(() => noted >= wanted);
  });
  await spend('a broadcast', many, async () => {
    const wanted = heard + many;
    await inBatches(many, () => node.fleet.broadcast('numbers', input));
    await until(() => heard >= wanted);
  });
  await spend('an idle second with a node', idleMs / 1_000, () => pause(idleMs));
  await agentsOn(place, { url, admins });
  await node.stop({ graceMs: 0 });
  for (const admin of admins) admin.disconnect();
  await stop();
}

/** What the start and the end of agents cost, and what Redis keeps of one while it is idle. */
async function agentsOn(place, { url, admins }) {
  const kept = [];
  await measure(admins, `${place}: an agent that comes and goes`, agentsAtOnce, async () => {
    const before = await memoryOf(admins);
    const many = await startFleet({ redis: url, agents: [pool(ManyAgent, { size: agentsAtOnce })], timing });
    kept.push(((await memoryOf(admins)) - before) / agentsAtOnce);
    await many.stop({ graceMs: 0 });
  });
  tellBytes(`${place}: Redis memory of an idle agent`, kept.sort((a, b) => a - b)[Math.floor(kept.length / 2)]);
}

async function memoryOf(admins) {
  const texts = await Promise.all(admins.map((admin) => admin.info('memory')));
  return texts.reduce((sum, text) => sum + Number(/^used_memory:(\d+)/m.exec(text)?.[1]), 0);
}

function tellBytes(name, bytes) {
  found[name] = { median: bytes };
  console.log(`${name}: ${Math.round(bytes)} bytes`);
}

/** The first round warms up. */
async function measure(admins, name, count, run) {
  const figures = [];
  let busiest = 0;
  for (let round = 0; round <= rounds; round++) {
    const before = await Promise.all(admins.map(cpuUs));
    await run();
    const used = (await Promise.all(admins.map(cpuUs))).map((us, index) => us - before[index]);
    const all = used.reduce((sum, us) => sum + us, 0);
    if (round > 0) figures.push(all / count);
    busiest = Math.max(...used) / all;
  }
  figures.sort((a, b) => a - b);
  const [least, most] = [figures[0], figures.at(-1)];
  const median = figures[Math.floor(figures.length / 2)];
  found[name] = { median, least, most, busiest };
  const share = admins.length > 1 ? `, ${Math.round(100 * busiest)} % of it on the busiest master` : '';
  console.log(`${name}: ${median.toFixed(1)} us (${least.toFixed(1)} to ${most.toFixed(1)})${share}`);
}

async function cpuUs(admin) {
  const info = await admin.info('cpu');
  const of = (field) => 1e6 * Number(new RegExp(`^${field}:([\\d.]+)`, 'm').exec(info)?.[1]);
  return of('used_cpu_user') + of('used_cpu_sys');
}

async function inBatches(count, call) {
  for (let from = 0; from < count; from += batch) {
    await Promise.all(Array.from({ length: Math.min(batch, count - from) }, call));
  }
}

async function until(check) {
  for (let waitedMs = 0; !check(); waitedMs += 5) {
    if (waitedMs > 60_000) throw new Error('expected everything to arrive within a minute');
    await pause(5);
  }
}
