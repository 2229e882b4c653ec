/**
 * `--locks N`: processes contend for locks, and every fifth holder stands still for longer than its lease: its process is stopped
 * (SIGSTOP) or its event loop is held up. No effect of it may be let in once another one has had the lock.
 */
import { systemClock } from '../../../src/core/system.ts';
import { startRedis } from '../../support/redis-server.ts';
import { now } from '../rig/contracts.ts';
import { holds } from '../rig/stage.ts';
import { Child } from './child.ts';
import type { Acquisition, ContenderParameters, ContenderSays } from './contenders.ts';
import { judgeAcquisitions, type LockFaults, WatchedResource } from './judge-locks.ts';
import { round } from './numbers.ts';

export interface LockOptions {
  readonly acquisitions: number;
  readonly processes: number;
  readonly names: number;
  readonly leaseMs: number;
  readonly say: (line: string) => void;
}

export interface LockReport extends LockFaults {
  readonly acquisitions: number;
  readonly pausedPastLease: number;
  /** Effects of holders that had been superseded. */
  readonly staleAttempts: number;
  readonly staleAccepted: number;
  /** Holders that `lock.guard` let in after their lease had ended, and holders that did not hear of the loss. */
  readonly unguarded: number;
  readonly misled: number;
  readonly acquirePerSecond: number;
  readonly seconds: number;
}

/** One in five, and some for those that end the run before they were paused. */
const pausedShare = 0.215;
/** The pause outlasts the lease, and gives its successor time to begin. */
const overMs = 350;
const stallLimitMs = 60_000;
const endLimitMs = 30_000;

export async function contend(options: LockOptions): Promise<LockReport> {
  const { acquisitions, processes, names, leaseMs, say } = options;
  const server = await startRedis();
  const resource = new WatchedResource(now);
  const port = await resource.listen();
  const rig = new Pauses(processes / 2, leaseMs + overMs);
  const parameters: ContenderParameters = { redis: server.url, resource: port, names, leaseMs, pausedShare };
  const onMessage = (message: unknown, child: Child): void => rig.hear(message as ContenderSays, child);
  const children = Array.from({ length: processes }, () => new Child({ entry: 'contender.ts', parameters, onMessage }));
  try {
    await Promise.all(children.map((child) => child.ready()));
    const startedAt = now();
    await follow(rig, acquisitions, children, say);
    const seconds = (now() - startedAt) / 1_000;
    rig.stop();
    for (const child of children) child.say({ t: 'finish' });
    if (!(await holds(() => children.every(({ isAlive }) => !isAlive), endLimitMs)))
      throw new Error('expected the contenders to end');
    const { taken, misled, unguarded } = rig;
    const { tokensNotGrowing, ...faults } = judgeAcquisitions(taken, say);
    for (const story of resource.violations.slice(0, 5)) say(story);
    return {
      acquisitions: taken.length,
      pausedPastLease: rig.paused,
      staleAttempts: resource.staleAttempts,
      staleAccepted: resource.staleAccepted,
      unguarded,
      misled,
      ...faults,
      tokensNotGrowing: tokensNotGrowing + resource.violations.length,
      acquirePerSecond: round(taken.length / seconds),
      seconds: round(seconds),
    };
  } finally {
    await Promise.all(children.map((child) => child.kill()));
    resource.close();
    await server.stop();
  }
}

/** Until there are enough; throws when nothing goes on. */
async function follow(
  rig: Pauses,
  acquisitions: number,
  children: readonly Child[],
  say: LockOptions['say'],
): Promise<void> {
  const isEnough = (): boolean => rig.taken.length >= acquisitions && rig.paused * 5 >= acquisitions;
  while (!isEnough()) {
    const next = rig.taken.length + 2_000;
    const isThere = (): boolean => rig.taken.length >= next || isEnough() || children.some(({ isAlive }) => !isAlive);
    const isMoving = await holds(isThere, stallLimitMs);
    const dead = children.find(({ isAlive }) => !isAlive);
    if (dead !== undefined) throw new Error(`expected every contender to live, got:\n${dead.log}`);
    if (!isMoving) throw new Error(`expected locks to be taken, got: none after ${rig.taken.length}`);
    say(`${rig.taken.length} locks were taken, ${rig.paused} of them held past their lease`);
  }
}

/** Stops processes that ask for it, only some at a time, in two ways by turns. */
class Pauses {
  readonly taken: Acquisition[] = [];
  /** Acquisitions whose holder stood still for longer than the lease. */
  paused = 0;
  misled = 0;
  unguarded = 0;
  readonly #most: number;
  readonly #ms: number;
  readonly #waiting: Child[] = [];
  #pauses = 0;
  #running = 0;
  #isStopped = false;

  constructor(most: number, ms: number) {
    this.#most = Math.max(1, Math.floor(most));
    this.#ms = ms;
  }

  hear(message: ContenderSays, child: Child): void {
    if (message.t === 'taken') {
      this.taken.push(...message.acquisitions);
      this.paused += message.acquisitions.filter(({ wasPaused }) => wasPaused).length;
    } else if (message.t === 'misled') this.misled++;
    else if (message.t === 'unguarded') this.unguarded++;
    else {
      this.#waiting.push(child);
      this.#next();
    }
  }

  /** Who is paused wakes up; nobody else is. */
  stop(): void {
    this.#isStopped = true;
  }

  #next(): void {
    if (this.#running >= this.#most || this.#isStopped) return;
    const child = this.#waiting.shift();
    if (child === undefined) return;
    this.#running++;
    const isStopped = ++this.#pauses % 2 === 0;
    if (isStopped) child.signal('SIGSTOP');
    else child.say({ t: 'stall', ms: this.#ms });
    systemClock.setTimer(this.#ms, () => {
      if (isStopped) child.signal('SIGCONT');
      this.#running--;
      this.#next();
    });
  }
}

export function brokenLocks(report: LockReport): readonly string[] {
  const { staleAccepted, unguarded, misled, overlapsWithinLease, tokensNotGrowing, fairnessViolations } = report;
  const figures = { staleAccepted, unguarded, misled, overlapsWithinLease, tokensNotGrowing, fairnessViolations };
  const broken = Object.entries(figures).filter(([, count]) => count !== 0);
  return broken.map(([name, count]) => `${name} ${count}`);
}
