/**
 * A replay: what was recorded in the field, fed to one agent in a simulation, and what the agent did with it.
 *
 * R1  The agent runs alone, in its own class and under virtual time; its clock shows the time of the recording.
 * R2  Nothing that it does leaves the simulation (captures.ts, outside.ts).
 * R3  A task is tried once. Between two events as much time passes as passed in the field, an hour at most.
 */
import type { Hosting } from '../agent/hosting.ts';
import type { EventRecord } from '../broker/events.ts';
import { parseTaskId } from '../broker/task-id.ts';
import { type Clock, sleep } from '../core/clock.ts';
import { decodeEnvelope, encodeEnvelope } from '../core/envelope.ts';
import { MemoryBroker } from '../memory/broker.ts';
import { startMs } from '../sim/scheduler.ts';
import { Simulation } from '../sim/simulation.ts';
import { captures } from './captures.ts';
import { type Effect, effectsOf } from './effects.ts';
import { type Attempted, closeOutside, refuse } from './outside.ts';

/**
 * What is fed: events of the stream, oldest first; or the envelope of a dead letter under its id, into a queue that the agent serves; or a
 * message that no handler took, into the inbox of the agent.
 */
export type Recording =
  | { readonly kind: 'events'; readonly events: readonly EventRecord[] }
  | { readonly kind: 'task'; readonly taskId: string; readonly envelope: string; readonly queue: string }
  | { readonly kind: 'message'; readonly agentId: string; readonly opId: string; readonly envelope: string };

export interface ReplayRequest {
  readonly recording: Recording;
  /** Of one agent. */
  readonly hosting: Hosting;
  /** The machine's: what an agent reads from files takes its time. */
  readonly clock: Clock;
}

export interface Replayed {
  readonly effects: readonly Effect[];
  /** Handlers that had not ended after ten minutes of virtual time. */
  readonly unfinished: number;
  /** Pauses of the recording that were made shorter. */
  readonly shortened: number;
}

/** Virtual time before anything is fed, for the agent to come up. */
const leadMs = 1_000;
const longestPauseMs = 3_600_000;
const patienceMs = 600_000;
const node = 'n1';

export async function replay({ recording, hosting, clock }: ReplayRequest): Promise<Replayed> {
  const fed: Effect[] = [];
  const note = (did: FedOrAttempted): void => {
    const stamp = world.journal?.stamp();
    if (stamp !== undefined) fed.push({ ...stamp, ...did });
  };
  const refused = ({ method, url }: Request): Response => {
    throw new TypeError('fetch failed', { cause: refuse(note, { kind: 'request', what: `${method} ${url}` }) });
  };
  const sim = new Simulation({ agents: [hosting], traced: 1, http: { routes: { '* *': refused } } });
  const { world } = sim;
  world.captures = captures();
  world.wallOffsetMs = beginOf(recording) - startMs - leadMs;
  world.brokerClock.jump(world.wallOffsetMs);
  const open = closeOutside(note);
  try {
    await sim.start();
    await sim.advance(leadMs - sim.elapsedMs);
    const shortened = await feed(sim, { recording, hosting, clock }, note);
    const unfinished = await finish(sim, clock);
    const did = effectsOf(world.journal?.kept.entries ?? [], node);
    const hasThrown = did.some(({ kind }) => kind === 'threw'); // what follows from that is no news
    const told = did.filter(({ kind }) => kind !== 'dead' || !hasThrown);
    const effects = [...fed, ...told].map((effect) => ({ ...effect, at: effect.at - leadMs }));
    return { effects: effects.toSorted((a, b) => a.at - b.at || a.order - b.order), unfinished, shortened };
  } finally {
    open();
    await sim.close();
  }
}

type FedOrAttempted = Attempted | Omit<Extract<Effect, { kind: 'fed' }>, 'at' | 'order'>;

/** Milliseconds since 1970. */
function beginOf(recording: Recording): number {
  if (recording.kind !== 'events') return decodeEnvelope(recording.envelope).sentAt;
  return timeOf(recording.events[0]?.id ?? '0');
}

async function feed(
  sim: Simulation,
  { recording, clock }: ReplayRequest,
  note: (did: FedOrAttempted) => void,
): Promise<number> {
  if (recording.kind !== 'events') {
    await (recording.kind === 'task' ? feedTask(sim, recording, note) : feedMessage(sim, recording, note));
    return 0;
  }
  let [shortened, at] = [0, sim.elapsedMs];
  let before = timeOf(recording.events[0]?.id ?? '0');
  for (const event of recording.events) {
    const pauseMs = Math.max(0, timeOf(event.id) - before);
    before = timeOf(event.id);
    if (pauseMs > longestPauseMs) shortened++;
    at += Math.min(pauseMs, longestPauseMs);
    if (pauseMs > 0) await letRead(sim, clock);
    await sim.advance(Math.max(0, at - sim.elapsedMs));
    note({
      kind: 'fed',
      what: 'event',
      name: event.topic,
      from: event.from,
      id: event.id,
      data: JSON.parse(event.data),
    });
    const { fleet } = sim.world;
    const record = { ...event, prev: fleet.lastEvent };
    fleet.events.push(record);
    fleet.lastEvent = event.id;
    fleet.exchange.postEvent(record);
  }
  return shortened;
}

/** R3. Neither its parent nor whoever waited for it is there. */
async function feedTask(
  sim: Simulation,
  { taskId, envelope: text, queue }: Extract<Recording, { kind: 'task' }>,
  note: (did: FedOrAttempted) => void,
): Promise<void> {
  const { parent: _, ...envelope } = decodeEnvelope(text);
  const { name, from, data, policy } = envelope;
  note({ kind: 'fed', what: 'task', name, from, id: taskId, data });
  const once = encodeEnvelope({ ...envelope, policy: { ...policy, retries: 0 } });
  const { queue: ownQueue, priority = 'normal' } = parseTaskId(taskId) ?? {};
  const op = { priority, delayMs: 0, envelope: once, maxWaiting: 1_000, ...(queue === ownQueue && { taskId }) };
  await hand(sim, ({ tasks }) => tasks.enqueue({ ...frame, tag: queue, ops: [op] }));
}

/** It lies in the inbox as one that was never handed. */
async function feedMessage(
  sim: Simulation,
  { agentId: to, opId, envelope }: Extract<Recording, { kind: 'message' }>,
  note: (did: FedOrAttempted) => void,
): Promise<void> {
  const { name, from, data } = decodeEnvelope(envelope);
  note({ kind: 'fed', what: 'message', name, from, id: opId, data });
  const op = { to, opId, envelope, limit: 1_000 };
  await hand(sim, ({ mail }) => mail.send({ ...frame, tag: mail.tagOf(to), ops: [op] }));
}

const frame = { sender: 'recording', seq: 1, prev: 0, leased: false };

/** To the broker, as somebody outside the fleet. */
async function hand(sim: Simulation, feedTo: (broker: MemoryBroker) => Promise<unknown>): Promise<void> {
  const { world } = sim;
  const broker = new MemoryBroker({ fleet: world.fleet, address: 'recording' });
  await sim.until(
    world.within(world.brokerPlace, async () => {
      await broker.start();
      return feedTo(broker);
    }),
  );
}

/** A handler that reads a file waits for the machine and not for virtual time: it gets some of the one before much of the other passes. */
async function letRead(sim: Simulation, clock: Clock): Promise<void> {
  await sim.advance(5);
  for (let turn = 0; turn < 20 && runningIn(sim) > 0; turn++) {
    await sleep(clock, 1);
    await sim.advance(2);
  }
}

function runningIn({ world }: Simulation): number {
  return world.processes.reduce((sum, process) => sum + process.running, 0);
}

/** Lets virtual time go on until no handler runs. */
async function finish(sim: Simulation, clock: Clock): Promise<number> {
  const begunAt = sim.elapsedMs;
  await letRead(sim, clock);
  for (let sliceMs = 50; runningIn(sim) > 0 && sim.elapsedMs - begunAt < patienceMs; sliceMs *= 1.1) {
    await sleep(clock, 2);
    await sim.advance(sliceMs);
  }
  await sim.advance(leadMs);
  return runningIn(sim);
}

/** When an event was appended. */
function timeOf(id: string): number {
  return Number(id.split('-')[0]);
}
