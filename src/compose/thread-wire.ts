/**
 * What a thread and its process say to each other: plain data, through the port between them.
 *
 * A thread runs one call at a time. Calls and requests carry numbers, so that what a call left behind is not taken for the next one's.
 */
import type { ThreadPlace } from '../agent/threads.ts';
import type { LogLevel } from '../core/observer.ts';
import type { ThreadTask, ThreadVerb } from '../runtime/thread-runner.ts';
import type { WireError } from './thread-errors.ts';

/** What a thread is started with: `entry` is read by bin/thread.js. */
export interface ThreadData {
  readonly agentRuntimeThread: true;
  readonly entry: string;
  readonly place: ThreadPlace;
}

export interface CallOrder {
  readonly kind: 'call';
  readonly call: number;
  readonly agent: string;
  readonly method: string;
  readonly task: ThreadTask;
}

export type ToThread =
  | CallOrder
  | { readonly kind: 'abort'; readonly call: number; readonly reason: WireError }
  | { readonly kind: 'answer'; readonly request: number; readonly value: unknown }
  | { readonly kind: 'refusal'; readonly request: number; readonly error: WireError };

export type FromThread =
  | { readonly kind: 'ready' }
  /** The class is not to be had; `problem` says why. */
  | { readonly kind: 'unready'; readonly problem: string }
  | {
      readonly kind: 'use';
      readonly call: number;
      readonly request: number;
      readonly verb: ThreadVerb;
      readonly args: readonly unknown[];
    }
  | {
      readonly kind: 'log';
      readonly call: number;
      readonly level: LogLevel;
      readonly message: string;
      readonly data: unknown;
    }
  | { readonly kind: 'status'; readonly call: number; readonly text: string | undefined }
  | { readonly kind: 'returned'; readonly call: number; readonly value: unknown }
  | { readonly kind: 'threw'; readonly call: number; readonly error: WireError };
