/**
 * How a node comes to its end: the first reason counts, and it is told to whoever can act on it.
 *
 * While the node starts, its `start` tells; once it is up, `onEnded` does, once.
 */
import { CancelledError, OwnershipError } from '../core/errors.ts';

/** Why a node cannot go on by itself. `fenced`: its presence has ended; a new incarnation may take over at once. */
export interface NodeEnd {
  readonly kind: 'fenced' | 'failed';
  readonly reason: string;
  readonly error?: unknown;
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
    return Promise.reject(end.error instanceof Error ? end.error : notPresent(this.#node, end.reason));
  }
}

export function notPresent(node: string, reason: string): OwnershipError {
  return new OwnershipError('presence-lost', `expected node "${node}" to be present, got: ${reason}`);
}
