/**
 * Retention: trims the event stream by age and count also while nothing is appended.
 *
 * Every node does it. The stream itself notes how far it was trimmed, so that whoever reads behind that is told of the gap.
 */
import type { EventPort } from '../broker/events.ts';
import type { Clock } from '../core/clock.ts';
import type { Observer } from '../core/observer.ts';
import { Duty } from './duty.ts';

export interface RetentionDeps {
  readonly clock: Clock;
  readonly observer: Observer;
  readonly events: Pick<EventPort, 'trim'>;
}

/** The longest an event outlives its age while a node is up. */
const trimEveryMs = 60_000;

export class Retention extends Duty {
  constructor(deps: RetentionDeps) {
    const { events } = deps;
    super(deps, { name: 'trimming events', intervalMs: () => trimEveryMs, tick: () => events.trim() });
  }
}
