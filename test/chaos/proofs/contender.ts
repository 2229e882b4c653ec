/**
 * The process that contends for locks: one acquisition after the other of every name, and every fifth is held until the process has
 * stood still for longer than the lease.
 *
 * A holder that wakes up does first what a careless one does: it goes on with its work. The resource, and `lock.guard`, have to refuse.
 */
import type { Lock } from '../../../src/agent/lock.ts';
import { connect } from '../../../src/compose/connect.ts';
import { repeat } from '../../../src/core/clock.ts';
import { systemClock } from '../../../src/core/system.ts';
import { now } from '../rig/contracts.ts';
import { pause } from '../rig/node-faults.ts';
import { ResourceClient } from '../rig/resource.ts';
import { parametersOf, tell } from './child.ts';
import type { Acquisition, ContenderParameters, ContenderSays, RigSays } from './contenders.ts';
import { fleetName } from './held.ts';

interface Held {
  readonly lock: Lock;
  readonly holder: string;
  readonly askedAt: number;
  readonly grantedAt: number;
  /** It is to be paused. */
  readonly isMarked: boolean;
  /** When the process last ran smoothly before it did not, or when it was told of the loss. */
  steadyUntil?: number;
  wasPaused: boolean;
  /** It has been paused, or need not be. */
  wake: () => void;
}

const tickMs = 20;
/** A tick that comes so late was held up. */
const smoothMs = 60;
const tellEveryMs = 250;
const longestWaitMs = 400;

const { redis, resource: port, names, leaseMs, pausedShare } = parametersOf<ContenderParameters>();
const fleet = await connect({ redis, fleet: fleetName });
const resource = new ResourceClient(port);
const guarded = new Map<string, { token: number }>();
const finishing = new AbortController();
const held = new Set<Held>();
const taken: Acquisition[] = [];
let [asked, granted, paused, holdUps] = [0, 0, 0, 0];
let lastTick = now();
let isPauseAsked = false;

const say = (message: ContenderSays): void => tell(message);

async function contend(name: string): Promise<void> {
  while (!finishing.signal.aborted) {
    const askedAt = now();
    const before = holdUps;
    const lock = await fleet.lock(name, { lease: leaseMs, signal: finishing.signal });
    tick(); // a hold-up of the wait is none of the hold
    const isMarked = paused < ++granted * pausedShare;
    if (isMarked) paused++;
    const holder = `${process.pid}/${++asked}`;
    const one: Held = { lock, holder, askedAt, grantedAt: now(), isMarked, wasPaused: false, wake: () => {} };
    const woken = new Promise<void>((resolve) => (one.wake = resolve));
    held.add(one);
    lock.signal.addEventListener('abort', () => {
      tick(); // when it is told after a pause, what counts is when that began
      one.steadyUntil ??= now();
    });
    await hold(one, woken, before === holdUps);
  }
}

async function hold(one: Held, woken: Promise<void>, isSteady: boolean): Promise<void> {
  const { lock, isMarked, askedAt, grantedAt } = one;
  if (await touch(one)) {
    if (isMarked && !finishing.signal.aborted) await woken;
    if (!one.wasPaused) await touch(one);
  }
  tick();
  if (one.wasPaused) await woken;
  held.delete(one);
  if (isMarked && !one.wasPaused) paused--; // another one has to take its turn
  if (!isMarked && one.wasPaused) paused++;
  const { name, token } = lock;
  const heldUntil = one.steadyUntil ?? now();
  taken.push({ name, token, askedAt, grantedAt, heldUntil, wasPaused: one.wasPaused, isSteady });
  await lock.release().catch(() => undefined); // its lease ends by itself
}

async function touch({ lock, holder, askedAt }: Held): Promise<boolean> {
  const isAccepted = await resource.touch({ lock: lock.name, token: lock.token, holder, askedAt });
  if (isAccepted || lock.signal.aborted) return isAccepted;
  await pause(leaseMs / 2);
  if (!lock.signal.aborted) say({ t: 'misled', name: lock.name, token: lock.token });
  return false;
}

/** Notices that the process has stood still, and what that means for the locks that it holds. */
function tick(): void {
  const [at, last] = [now(), lastTick];
  lastTick = at;
  if (at - last <= smoothMs) return;
  holdUps++;
  for (const one of held) {
    one.steadyUntil ??= last;
    if (at - Math.max(last, one.grantedAt) > leaseMs) carryOn(one);
  }
  if (at - last > leaseMs) isPauseAsked = false;
}

/** The holder does not know yet that its lease has ended. */
function carryOn(one: Held): void {
  one.wasPaused = true;
  const { lock } = one;
  const local = guarded.get(lock.name) ?? { token: 0 };
  guarded.set(lock.name, local);
  try {
    lock.guard(local);
    say({ t: 'unguarded', name: lock.name, token: lock.token });
  } catch {
    // as it must
  }
  void touch(one).finally(() => one.wake());
}

function askForPause(): void {
  const marked = [...held].filter(({ isMarked, wasPaused }) => isMarked && !wasPaused);
  const oldest = Math.min(...marked.map(({ grantedAt }) => grantedAt));
  if (isPauseAsked || marked.length === 0 || (marked.length < names / 4 && now() - oldest < longestWaitMs)) return;
  isPauseAsked = true;
  say({ t: 'pause' });
}

const flush = (): void => {
  if (taken.length > 0) say({ t: 'taken', acquisitions: taken.splice(0) });
};

process.on('message', (message: RigSays) => {
  if (message.t === 'finish') {
    finishing.abort();
    for (const one of held) one.wake();
    return;
  }
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, message.ms); // the event loop stands still
  tick();
});
const ticks = [
  repeat(
    systemClock,
    () => tickMs,
    () => Promise.resolve(tick()),
  ),
  repeat(
    systemClock,
    () => tickMs,
    () => Promise.resolve(askForPause()),
  ),
  repeat(
    systemClock,
    () => tellEveryMs,
    () => Promise.resolve(flush()),
  ),
];
tell('ready');
const loops = Array.from({ length: names }, (_, index) => contend(`name-${index}`));
const outcomes = await Promise.allSettled(loops);
for (const tick of ticks) tick.cancel();
flush();
await fleet.close();
for (const outcome of outcomes)
  if (outcome.status === 'rejected' && !finishing.signal.aborted) throw outcome.reason as Error;
process.disconnect();
