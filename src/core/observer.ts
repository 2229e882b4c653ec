/**
 * What the runtime tells about itself: one typed emitter that terminals, logs and dashboards listen to.
 *
 * Observers only watch. A listener that throws must not change what the runtime does, so parts emit through `observe`.
 */
import { EventEmitter } from 'eventemitter3';
import type { ErrorRecord } from './errors.ts';

export type LogLevel = 'info' | 'warn' | 'error';

export interface RuntimeEvents {
  'node.up': [{ node: string; broker: string; durability: string }];
  'node.draining': [{ node: string; reason: string }];
  'node.down': [{ node: string }];
  'node.fenced': [{ node: string; reason: string }];
  /** A part of the node has started, or stopped. */
  'part.started': [{ node: string; part: string }];
  'part.stopped': [{ node: string; part: string }];
  /** Other nodes have another contract of a role of this node. */
  'contract.differs': [
    {
      role: string;
      node: string;
      version: string;
      others: readonly { readonly version: string; readonly nodes: readonly string[] }[];
    },
  ];
  'agent.up': [{ agent: string; role: string; handles: string }];
  'agent.standby': [{ agent: string; role: string; owner: string }];
  'agent.down': [{ agent: string; reason: string }];
  'agent.restarting': [{ agent: string; afterMs: number; error: ErrorRecord }];
  'task.started': [{ agent: string; task: string; name: string; attempt: number; redelivered: boolean }];
  'task.settled': [{ agent: string; task: string; name: string; outcome: string; error?: ErrorRecord; tookMs: number }];
  /** A handler went on after its signal had aborted and its grace was over; `zombies` of the agent have not ended. */
  'handler.given-up': [{ agent: string; name: string; zombies: number }];
  'task.recovered': [{ task: string; from: string }];
  /** `dead`: no handler took it, and it was kept as a dead letter. */
  'message.failed': [{ agent: string; name: string; error: ErrorRecord; dead?: true }];
  /** Live mail that nobody waits for was not handed to a handler. */
  'message.dropped': [{ agent: string; name: string; error: ErrorRecord }];
  'broadcast.gap': [{ after: string; next: string }];
  'schedule.run': [{ schedule: string; task: string; dueAt: number }];
  'schedule.missed': [{ schedule: string; runs: number; why: string }];
  'broker.trouble': [{ what: string; error: ErrorRecord }];
  'broker.recovered': [{ what: string }];
  'broker.data-lost': [{ what: string }];
  log: [{ agent: string; level: LogLevel; message: string; data?: unknown }];
}

export class Observer extends EventEmitter<RuntimeEvents> {}

/** Emits; a listener that throws is reported on `log` once and otherwise ignored. */
export function observe<K extends keyof RuntimeEvents>(observer: Observer, event: K, ...args: RuntimeEvents[K]): void {
  try {
    (observer.emit as (event: K, ...args: RuntimeEvents[K]) => boolean).call(observer, event, ...args);
  } catch (error) {
    if (event !== 'log')
      observe(observer, 'log', {
        agent: 'observer',
        level: 'error',
        message: `a listener of ${event} threw: ${String(error)}`,
      });
  }
}
