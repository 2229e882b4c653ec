/**
 * The notice port: the live post of one process. Whoever waits for something hears of it here.
 *
 * N1  A notice is delivered at most once, and in order per sender while the link holds. Nothing depends on it for
 *     safety: whatever a notice says can be read from the broker. Of asks nothing is stored: who waits for a reply has its deadline,
 *     and parts of an answer are numbered, so that they can be asked for again.
 * N2  After the link was lost and restored, `onReset` is called before any later notice: read what you wait for again.
 * N3  Where a notice can be lost although the link holds, as between the masters of a cluster, `onDoubt` is called every few seconds: look
 *     for what must not wait for the notice after it.
 */
import type { TaskOutcome } from './queues.ts';

export type Notice =
  /** A task that this process enqueued has ended; to everyone when it was cancelled. */
  | { readonly kind: 'settled'; readonly taskId: string; readonly outcome: TaskOutcome }
  | { readonly kind: 'progress'; readonly taskId: string; readonly body: string }
  /** A durable message was stored in the inbox of an agent that this process owns, behind `before` (mail, M13). */
  | {
      readonly kind: 'mail';
      readonly agentId: string;
      readonly entry: string;
      readonly envelope: string;
      readonly before?: string;
    }
  | { readonly kind: 'ask'; readonly envelope: string }
  /** The answer to an ask: JSON text of the value, or of an `ErrorRecord`. */
  | { readonly kind: 'reply'; readonly askId: string; readonly ok: boolean; readonly body: string }
  /** One part of a streamed answer: JSON text of its value. The last one says how it ended: `end`, or `error` and an `ErrorRecord`. */
  | {
      readonly kind: 'part';
      readonly askId: string;
      /** From 1; the last one has the next number, too. */
      readonly number: number;
      readonly state: 'more' | 'end' | 'error';
      readonly body: string;
    }
  /** To who answers in parts: every part up to `received` has come, and up to `taken` is used up. With `again`: repeat the rest. */
  | {
      readonly kind: 'credit';
      readonly askId: string;
      readonly received: number;
      readonly taken: number;
      readonly again: boolean;
    }
  /** To who answers in parts: nobody reads them any more. */
  | { readonly kind: 'left'; readonly askId: string }
  /** The task has new parts to read (logs, G5). */
  | { readonly kind: 'parts'; readonly taskId: string }
  /** A waiter became the holder; its lease is short until it renews (locks, L4). Token 0: it only has to call again (L9). */
  | { readonly kind: 'granted'; readonly lock: string; readonly holder: string; readonly token: number }
  /** A task that this node holds was cancelled (control, O3). */
  | { readonly kind: 'cancelled'; readonly taskId: string; readonly message: string }
  /** To everyone: tasks of this queue were released and wait to be claimed, or there is room for tasks of this limited queue. */
  | { readonly kind: 'released'; readonly queue: string }
  /** To everyone: this queue was paused or resumed (control, O4). */
  | { readonly kind: 'paused' | 'resumed'; readonly queue: string }
  /** To everyone: the limits of this queue have changed (control, O5). */
  | { readonly kind: 'limited'; readonly queue: string }
  /** To everyone: a schedule may be due earlier than before (schedules, U5). */
  | { readonly kind: 'scheduled'; readonly schedule: string }
  /** To everyone: this record of the roster was written or struck off (control, O9). */
  | { readonly kind: 'roster'; readonly name: string }
  /** To everyone: this node's presence has ended. */
  | { readonly kind: 'gone'; readonly node: string }
  /** To everyone: this agent id was given back by its node (presence, P6). */
  | { readonly kind: 'freed'; readonly agentId: string }
  /** To everyone: this activation is over, while its node is still present (logs, G8). */
  | {
      readonly kind: 'down';
      readonly agentId: string;
      readonly node: string;
      readonly epoch: number;
      readonly reason: string;
    }
  /** To everyone: there is more to read of what becomes of nodes and agents (logs, G6). */
  | { readonly kind: 'fleet' }
  /** To everyone: this node has seen that the broker lost data. Who has sent lately looks whether it is missing. */
  | { readonly kind: 'data-lost'; readonly node: string }
  /** A message from an agent that speaks the classic protocol, to an id of any process. */
  | {
      readonly kind: 'classic';
      readonly from: string;
      readonly to: string;
      readonly message: string;
      readonly metadata: string;
      readonly timestamp: string;
    };

/** The address that reaches every listening process. */
export const everyone = '*';

export interface NoticeListener {
  onNotice(notice: Notice): void;
  /** N2 */
  onReset(): void;
  /** N3 */
  onDoubt?(): void;
}

/** Ends a subscription; resolves when no further call will come. */
export interface Subscription {
  close(): Promise<void>;
}

export interface NoticePort {
  /** Hears everything sent to `address` and to everyone. Resolves when nothing sent from now on is missed. */
  listen(address: string, listener: NoticeListener): Promise<Subscription>;
  /** Sends notices. At most once; rejects with `BrokerError` when the broker cannot be reached. */
  post(notices: readonly { readonly address: string; readonly notice: Notice }[]): Promise<void>;
}
