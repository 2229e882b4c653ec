/**
 * What a node leaves behind that has stopped in order: nothing, neither in its process nor in the broker.
 *
 * Looked at in the moment in which its process says that it has ended. A handler that went on past its grace has timers and calls of its
 * own, and what was cut off could not give anything back; neither is looked at.
 */
import type { Place } from './scheduler.ts';
import type { Wire } from './wire.ts';
import type { World } from './world.ts';

/** The part of a life that can leave something. */
export interface Left {
  readonly name: string;
  /** Of its last incarnation. */
  readonly node: string;
  readonly place: Place;
  readonly wire: Wire;
  readonly cameUp: boolean;
}

/** In its own process: timers that nobody cancelled. */
export function* timersLeft({ scheduler }: World, { name, place }: Left): Generator<string> {
  const timers = [...scheduler.planned].filter((step) => step.place === place && step.label === 'timer').length;
  if (timers > 0) yield `${name} has ended and left ${timers} ${timers === 1 ? 'timer' : 'timers'}`;
}

/** Likewise, calls that nobody awaits. Those that are late end with the link. */
export function* callsLeft({ name, wire }: Left): Generator<string> {
  const calls = wire.isLate ? 0 : wire.underWay;
  if (calls > 0) yield `${name} has ended with ${calls} ${calls === 1 ? 'call' : 'calls'} to the broker under way`;
}

/** In the broker: presence, activations, claims, listeners, waits and locks. */
export function* residueInBroker({ fleet, ledger }: World, { name, node, wire, cameUp }: Left): Generator<string> {
  const of = `${name} (${node}) has ended and left`;
  const { directory, queues, exchange, waiters, locks, lifecycle } = fleet;
  if (directory.nodes.has(node) || lifecycle.up.has(node)) yield `${of} its presence`;
  // what is granted to a node while it is told to stop is free with its presence (presence, P2)
  for (const [agent, { owner }] of cameUp ? directory.activations : [])
    if (owner === node) yield `${of} the activation of ${agent}`;
  for (const queue of wire.hasLostReplies ? [] : queues.values()) // a claim of which it never heard ends with its lease
    for (const { id, holder } of queue.claimed.values()) if (holder === node) yield `${of} a claim of task ${id}`;
  if (exchange.notices.has(node)) yield `${of} a subscription to notices`;
  for (const { link } of exchange.events) if (link.address === node) yield `${of} a subscription to events`;
  for (const waiter of waiters) if (waiter.node === node) yield `${of} a wait for tasks`;
  for (const [lock, { holders, waiters: line }] of locks) {
    for (const [holder, { leaseUntil }] of holders)
      if (ledger.holders.get(holder) === node && leaseUntil > fleet.clock.now()) yield `${of} the lock ${lock}`;
    for (const { address } of line.values()) if (address === node) yield `${of} a place in the line of lock ${lock}`;
  }
}
