/**
 * What the proof of the rolling restart and its processes agree on: numbered work of three kinds, and the lines of the book.
 */
import { z } from 'zod';
import { defineMessage, defineTask } from '../../../src/agent/contract.ts';

const Numbered = z.object({ n: z.number() });

export const deskIds = ['desk-0', 'desk-1', 'desk-2', 'desk-3'] as const;
export const pieceTask = defineTask('piece', { role: 'piece', input: Numbered, output: Numbered });
export const question = defineMessage('question', { data: Numbered, reply: Numbered });
export const note = defineMessage('note', { data: Numbered });

/** A handler has begun. Numbers are of one sequence in each kind. */
export interface Begun {
  readonly kind: 'task' | 'ask' | 'message';
  readonly n: number;
  readonly redelivered: boolean;
}

export interface RollingNodeParameters {
  readonly redis: string;
  readonly book: string;
  /** How long a handler works. */
  readonly workMs: number;
}
