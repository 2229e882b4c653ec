/**
 * `--rolling N` and `--rolling-command N`: all nodes of a fleet under load are restarted in order, one after the other, N times over. Who
 * uses the fleet must not notice: no task is lost or begins twice, every ask is answered once, and something is settled in every second.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startRedis } from '../../support/redis-server.ts';
import { now } from '../rig/contracts.ts';
import { pause } from '../rig/node-faults.ts';
import { holds } from '../rig/stage.ts';
import { BookReader } from './book.ts';
import { percentile, round } from './numbers.ts';
import { RollingLoad } from './rolling-load.ts';
import type { Begun, RollingNodeParameters } from './rolling-parts.ts';

export interface RollingOptions {
  /** How often each node is restarted. */
  readonly rounds: number;
  readonly nodes: number;
  /** How long a handler works. */
  readonly workMs: number;
  /** Between two tasks, an ask and a message, and the next ones. */
  readonly everyMs: number;
  readonly say: (line: string) => void;
  /** Whose nodes are restarted. */
  readonly fleetOf: (parameters: FleetParameters) => RollingFleet;
}

export interface FleetParameters extends Pick<RollingOptions, 'nodes' | 'say'> {
  readonly node: RollingNodeParameters;
  /** For its files. */
  readonly folder: string;
}

/** A fleet, and a way to restart its nodes. */
export interface RollingFleet {
  /** Resolves when all nodes are up. */
  open(): Promise<void>;
  /** Restarts every node once, one after the other. */
  restartAll(): Promise<readonly Restart[]>;
  /** Ends it in order; the exit codes. */
  end(): Promise<readonly (number | null)[]>;
  /** Ends what is left of it at once. */
  close(): Promise<void>;
}

/** Of one node. */
export interface Restart {
  readonly code: number | null;
  readonly tookMs: number;
}

export interface RollingReport {
  readonly restarts: number;
  /** Processes that ended with another code than 0. */
  readonly exitCodesBad: number;
  /** Nodes that were still there after all had been restarted, and successors that were missing. */
  readonly notReplaced: number;
  /** Until a node had left, or under the command until its successor was up. */
  readonly restartMsMax: number;
  readonly tasks: number;
  readonly tasksLost: number;
  /** Tasks that began more than once. */
  readonly tasksTwice: number;
  readonly asks: number;
  /** Asks that failed although no handler had begun, and other ones that failed. */
  readonly asksUnreached: number;
  readonly asksFailed: number;
  /** Asks that began more than once. */
  readonly asksTwice: number;
  readonly messages: number;
  readonly messagesLost: number;
  /** Without a mark. */
  readonly messagesTwice: number;
  readonly refused: number;
  /** Tasks in one second, from the first one settled until the load ends. */
  readonly settledPerSecondMin: number;
  readonly settledPerSecondMedian: number;
  readonly seconds: number;
}

const warmMs = 2_000;
const betweenMs = 500;
const messageLimitMs = 30_000;
const storiesTold = 10;

export async function rollOver(options: RollingOptions): Promise<RollingReport> {
  const { rounds, nodes, workMs, everyMs, say, fleetOf } = options;
  const startedAt = now();
  const server = await startRedis();
  const folder = await mkdtemp(join(tmpdir(), 'chaos-rolling-'));
  const node: RollingNodeParameters = { redis: server.url, book: join(folder, 'book.jsonl'), workMs };
  const begun: Begun[] = [];
  const book = new BookReader<Begun>(node.book, (entry) => begun.push(entry));
  const load = await RollingLoad.open(server.url);
  const fleet = fleetOf({ nodes, node, folder, say });
  try {
    await fleet.open();
    load.start(everyMs);
    await pause(warmMs);
    const rolled = await rollTimes(rounds, { fleet, load, say });
    const endedAt = now();
    await load.rest();
    const handled = (): boolean => (book.read(), numbersOf(begun, 'message').size >= load.messages.length);
    await holds(handled, messageLimitMs);
    const exitCodesBad = rolled.codes.concat(await fleet.end()).filter((code) => code !== 0).length;
    const stories = [...load.lostTasks, ...load.failedAsks.map(({ why }) => why), ...load.refused];
    for (const story of stories.slice(0, storiesTold)) say(story);
    const { codes, ...figures } = rolled;
    const seconds = round((now() - startedAt) / 1_000);
    return { restarts: codes.length, exitCodesBad, ...figures, ...figuresOf(load, begun, endedAt), seconds };
  } finally {
    await fleet.close();
    await load.close();
    book.close();
    await server.stop();
    await rm(folder, { recursive: true, force: true });
  }
}

interface Rolling extends Pick<RollingOptions, 'say'> {
  readonly fleet: RollingFleet;
  readonly load: RollingLoad;
}

async function rollTimes(rounds: number, { fleet, load, say }: Rolling) {
  const restarts: Restart[] = [];
  let notReplaced = 0;
  for (let turn = 1; turn <= rounds; turn++) {
    const before = await load.nodes();
    restarts.push(...(await fleet.restartAll()));
    const after = await load.nodes();
    notReplaced += after.filter((id) => before.includes(id)).length + Math.abs(before.length - after.length);
    say(`${before.length} nodes restarted for time ${turn}, ${load.settledAt.length} tasks settled so far`);
    await pause(betweenMs);
  }
  const restartMsMax = round(Math.max(0, ...restarts.map(({ tookMs }) => tookMs)));
  return { codes: restarts.map(({ code }) => code), notReplaced, restartMsMax };
}

function figuresOf(load: RollingLoad, begun: readonly Begun[], endedAt: number) {
  const messages = numbersOf(begun, 'message');
  const unmarked = numbersOf(
    begun.filter(({ redelivered }) => !redelivered),
    'message',
  );
  const seconds = perSecond(load.settledAt, endedAt);
  return {
    tasks: load.tasks.length,
    tasksLost: load.lostTasks.length,
    tasksTwice: moreThanOnce(numbersOf(begun, 'task')),
    asks: load.asks.length,
    asksUnreached: load.failedAsks.filter(({ reached }) => reached === 'no').length,
    asksFailed: load.failedAsks.filter(({ reached }) => reached !== 'no').length,
    asksTwice: moreThanOnce(numbersOf(begun, 'ask')),
    messages: load.messages.length,
    messagesLost: load.messages.filter((n) => !messages.has(n)).length,
    messagesTwice: moreThanOnce(unmarked),
    refused: load.refused.length,
    settledPerSecondMin: Math.min(...seconds),
    settledPerSecondMedian: percentile(seconds, 0.5),
  };
}

/** How often each number of a kind has begun. */
function numbersOf(begun: readonly Begun[], kind: Begun['kind']): ReadonlyMap<number, number> {
  const counts = new Map<number, number>();
  for (const entry of begun) if (entry.kind === kind) counts.set(entry.n, (counts.get(entry.n) ?? 0) + 1);
  return counts;
}

const moreThanOnce = (counts: ReadonlyMap<number, number>): number => [...counts.values()].filter((n) => n > 1).length;

/** Counts of whole seconds between the first time and `until`. */
export function perSecond(times: readonly number[], until: number): readonly number[] {
  const from = Math.min(...times);
  const counts = Array.from({ length: Math.max(0, Math.floor((until - from) / 1_000)) || 1 }, () => 0);
  for (const at of times) {
    const second = Math.floor((at - from) / 1_000);
    if (counts[second] !== undefined) counts[second]++;
  }
  return counts;
}

/** The promises that do not hold. */
export function brokenRolling(report: RollingReport): readonly string[] {
  const { exitCodesBad, notReplaced, tasksLost, tasksTwice, asksUnreached, asksFailed, asksTwice } = report;
  const { messagesLost, messagesTwice, refused, settledPerSecondMin } = report;
  const tasks = { exitCodesBad, notReplaced, tasksLost, tasksTwice, refused };
  const mail = { asksUnreached, asksFailed, asksTwice, messagesLost, messagesTwice };
  const broken = Object.entries({ ...tasks, ...mail }).filter(([, count]) => count !== 0);
  const names = broken.map(([name, count]) => `${name} ${count}`);
  return settledPerSecondMin > 0 ? names : [...names, 'a second without a settled task'];
}
