/**
 * A node process under a supervisor process says every second that its event loop turns.
 *
 * The timer is all there is to the sign: where it does not come, neither does a heartbeat or a lease.
 */
import { type Clock, repeat, type Timer } from '../core/clock.ts';
import type { SupervisorChannel } from './process-words.ts';

const everyMs = 1_000;

/** From now on, until it is cancelled. */
export function giveSignsOfLife(channel: SupervisorChannel, clock: Clock): Timer {
  channel.say({ kind: 'alive' });
  return repeat(
    clock,
    () => everyMs,
    async () => channel.say({ kind: 'alive' }),
  );
}
