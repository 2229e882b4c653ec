/**
 * Which nodes are present and which of them runs which agent id: the state behind the presence port.
 *
 * It stands apart from the port because frames, claims and mail ask it too: a node whose lease has ended is refused, and
 * mail finds its owner here.
 */
import { presenceLost } from '../broker/frame.ts';
import type { Activation, NodeInfo } from '../broker/presence.ts';
import type { Clock } from '../core/clock.ts';

export interface NodeEntry {
  info: NodeInfo;
  /** Server time in milliseconds; never later than now once it was revoked (P3). */
  leaseUntil: number;
}

/** Owner of an id that was given back while its inbox held messages: its last epoch is still good for them (mail, M4). */
export const nobody = '';

export class Directory {
  readonly #clock: Clock;
  readonly nodes = new Map<string, NodeEntry>();
  /** Also those whose owner's presence has ended, until somebody takes them, and those of nobody. */
  readonly activations = new Map<string, Activation>();
  /** P4 */
  beats = 0;

  constructor(deps: { clock: Clock }) {
    this.#clock = deps.clock;
  }

  isPresent(node: string): boolean {
    return (this.nodes.get(node)?.leaseUntil ?? 0) > this.#clock.now();
  }

  /** F4, for calls that are no frames. */
  demandPresence(node: string): void {
    if (!this.isPresent(node)) throw presenceLost(node);
  }

  /** The activation of an agent id whose owner is present. */
  liveOwner(agentId: string): Activation | undefined {
    const activation = this.activations.get(agentId);
    return activation !== undefined && this.isPresent(activation.owner) ? activation : undefined;
  }
}
