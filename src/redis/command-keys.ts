/**
 * The first key of a command, by which a Redis Cluster finds who serves it.
 *
 * It stands alone because it has to know of the few commands whose first argument is no key; all others begin with one.
 */
import type { Argument } from './link.ts';

const keyless = new Set(['asking', 'client', 'config', 'info', 'ping', 'publish', 'script', 'time', 'wait']);

/** Undefined for a command without keys. */
export function keyOf(command: string, args: readonly Argument[]): string | undefined {
  if (keyless.has(command)) return undefined;
  if (command === 'eval' || command === 'evalsha') return Number(args[1]) > 0 ? String(args[2]) : undefined;
  if (command === 'xgroup') return String(args[1]);
  return args[0] === undefined ? undefined : String(args[0]);
}
