/**
 * What a mailbox holds: one piece of work for a handler.
 *
 * One union, so that the mailbox, the cell and the execution agree on every kind there is.
 */
import type { TimerHandler } from '../agent/handlers.ts';
import type { EventRecord } from '../broker/events.ts';
import type { InboxEntry } from '../broker/mail.ts';
import type { ClaimedTask } from '../broker/tasks.ts';
import type { Envelope } from '../core/envelope.ts';
import type { Lease } from './leases.ts';

export type Work =
  | { readonly kind: 'task'; readonly claimed: ClaimedTask; readonly lease: Lease }
  | { readonly kind: 'message'; readonly entry: InboxEntry }
  | { readonly kind: 'ask'; readonly envelope: Envelope }
  /** A live message from an agent that speaks the classic protocol. */
  | {
      readonly kind: 'classic';
      readonly id: string;
      readonly from: string;
      readonly name: string;
      readonly data: unknown;
      readonly sentAt: number;
    }
  | { readonly kind: 'broadcast'; readonly event: EventRecord; readonly gap: boolean }
  | {
      readonly kind: 'timer';
      readonly timer: TimerHandler;
      /** The turn has ended. */
      readonly done: () => void;
    };
