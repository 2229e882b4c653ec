/**
 * The duties that a node does for the whole fleet, whoever else does them too: put together here, started and stopped as parts.
 *
 * The node need not know them one by one; those that are waiting for something hear of it through `onNotice`.
 */
import type { Notice } from '../broker/notices.ts';
import type { Beat } from '../broker/presence.ts';
import type { VerbsDeps } from '../client/verbs.ts';
import type { Part } from '../core/lifecycle.ts';
import { release } from './hand-back.ts';
import type { Intake } from './intake.ts';
import type { NodeDeps } from './node-deps.ts';
import { Promoter } from './promoter.ts';
import { Recovery } from './recovery.ts';
import { Retention } from './retention.ts';
import { Scheduler } from './scheduler.ts';

export class FleetDuties {
  readonly parts: readonly Part[];
  readonly #scheduler: Scheduler;
  readonly #recovery: Recovery;

  constructor(deps: NodeDeps, intake: Intake, verbs: Omit<VerbsDeps, 'identity'>) {
    const { broker, config, clock, random, observer, node } = deps;
    const { tasks, presence, schedules, queues, events } = broker;
    const common = { clock, observer, node };
    const watched = { ...common, tasks, presence, queues: () => intake.queues() };
    const identity = { name: node, isAgent: false, scope: () => undefined };
    this.#scheduler = new Scheduler({
      ...common,
      random,
      schedules,
      queues,
      verbs: { ...verbs, identity },
      configured: config.schedules,
    });
    this.#recovery = new Recovery({
      ...watched,
      leaseMs: config.timing.taskLeaseMs,
      freeFor: (queue) => intake.freeFor(queue),
      place: (claimed) => intake.place(claimed),
      putOff: (claimed, delayMs) => release(verbs.member, claimed, delayMs),
    });
    this.parts = [new Promoter(watched), this.#recovery, new Retention({ clock, observer, events }), this.#scheduler];
  }

  onBeat(beat: Beat): void {
    this.#recovery.onBeat(beat);
  }

  onNotice(notice: Notice): void {
    if (notice.kind === 'scheduled') this.#scheduler.onScheduled();
    if (notice.kind === 'data-lost') this.#scheduler.onDataLost();
  }

  /** Notices may have been missed. */
  onReset(): void {
    this.#scheduler.onScheduled();
  }
}
