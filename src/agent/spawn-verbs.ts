/**
 * The verb that starts agents on the running fleet.
 *
 * Types only: client/spawn.ts carries it out, for agents and for outside clients alike.
 */
import type { Duration } from '../core/duration.ts';
import type { Agent } from './agent.ts';
import type { AgentClass } from './task-types.ts';

export interface SpawnOptions {
  /** The fleet-wide agent id. Default: `<role>.<chance>`. */
  readonly id?: string;
  /**
   * It outlives the agent that spawns it. Default: it ends with it, that is when that agent stops, is restarted, or is lost with its
   * node. What an outside client spawns has nobody to end with.
   */
  readonly detached?: boolean;
  /**
   * What becomes of it when it ends. `transient` (default): it is started again after a failure; when it has done its work, `this.stop()`
   * ends it for good. `permanent`: it is started again however it ended. `temporary`: never.
   */
  readonly restart?: 'permanent' | 'transient' | 'temporary';
  /** How long its `onStart` may take. Default: the fleet's ask deadline. */
  readonly deadline?: Duration;
  readonly signal?: AbortSignal;
}

/** An agent that was spawned. */
export interface Spawned {
  /** Send it messages, ask it, watch it, or enqueue tasks to it. */
  readonly id: string;
  /** The node on which it was started; another one takes it over when that ends. */
  readonly node: string;
  /** Ends it in order: what it runs may end, its `onStop` runs. Resolves when it is down; false when it had ended before. */
  stop(): Promise<boolean>;
}

export interface SpawnVerbs {
  /**
   * Starts an agent of a class, or of a role, on the node that has most room among those whose configuration names the class. It is
   * hosted like a `single`: one live at most in the fleet, mail waits in its inbox, and another node takes it over when its node
   * ends. Resolves when its `onStart` has ended.
   *
   * @throws HandlerError with what `onStart` threw, when it was given up; DeliveryError `id-taken`, `no-node` (no node has the class),
   *   `roster-full`, or `reply-timeout`. Whatever it throws, no agent is left behind.
   * @example
   * const helper = await this.spawn(AuditAgent);
   * const report = await this.run(AuditAgent, 'audit', { path: '.' }, { to: helper.id });
   * await helper.stop();
   */
  spawn(agent: AgentClass<Agent> | string, options?: SpawnOptions): Promise<Spawned>;
}
