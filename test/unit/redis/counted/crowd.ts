/**
 * A fleet with as much of everything as is asked for: tasks in every state, messages, events, nodes, waiters, schedules, and what classic
 * agents have left.
 *
 * It has a server of its own, because the lists of classic agents belong to a server, and because its commands are counted.
 */
import { Redis } from 'ioredis';
import { startMark } from '../../../../src/broker/foreign.ts';
import { Observer } from '../../../../src/core/observer.ts';
import type { Random } from '../../../../src/core/random.ts';
import { systemClock, systemRandom } from '../../../../src/core/system.ts';
import { RedisBroker } from '../../../../src/redis/broker.ts';
import { Keys } from '../../../../src/redis/keys.ts';
import { frame, type Member, nodeInfo } from '../../../contract/harness.ts';
import { acknowledge, inbox, message } from '../../../contract/post.ts';
import { die, failure, numbered, put, release, retry, settle, take } from '../../../contract/work.ts';
import { startRedis } from '../../../support/redis-server.ts';
import { waitFor } from '../../../support/wait.ts';

export interface Crowd {
  /** How much there is of everything. */
  readonly size: number;
  /** The present node that makes the calls. */
  readonly node: Member;
  readonly raw: Redis;
  readonly keys: Keys;
  /** Of every agent that the node owns. */
  readonly epochs: Map<string, number>;
  stop(): Promise<void>;
}

/** Ids are of the same length in every fleet: how many notices a PUBLISH carries depends on their bytes. */
const evenRandom: Random = { fraction: () => 0.5, id: () => systemRandom.id() };

/** A queue as it is where all goes well. */
export const plain = 'plain';
/** One of which tasks have moved and holders were lost. */
export const worn = 'worn';
/** One that has limits, concurrency keys, marks of cancelled tasks and released ones. */
export const limited = 'limited';
/** One that has released tasks only. */
export const released = 'released';
/** The agent that has many messages and dead letters, the lock with many waiters, the semaphore with many holders. */
export const [agent, line, room] = ['crowded', 'line', 'room'];
export const permits = 1_000;
export const leaseMs = 600_000;
const frameOps = 128;

export const many = <T>(count: number, make: (at: number) => T): T[] =>
  Array.from({ length: count }, (_, at) => make(at));
export const all = <T>(count: number, call: (at: number) => Promise<T>): Promise<T[]> => Promise.all(many(count, call));

/** One of the many agents that the node owns. */
export const ownAgent = ({ size }: Crowd, at: number): string => `a${at % size}`;

/** `make` for each number below `count`, handed over in portions as large as a frame may be. */
export async function inFrames<T>(
  count: number,
  make: (at: number) => T,
  hand: (some: T[]) => Promise<unknown>,
): Promise<void> {
  const whole = many(count, make);
  for (let from = 0; from < count; from += frameOps) await hand(whole.slice(from, from + frameOps));
}

let made = 0;
/** A name that nothing else has. */
export const fresh = (prefix: string): string => `${prefix}${++made}`;

export async function openCrowd(size: number): Promise<Crowd> {
  const server = await startRedis();
  const address = 'node';
  const broker = new RedisBroker({
    url: server.url,
    fleet: 'counted',
    classic: false,
    address,
    clock: systemClock,
    random: evenRandom,
    observer: new Observer(),
    retention: { events: 100_000, eventsAgeMs: 3_600_000 },
  });
  const info = await broker.start();
  const raw = new Redis(server.url);
  const node: Member = Object.assign(broker, { address, info });
  await node.presence.join(nodeInfo(address), leaseMs);
  const keys = new Keys({ fleet: 'counted', db: 0, classic: false });
  const crowd: Crowd = {
    size,
    node,
    raw,
    keys,
    epochs: new Map(),
    async stop() {
      await broker.stop();
      raw.disconnect();
      await server.stop();
    },
  };
  for (const fill of [fillNodes, fillPlain, fillWorn, fillLimited, fillMail, fillFleet, fillLocks, fillClassic])
    await fill(crowd);
  return crowd;
}

/** Before there are agents: a node that joins looks at some of them. */
async function fillNodes({ size, node }: Crowd): Promise<void> {
  await all(size, (at) => node.presence.join(nodeInfo(`n${at}`), leaseMs));
}

/** Waiting, claimed, dead and parked. */
async function fillPlain({ size, node }: Crowd): Promise<void> {
  const some = numbered(size);
  await put(node, some, { queue: plain });
  await settle(node, await take(node, size, plain), die);
  await put(node, [...some, ...some], { queue: plain });
  await take(node, size, plain);
  await put(node, some, { queue: plain, delayMs: 3_600_000 });
}

/** Tried again, taken over, parked and due. */
async function fillWorn({ size, node, raw, keys }: Crowd): Promise<void> {
  const some = numbered(size);
  await put(node, some, { queue: worn });
  await settle(node, await take(node, size, worn), retry());
  await put(node, some, { queue: worn });
  await take(node, size, worn);
  await node.tasks.recover({ queue: worn, node: node.address, count: size, leaseMs: 0, gone: [] });
  await put(node, some, { queue: worn, delayMs: 3_600_000 });
  await put(node, some, { queue: worn, delayMs: 1 });
  const areDue = async (): Promise<boolean> => {
    const [seconds = 0, micros = 0] = (await raw.time()).map(Number);
    return (await raw.zcount(keys.queue(worn).due, '-inf', 1_000_000 * seconds + micros)) >= size;
  };
  await waitFor(areDue, { what: 'the parked tasks to be due' });
}

async function fillLimited({ size, node }: Crowd): Promise<void> {
  await node.control.limit(limited, { concurrency: 100_000, rate: { max: 100_000, perMs: 3_600_000 } });
  await put(node, numbered(size), { queue: limited });
  await settle(node, await take(node, size, limited), { kind: 'release', begun: true });
  await put(node, numbered(size), { queue: released });
  await settle(node, await take(node, size, released), release);
  await put(node, numbered(size), { queue: limited, concurrencyKey: 'one' });
  const marked = await put(node, numbered(size), { queue: limited, priority: 'high' });
  await take(node, size, limited);
  await all(size, (at) => node.control.cancel({ taskId: marked[at] ?? '', error: failure, resultTtlMs: 60_000 }));
}

async function fillMail({ size, node, epochs }: Crowd): Promise<void> {
  const agents = [agent, ...many(size, (at) => `a${at}`)];
  await inFrames(
    agents.length,
    (at) => agents[at] ?? '',
    async (some) => {
      const replies = await node.presence.activate(node.address, some);
      for (const [at, id] of some.entries()) epochs.set(id, replies[at]?.epoch ?? 0);
    },
  );
  const epoch = epochs.get(agent) ?? 0;
  const tag = node.mail.tagOf(agent);
  const sendAll = (to: (at: number) => string): Promise<void> =>
    inFrames(
      size,
      (at) => message(to(at), '"text"'),
      (ops) => node.mail.send(frame(tag, ops)),
    );
  await sendAll(() => agent);
  const dead = { reason: 'attempts', error: failure, limit: 10_000 };
  const entries = await inbox(node, agent, epoch, '', size);
  await all(size, (at) => acknowledge(node, agent, epoch, entries[at] ?? { entry: '', opId: '' }, dead));
  await sendAll(() => agent);
  await sendAll((at) => `a${at}`);
}

async function fillFleet({ size, node, epochs }: Crowd): Promise<void> {
  await inFrames(size, event, (ops) => node.events.append(frame('events', ops)));
  const plan = { plan: 'plan', body: '{}', most: 1_000_000 };
  await all(size, (at) => node.schedules.set({ ...plan, name: `due${at}`, next: 1 + at }));
  await all(size, (at) => node.schedules.set({ ...plan, name: `later${at}`, next: Date.now() + 3_600_000 + at }));
  await all(size, (at) => node.control.enrol({ name: `r${at}`, text: '{}' }));
  await all(size, (at) => node.events.openPosition({ agentId: `a${at}`, epoch: epochs.get(`a${at}`) ?? 0 }, '0'));
  await node.logs.append(many(size, (at) => ({ agent, level: 'info', message: `${at}`, at: 1_000 })));
}

export const event = () => ({ opId: fresh('op'), topic: 'saved', from: agent, data: '{}', sentAt: 1 });

/** A line that nobody leaves for as long as a test lasts: its waiters have called just now. */
async function fillLocks({ size, node }: Crowd): Promise<void> {
  const ask = { address: node.address, leaseMs, wait: true };
  await all(size + 1, (at) => node.locks.acquire({ ...ask, name: line, holder: `h${at}` }));
  await all(Math.min(size, permits / 2), (at) => node.locks.acquire({ ...ask, name: room, holder: `h${at}`, permits }));
}

async function fillClassic({ size, node, raw, keys }: Crowd): Promise<void> {
  await node.foreign.hold(node.address, leaseMs);
  const put = { node: node.address, text: '{}' };
  await all(size, (at) => node.outgoing.put({ ...put, taskId: `t${at}`, foreignId: `f${at}` }));
  await raw.del(keys.foreign.queue);
  await raw.lpush(keys.foreign.queue, ...many(2 * size, (at) => `{"id":"${at}"}`));
  await raw.lpush(keys.foreign.completed, ...many(size, (at) => `{"id":"${at}"}`));
  for (let left = size; left > 0; left -= frameOps) await pick(node, Math.min(left, frameOps));
  const answers = many(size, (at) => ({ foreignId: `f${at}`, answer: '{}' }));
  await inFrames(
    size,
    (at) => answers[at] ?? { foreignId: '', answer: '' },
    (some) => node.outgoing.answer({ node: node.address, answers: some }),
  );
  await inFrames(size, unreadable, (some) => node.quarantine.add(some));
}

export const unreadable = () => ({
  origin: 'msg:*',
  reason: 'it is no JSON',
  text: fresh('text'),
  left: 'copy' as const,
});

/** Takes entries of the classic queue from its old end; the ids they have then. */
export async function pick(node: Member, count: number, take = 1_000_000): Promise<readonly string[]> {
  const look = await node.foreign.look({ list: 'queue', mark: startMark, count });
  const picks = look.kind === 'entries' ? look.entries.map(({ number, proof }) => ({ number, proof })) : [];
  const { ids } = await node.foreign.take({ node: node.address, from: startMark, looked: count, picks, most: take });
  return ids.flatMap((id) => (id === undefined ? [] : [id]));
}
