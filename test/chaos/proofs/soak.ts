/**
 * `--soak MINUTES`: a fleet at half of its peak, with every verb in use and a node that is restarted now and then. What it keeps, in its
 * processes and on Redis, must not grow.
 */
import { Redis } from 'ioredis';
import { startRedis } from '../../support/redis-server.ts';
import { now } from '../rig/contracts.ts';
import { pause } from '../rig/node-faults.ts';
import { holds } from '../rig/stage.ts';
import { Child } from './child.ts';
import { judgeSoak, type SoakFigures, type SoakSample } from './judge-soak.ts';
import { round } from './numbers.ts';
import type { ProcessSample, SampleAnswer } from './soak-parts.ts';
import { sampleRedis } from './soak-redis.ts';

export interface SoakOptions {
  readonly minutes: number;
  readonly say: (line: string) => void;
}

export interface SoakReport extends SoakFigures {
  readonly minutes: number;
  /** Operations a second that the fleet could do, and that it did. */
  readonly peak: number;
  readonly rate: number;
  readonly restarts: number;
  readonly accepted: number;
  readonly settled: number;
  /** Tasks without an outcome. */
  readonly lost: number;
  /** Tasks with another outcome than they had to have. */
  readonly wrong: number;
  /** Asks of an agent that was moving, for the most part. */
  readonly refused: number;
  readonly seconds: number;
}

const nodes = 3;
/** In each of three priorities: the nodes, one that is leaving, and the one for what was handed back. */
const mostConsumers = 3 * (nodes + 2);
/** From so many on a slope says something; that of what the system gives a process, which goes up and down by megabytes, later. */
const tellingMinutes = 3;
const settledAfterMinutes = 10;
const atATime = 256;
const sampleEveryMs = 10_000;
const restartEveryMs = 60_000;
const restLimitMs = 90_000;
const answerLimitMs = 20_000;

export async function soak({ minutes, say }: SoakOptions): Promise<SoakReport> {
  const startedAt = now();
  const totalMs = minutes * 60_000;
  const server = await startRedis();
  const redis = new Redis(server.url, { connectionName: 'rig' });
  const scene = new Scene(server.url);
  try {
    await scene.open();
    const peak = await scene.peak(Math.max(8_000, Math.min(20_000, totalMs / 10)));
    const rate = Math.floor(peak / 2);
    say(`the peak is ${Math.round(peak)} operations a second; ${minutes} minutes at ${rate}`);
    scene.client.say({ t: 'load', rate, atATime });
    const samples: SoakSample[] = [];
    const every = Math.min(sampleEveryMs, totalMs / 12);
    const restartEvery = Math.min(restartEveryMs, totalMs / 4);
    const begunAt = now();
    for (let next = begunAt + every; next <= begunAt + totalMs; next += every) {
      await pause(Math.max(0, next - now()));
      if (now() - begunAt >= (scene.restarts + 1) * restartEvery) await scene.restart();
      const sample = {
        minute: (now() - begunAt) / 60_000,
        processes: await scene.sample(),
        ...(await sampleRedis(redis)),
      };
      samples.push(sample);
      say(lineOf(sample));
    }
    const totals = await scene.rest();
    if (totals.accepted !== totals.settled) say(scene.client.log);
    const end = await sampleRedis(redis);
    const { accepted, settled, wrong, refused } = totals;
    return {
      minutes,
      peak: round(peak),
      rate,
      ...judgeSoak(samples, end),
      restarts: scene.restarts,
      accepted,
      settled,
      lost: accepted - settled - wrong,
      wrong,
      refused,
      seconds: round((now() - startedAt) / 1_000),
    };
  } finally {
    await scene.close();
    redis.disconnect();
    await server.stop();
  }
}

class Scene {
  restarts = 0;
  readonly #redis: string;
  readonly #answers = new Map<number, SampleAnswer>();
  readonly #steady: Child[] = [];
  #restless: Child | undefined;
  #asked = 0;

  constructor(redis: string) {
    this.#redis = redis;
  }

  /** The last one of those that are there from the beginning to the end. */
  get client(): Child {
    const client = this.#steady.at(-1);
    if (client === undefined) throw new Error('expected the scene to be open');
    return client;
  }

  async open(): Promise<void> {
    const entries = [...Array.from({ length: nodes - 1 }, () => 'soak-node.ts'), 'soak-client.ts'];
    for (const entry of entries) this.#steady.push(await this.#start(entry).ready());
    this.#restless = await this.#start('soak-node.ts').ready();
  }

  /** Operations a second, as many at a time as there is room for. The first second does not count. */
  async peak(ms: number): Promise<number> {
    this.client.say({ t: 'load', rate: 0, atATime });
    await pause(1_000);
    const [from, at] = [(await this.#ask(this.client)).totals?.done ?? 0, now()];
    await pause(ms);
    const done = ((await this.#ask(this.client)).totals?.done ?? 0) - from;
    return (done / (now() - at)) * 1_000;
  }

  /** In order: it drains, and another one comes. */
  async restart(): Promise<void> {
    this.restarts++;
    this.#restless?.signal('SIGTERM');
    const code = await this.#restless?.ended;
    if (code !== 0) throw new Error(`expected a node to end in order, got: ${code}\n${this.#restless?.log}`);
    this.#restless = await this.#start('soak-node.ts').ready();
  }

  /** Of the processes that are there all the time. */
  sample(): Promise<readonly ProcessSample[]> {
    return Promise.all(this.#steady.map((child) => this.#ask(child)));
  }

  /** Ends the load, and waits until everything that was asked for has an outcome. */
  async rest(): Promise<NonNullable<ProcessSample['totals']>> {
    this.client.say({ t: 'rest' });
    const look = async () => (await this.#ask(this.client)).totals;
    await holds(async () => (await look())?.waiting === 0, restLimitMs);
    const totals = await look();
    if (totals === undefined) throw new Error('expected the client to have totals');
    return totals;
  }

  async close(): Promise<void> {
    const children = [...this.#steady, ...(this.#restless === undefined ? [] : [this.#restless])];
    await Promise.all(children.map((child) => child.kill()));
  }

  #start(entry: string): Child {
    const onMessage = (message: unknown): void => {
      const answer = message as SampleAnswer;
      this.#answers.set(answer.id, answer);
    };
    return new Child({ entry, parameters: { redis: this.#redis }, flags: ['--expose-gc'], onMessage });
  }

  async #ask(child: Child): Promise<SampleAnswer> {
    const id = ++this.#asked;
    child.say({ t: 'sample', id });
    await holds(() => this.#answers.has(id), answerLimitMs);
    const answer = this.#answers.get(id);
    this.#answers.delete(id);
    if (answer === undefined) throw new Error(`expected a process to answer, got:\n${child.log}`);
    return answer;
  }
}

function lineOf({ minute, processes, usedMB, consumers, pending, sockets }: SoakSample): string {
  const heaps = processes.map(({ heapMB, rssMB }) => `${round(heapMB, 1)}/${round(rssMB)}`).join(' ');
  const load = processes.at(-1)?.totals;
  return `${round(minute, 1)} min: heap/rss MB ${heaps}, redis ${round(usedMB, 1)} MB, consumers ${consumers}, pending ${pending}, sockets ${sockets}, ${load?.done} done, ${load?.waiting} waiting`;
}

export function brokenSoak(report: SoakReport): readonly string[] {
  const { lost, wrong, pendingEnd, inboxesEnd } = report;
  const figures = Object.entries({ lost, wrong, pendingEnd, inboxesEnd }).filter(([, count]) => count !== 0);
  const { minutes, heapSlopeMBPerMin, rssSlopeMBPerMin, redisSlopeMBPerMin } = report;
  const { timersSlope, consumersMax, socketsMin, socketsMax } = report;
  return [
    ...figures.map(([name, count]) => `${name} ${count}`),
    ...(heapSlopeMBPerMin >= 0.5 && minutes >= tellingMinutes ? [`heapSlopeMBPerMin ${heapSlopeMBPerMin}`] : []),
    ...(rssSlopeMBPerMin >= 0.5 && minutes >= settledAfterMinutes ? [`rssSlopeMBPerMin ${rssSlopeMBPerMin}`] : []),
    ...(redisSlopeMBPerMin >= 0.5 && minutes >= tellingMinutes ? [`redisSlopeMBPerMin ${redisSlopeMBPerMin}`] : []),
    ...(timersSlope >= 1 ? [`timersSlope ${timersSlope}`] : []),
    ...(consumersMax > mostConsumers ? [`consumersMax ${consumersMax}`] : []),
    ...(socketsMin === socketsMax ? [] : [`sockets ${socketsMin} to ${socketsMax}`]),
    ...report.streamsOverCap.map((stream) => `over its cap: ${stream}`),
  ];
}
