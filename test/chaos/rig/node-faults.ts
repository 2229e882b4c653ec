/**
 * Faults of nodes and of the code that runs in them: processes that die, freeze and leave, handlers that throw, stall and take too long.
 *
 * Each fault returns when it is over and the fleet is complete again, or is on its way to be.
 */
import { sleep } from '../../../src/core/clock.ts';
import { systemClock } from '../../../src/core/system.ts';
import { overrunMs, stallMs } from './contracts.ts';
import type { Load } from './load.ts';
import type { Slot } from './nodes.ts';
import { holds, type Stage } from './stage.ts';

/** A draw in [0, 1) that the seed decides. */
export type Draw = (purpose: string) => number;

export interface FaultScene {
  readonly stage: Stage;
  readonly load: Load;
  readonly draw: Draw;
  /** Times until every node consumed again, in ms. */
  readonly recoveries: number[];
}

export type Fault = (scene: FaultScene) => Promise<void>;

export const pause = (ms: number): Promise<void> => sleep(systemClock, ms);

/** A number between two others. */
export function between(draw: Draw, purpose: string, least: number, most: number): number {
  return least + Math.floor(draw(purpose) * (most - least));
}

export function pick<T>(draw: Draw, purpose: string, items: readonly T[]): T {
  const item = items[Math.floor(draw(purpose) * items.length)];
  if (item === undefined) throw new Error(`expected something to pick for ${purpose}, got: nothing`);
  return item;
}

const overMarginMs = 3_000;

export const nodeFaults = {
  /** SIGKILL wherever it is; a new process some time later. */
  'node-kill': onNode(async (slot, { draw }) => {
    await slot.end('SIGKILL');
    await pause(between(draw, 'down', 0, 1_500));
    await slot.ready();
  }),
  /** Stopped until its leases have ended and others have its work, then let go on as if nothing had been. */
  'node-freeze': onNode(async (slot, { draw }) => {
    slot.signal('SIGSTOP');
    await pause(between(draw, 'frozen', 1_700, 3_200));
    slot.signal('SIGCONT');
    await pause(300);
    await slot.ready();
  }),
  /** Stopped for less than any lease. */
  'node-hiccup': onNode(async (slot, { draw }) => {
    for (let times = 0; times < 3; times++) {
      slot.signal('SIGSTOP');
      await pause(between(draw, 'hiccup', 100, 700));
      slot.signal('SIGCONT');
      await pause(200);
    }
  }),
  /** SIGTERM: it drains and leaves; a new process comes. */
  'node-drain': onNode(async (slot) => {
    if ((await slot.end('SIGTERM')) === 'killed')
      throw new Error('expected a node to end after SIGTERM, got: still there');
    await slot.ready();
  }),
  /** SIGTERM, and SIGKILL before the drain is over. */
  'node-impatient-stop': onNode(async (slot, { draw }) => {
    slot.signal('SIGTERM');
    await pause(between(draw, 'patience', 0, 60));
    await slot.end('SIGKILL');
    await slot.ready();
  }),
  'handler-throws': async ({ load, draw }) => {
    for (let times = between(draw, 'times', 5, 40); times > 0; times--) load.mood('throws');
    await pause(300);
  },
  /** The event loop stands still past the leases, with a lock in hand. */
  'handler-stalls': ({ stage, load }) =>
    stage.alone(async () => {
      load.mood('stalls');
      await pause(stallMs + overMarginMs / 3);
      await holds(() => stage.slots.every((slot) => slot.isReady), overMarginMs);
    }),
  /** Longer than the lease, which is renewed meanwhile. */
  'handler-overruns': async ({ load }) => {
    load.mood('overruns');
    load.mood('overruns');
    await pause(overrunMs / 2);
  },
  /** The first attempt takes the process with it. */
  'handler-kills': ({ stage, load }) =>
    stage.alone(async () => {
      load.mood('kills');
      await holds(() => stage.slots.some((slot) => !slot.isAlive), overMarginMs);
      await Promise.all(stage.slots.map((slot) => slot.ready()));
    }),
} as const satisfies Readonly<Record<string, Fault>>;

function onNode(fault: (slot: Slot, scene: FaultScene) => Promise<void>): Fault {
  return (scene) => scene.stage.alone(() => fault(pick(scene.draw, 'slot', scene.stage.slots), scene));
}
