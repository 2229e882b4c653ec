/**
 * `--only failover --rounds N`: agents of which there is one each lose their node under load, until N of them have been taken over.
 *
 * Every node hosts every single, so that one fault of a node moves all that it runs, and each move is timed by itself: from the fault
 * until the successor handles a message that was sent after it. Kills, freezes, refused and half-open links are dealt by the
 * seed; who was frozen or cut off wakes up behind its lease, some before anybody else has the id and some long after.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SeededRandom } from '../../../src/sim/seeded-random.ts';
import { type RedisServer, startRedis } from '../../support/redis-server.ts';
import { pause } from '../rig/node-faults.ts';
import { deal } from '../rig/plan.ts';
import { holds } from '../rig/stage.ts';
import { BookReader, type Stamp } from './book.ts';
import { FailoverLoad } from './failover-load.ts';
import type { FailoverNodeParameters, Handling } from './failover-parts.ts';
import { type FaultKind, faultKinds, Seat } from './failover-seats.ts';
import { FailoverWatch } from './failover-watch.ts';
import { judgeFailover } from './judge-failover.ts';
import { percentile, round } from './numbers.ts';

export interface FailoverOptions {
  /** Fail-overs of a single. */
  readonly rounds: number;
  readonly seed: number;
  readonly nodes: number;
  readonly singles: number;
  readonly senders: number;
  readonly leaseMs: number;
  readonly heartbeatMs: number;
  /** How long what was promised may take, once everything is healed. */
  readonly patienceMs: number;
  readonly say: (line: string) => void;
}

export interface FailoverReport {
  readonly rounds: number;
  readonly failovers: number;
  readonly failoverMsP50: number;
  readonly failoverMsP99: number;
  readonly messagesSent: number;
  readonly messagesLost: number;
  /** Handled again unmarked, or again within one activation. */
  readonly messagesTwice: number;
  readonly messagesOutOfOrder: number;
  readonly staleEffectsAccepted: number;
  readonly doubleActivations: number;
}

/** Behind the end of the lease: a standby looks, brings the agent up and reads its inbox. */
export const failoverMarginMs = 3_000;
const sendEveryMs = 1_500;
const workMs = 15;
const spreadMs = 1_500;
const restLookMs = 250;
const storiesTold = 10;

export async function failOver(options: FailoverOptions): Promise<FailoverReport> {
  const { rounds, seed, say } = options;
  const scene = await Scene.open(options);
  const random = new SeededRandom(seed);
  const times: number[] = [];
  try {
    for (let turn = 0; turn < faultKinds.length || times.length < rounds; turn++) {
      const [kind = 'kill'] = deal(seed, turn, faultKinds, 1);
      const took = await scene.strike(kind, (purpose) => random.fraction(purpose));
      times.push(...took);
      const [least, most] = [Math.min(...took), Math.max(...took)].map((ms) => round(ms));
      say(`${kind}: ${took.length} singles taken over after ${least} to ${most} ms, ${times.length} in all`);
    }
    const { stories, ...verdict } = await scene.rest();
    for (const story of stories.slice(0, storiesTold)) say(story);
    const [failoverMsP50 = 0, failoverMsP99 = 0] = [0.5, 0.99].map((share) => round(percentile(times, share)));
    const figures = { rounds, failovers: times.length, failoverMsP50, failoverMsP99 };
    return { ...figures, messagesSent: scene.messagesSent, ...verdict };
  } finally {
    await scene.close();
  }
}

/** The figures that must be zero. */
export const failoverZeroes = [
  'messagesLost',
  'messagesTwice',
  'messagesOutOfOrder',
  'staleEffectsAccepted',
  'doubleActivations',
] as const satisfies readonly (keyof FailoverReport)[];

/** The promises that do not hold. */
export function brokenFailovers(report: FailoverReport, leaseMs: number): readonly string[] {
  const { rounds, failovers, failoverMsP99, messagesSent } = report;
  const late = failoverMsP99 > leaseMs + failoverMarginMs ? [`failoverMsP99 ${failoverMsP99}`] : [];
  const few = failovers < rounds || messagesSent === 0 ? [`failovers ${failovers} of ${rounds}`] : [];
  const broken = failoverZeroes.filter((name) => report[name] !== 0);
  return [...late, ...few, ...broken.map((name) => `${name} ${report[name]}`)];
}

interface SceneParts {
  readonly server: RedisServer;
  readonly folder: string;
  readonly seats: readonly Seat[];
  readonly watch: FailoverWatch;
  readonly load: FailoverLoad;
}

class Scene {
  readonly #options: FailoverOptions;
  readonly #parts: SceneParts;
  readonly #book: BookReader<Handling>;
  readonly #handlings: (Handling & Stamp)[] = [];

  private constructor(options: FailoverOptions, parts: SceneParts) {
    this.#options = options;
    this.#parts = parts;
    this.#book = new BookReader(join(parts.folder, 'book.jsonl'), (handling) => this.#handlings.push(handling));
  }

  static async open(options: FailoverOptions): Promise<Scene> {
    const { leaseMs, heartbeatMs, senders } = options;
    const server = await startRedis();
    const folder = await mkdtemp(join(tmpdir(), 'chaos-failover-'));
    const singles = Array.from({ length: options.singles }, (_, at) => `one-${at}`);
    const timing = { presenceLease: leaseMs, heartbeat: heartbeatMs };
    const parameters: Omit<FailoverNodeParameters, 'redis'> = {
      book: join(folder, 'book.jsonl'),
      singles,
      workMs,
      timing,
    };
    const seats = Array.from({ length: options.nodes }, () => new Seat('failover-node.ts', parameters, server.port));
    const load = await FailoverLoad.open({ redis: server.url, senders, singles, everyMs: sendEveryMs });
    const scene = new Scene(options, { server, folder, seats, watch: new FailoverWatch(server.url), load });
    await scene.#begin(singles.length).catch(async (error: unknown) => {
      await scene.close();
      throw error;
    });
    return scene;
  }

  get messagesSent(): number {
    return this.#parts.load.accepted.length;
  }

  /** Messages that have had no effect yet, as far as the watcher has seen. */
  get #unhandled(): number {
    return this.messagesSent - this.#parts.watch.handled.size;
  }

  async #begin(singles: number): Promise<void> {
    const { seats, watch, load } = this.#parts;
    await Promise.all(seats.map((seat) => seat.open()));
    watch.start();
    load.start();
    if (!(await holds(() => watch.current.size === singles, this.#options.patienceMs)))
      throw new Error(`expected every single to have an owner, got: ${watch.current.size}\n${seats[0]?.log}`);
  }

  /** One fault of the node that runs the most; how long each of its singles was away. */
  async strike(kind: FaultKind, draw: (purpose: string) => number): Promise<readonly number[]> {
    const { seats, watch } = this.#parts;
    const { leaseMs, heartbeatMs, patienceMs } = this.#options;
    const spread = Math.min(spreadMs, leaseMs);
    const others = Math.min(2, seats.length - 2);
    const isCalm = (): boolean => this.#unhandled <= this.#options.singles; // what waits elsewhere is no matter of the next fault
    await holds(() => isCalm() && seats.filter((seat) => seat.isWell).length > others, patienceMs);
    await pause(draw('before') * spread);
    await watch.look();
    const loads = seats.map((seat) => ({ seat, owned: seat.isWell ? watch.ownedBy(seat.node) : [] }));
    const [victim] = loads.sort((a, b) => b.owned.length - a.owned.length);
    if (victim === undefined || victim.owned.length === 0)
      throw new Error(`expected a node to run singles, got: none\n${victim?.seat.log}`);
    const { node } = victim.seat;
    const at = victim.seat.suffer(kind, leaseMs + heartbeatMs + draw('back') * 2 * spread); // a renewal is for that long
    return this.#timeTakeovers(victim.owned, node, at);
  }

  /** Of ids that `node` lost at `at`. One that nobody takes over is as late as the wait for it. */
  async #timeTakeovers(ids: readonly string[], node: string, at: number): Promise<readonly number[]> {
    const { patienceMs } = this.#options;
    const took = new Map<string, number>();
    let read = this.#handlings.length;
    await holds(() => {
      this.#book.read();
      for (const handling of this.#handlings.slice(read)) {
        const isNext = handling.node !== node && this.#parts.load.sentAt(handling) >= at;
        if (isNext && !took.has(handling.to)) took.set(handling.to, handling.at - at);
      }
      read = this.#handlings.length;
      return ids.every((id) => took.has(id));
    }, patienceMs);
    for (const id of ids.filter((one) => !took.has(one)).slice(0, 2)) this.#options.say(this.#storyOf(id, node));
    return ids.map((id) => took.get(id) ?? patienceMs);
  }

  /** Of an id that nobody has taken over. */
  #storyOf(id: string, node: string): string {
    const grant = this.#parts.watch.current.get(id);
    const logs = this.#parts.seats.map((seat) => `${seat.node}${seat.isWell ? '' : ' (not well)'}:\n${seat.log}`);
    return `${id} of ${node} was taken over by nobody, and is of ${grant?.node} now; the nodes:\n${logs.join('\n')}`;
  }

  /** Heals everything, waits until what was accepted has had its effect, and judges. */
  async rest() {
    const { seats, watch, load } = this.#parts;
    await Promise.all(seats.map((seat) => seat.well()));
    await load.rest();
    const verdict = () => {
      this.#book.read();
      const { grants, effects } = watch;
      return judgeFailover({ accepted: load.accepted, handlings: this.#handlings, grants, effects });
    };
    const isWhole = async (): Promise<boolean> => {
      await pause(restLookMs);
      return verdict().messagesLost === 0;
    };
    await holds(isWhole, this.#options.patienceMs);
    await watch.look();
    return verdict();
  }

  async close(): Promise<void> {
    const { server, folder, seats, watch, load } = this.#parts;
    await Promise.all(seats.map((seat) => seat.close()));
    await load.close();
    await watch.close();
    this.#book.close();
    await server.stop();
    await rm(folder, { recursive: true, force: true });
  }
}
