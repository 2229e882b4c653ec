/**
 * How a node comes to its end: the first reason counts, and it is told to whoever can act on it.
 *
 * While the node starts, its `start` tells; once it is up, `onEnded` does, once.
 */
import { CancelledError, describeError, OwnershipError, RuntimeError } from '../core/errors.ts';
import type { Cell } from './cell.ts';
import type { Group } from './supervision-tree.ts';

/** Why a node cannot go on by itself. `fenced`: its presence has ended; a new incarnation may take over at once. */
export interface NodeEnd {
  readonly kind: 'fenced' | 'failed';
  readonly reason: string;
  readonly error?: unknown;
}

/** A node that failed, for whoever waits for it: the reason is its message, what was thrown its cause. */
export class NodeFailed extends RuntimeError {
  constructor({ reason, error }: Pick<NodeEnd, 'reason' | 'error'>) {
    super('node-failed', reason, { cause: error });
  }
}

export class Ending {
  readonly #node: string;
  readonly #onEnded: (end: NodeEnd) => void;
  #end: NodeEnd | 'stop' | undefined;
  #isUp = false;

  constructor(node: string, onEnded: (end: NodeEnd) => void) {
    this.#node = node;
    this.#onEnded = onEnded;
  }

  /** The node is being stopped: nothing that ends it afterwards is told. */
  stop(): void {
    this.#end = 'stop';
  }

  get isStopping(): boolean {
    return this.#end === 'stop';
  }

  /** The node cannot go on. */
  fail(end: NodeEnd): void {
    if (this.#end !== undefined) return;
    this.#end = end;
    if (this.#isUp) this.#onEnded(end);
  }

  /** The last step of a start: rejects with the reason when the node has ended meanwhile. */
  check(): Promise<void> {
    const end = this.#end;
    this.#isUp = end === undefined;
    if (end === undefined) return Promise.resolve();
    if (end === 'stop') return Promise.reject(new CancelledError('stopped', 'the node was stopped while it started'));
    return Promise.reject(end.kind === 'failed' ? new NodeFailed(end) : notPresent(this.#node, end.reason));
  }
}

export function notPresent(node: string, reason: string): OwnershipError {
  return new OwnershipError('presence-lost', `expected node "${node}" to be present, got: ${reason}`);
}

/** The reason of a node whose agent, or group of agents, has failed more often than its intensity allows. */
export function givenUp(cell: Cell, error: unknown, { name, policy }: Group): string {
  const what = name === cell.id ? `agent "${name}"` : `group "${name}"`;
  const whose = name === cell.id ? '' : ` by agent "${cell.id}"`;
  return (
    `expected ${what} to need at most ${policy.intensity} restarts in ${policy.periodMs} ms, got: one more failure${whose}: ` +
    `${describeError(error).message.split('\n', 1)[0]}\nMend what it fails with, or allow more: intensity: { restarts, period }.`
  );
}
