/**
 * A node process under a supervisor process: it says every second that its event loop turns, and keeps a watchdog thread
 * (bin/watchdog.js) for when it does not.
 *
 * The timer is all there is to the sign: where it does not come, neither does a heartbeat or a lease.
 */
import { Worker } from 'node:worker_threads';
import { type Clock, repeat } from '../core/clock.ts';
import type { SupervisorChannel } from './process-words.ts';

const everyMs = 1_000;
/** Of the watchdog, as node-process.ts lays it out. */
const pipeFd = 4;
/** How long a drain may take beyond its grace. */
const endingMs = 10_000;

export interface SignOfLife {
  /** A drain has this grace: how long the watchdog waits when nobody is left to supervise. */
  graceIs(graceMs: number): void;
  stop(): void;
}

export function startSignOfLife(channel: SupervisorChannel, clock: Clock): SignOfLife {
  channel.say({ kind: 'alive' });
  const timer = repeat(
    clock,
    () => everyMs,
    async () => channel.say({ kind: 'alive' }),
  );
  const watchdog = new Worker(new URL('../../bin/watchdog.js', import.meta.url), {
    workerData: { fd: pipeFd },
    execArgv: [],
    env: {},
  });
  watchdog.on('error', () => {}); // no reports then; a hang is noticed all the same
  watchdog.unref();
  return {
    graceIs: (graceMs) => watchdog.postMessage({ endAfterMs: graceMs + endingMs }),
    stop: () => timer.cancel(),
  };
}
