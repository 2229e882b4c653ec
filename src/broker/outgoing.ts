/**
 * The outgoing port: tasks of the fleet that agents of another protocol do, from the list that all of them share to the answer.
 *
 * G1  A task of the fleet is put into the list once, under an id of the other protocol that nobody else uses; whoever puts it again is
 *     told the id under which it stands, and its answer when there is one.
 * G2  The first answer to a task is kept until the task is withdrawn; later ones change nothing, and neither do answers to tasks that
 *     are not known.
 * G3  A withdrawal forgets task and answer, and takes the entry out of the list when nobody has taken it yet.
 * G4  How far the completions were looked at is kept with the answers, in one step: what the mark is past was answered.
 * G5  Only the bridge (foreign, B1) changes anything. While the list has another type than it should, nothing is put: `held`.
 */
import type { Mark } from './foreign.ts';

export interface Out {
  /** Of the fleet. */
  readonly taskId: string;
  /** Of the other protocol (G1). */
  readonly foreignId: string;
  /** Server time in milliseconds at which it was put. */
  readonly at: number;
  /** G2 */
  readonly answer?: string;
}

export type PutReply = { readonly kind: 'put' | 'known'; readonly out: Out } | { readonly kind: 'held' };

export interface OutgoingPort {
  /** Puts a task out (G1). */
  put(request: {
    readonly node: string;
    readonly taskId: string;
    readonly foreignId: string;
    readonly text: string;
  }): Promise<PutReply>;
  /** Keeps answers (G2), and how far the completions were looked at (G4). Resolves to the foreign ids that were waiting for one. */
  answer(request: {
    readonly node: string;
    readonly answers: readonly { readonly foreignId: string; readonly answer: string }[];
    readonly mark?: Mark;
  }): Promise<readonly string[]>;
  /** Forgets tasks (G3). */
  withdraw(node: string, taskIds: readonly string[]): Promise<void>;
  /** Everything that is out, which is at most `limits.foreignOutEach` for each name, and the mark of G4. */
  read(): Promise<{ readonly outs: readonly Out[]; readonly mark?: Mark }>;
}
