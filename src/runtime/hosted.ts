/**
 * The agents that a node runs because the roster says so: brought up and taken down one by one, each once at a time.
 *
 * Apart from the duty that decides which (roster.ts), because a start may take as long as an agent's `onStart`, and nobody waits for
 * it but whoever spawned that agent.
 */
import { wrapThrown } from '../client/reply-error.ts';
import type { AgentRecord } from '../client/roster-record.ts';
import type { HostingConfig } from '../config/config.ts';
import { AgentUnavailable, BrokerError, DeliveryError } from '../core/errors.ts';
import type { Cell } from './cell.ts';
import { specOf } from './cell-specs.ts';
import type { Population } from './population.ts';

export interface HostedDeps {
  readonly population: Population;
  /** By role. */
  readonly hostings: ReadonlyMap<string, HostingConfig>;
  readonly graceMs: () => number;
  /** It has ended by itself, and nothing of it is left here. */
  readonly onEnded: (id: string) => void;
  /** It could not be brought up, and nothing of it is left here. */
  readonly onFailed: (id: string, error: unknown) => void;
}

interface Waiting {
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

export class Hosted {
  readonly #deps: HostedDeps;
  /** Spawn by id. */
  readonly #spawns = new Map<string, string>();
  readonly #coming = new Map<string, Promise<void>>();
  readonly #leaving = new Map<string, Promise<void>>();
  readonly #waiting = new Map<string, Waiting[]>();

  constructor(deps: HostedDeps) {
    this.#deps = deps;
  }

  get ids(): readonly string[] {
    return [...this.#spawns.keys()];
  }

  spawnOf(id: string): string | undefined {
    return this.#spawns.get(id);
  }

  /** Begins to bring an agent up, unless something of that id is here, comes or goes. */
  bringUp({ id, role, spawn, restart = 'transient' }: AgentRecord): void {
    const { population, hostings } = this.#deps;
    const hosting = hostings.get(role);
    if (hosting === undefined || this.#spawns.has(id) || this.#leaving.has(id)) return;
    if (population.cell(id) !== undefined) return this.#fail(id, idTaken(id)); // of the configuration
    this.#spawns.set(id, spawn);
    const onEnded = (error?: unknown): void => this.#onEnded(id, error);
    const supervision = { restart, policy: hosting.supervision.policy, onEnded };
    const coming = population
      .add([{ ...specOf(hosting, id, 'single'), supervision }])
      .then(
        () => this.#onAdded(id),
        (error: unknown) => this.#onRefused(id, error),
      )
      .finally(() => this.#coming.delete(id));
    this.#coming.set(id, coming);
  }

  /** Resolves when the agent is up; rejects when it is given up, taken down, or its id is held elsewhere. */
  up(id: string): Promise<void> {
    if (this.#spawns.has(id) && this.#deps.population.cell(id)?.state === 'up') return Promise.resolve();
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, [...(this.#waiting.get(id) ?? []), { resolve, reject }]);
    });
  }

  /** Takes an agent down for good; its handlers have their grace. Never rejects. */
  takeDown(id: string, reason: string): Promise<void> {
    const going = this.#leaving.get(id);
    if (going !== undefined) return going;
    const leaving = this.#remove(id, reason).finally(() => this.#leaving.delete(id));
    this.#leaving.set(id, leaving);
    return leaving;
  }

  /** A cell is served: it is up. */
  onUp({ id }: Cell): void {
    for (const { resolve } of this.#takeWaiting(id)) resolve();
  }

  /** It failed again and again: it is taken down. False when the roster has nothing to do with it. */
  onGivenUp({ id }: Cell, error: unknown): boolean {
    if (!this.#spawns.has(id)) return false;
    this.#fail(id, wrapThrown(error));
    return true;
  }

  /** It is not started again: what is left of it is taken down, and its id is free. */
  #onEnded(id: string, error: unknown): void {
    if (error !== undefined) return this.#fail(id, wrapThrown(error));
    this.#deps.onEnded(id);
    void this.takeDown(id, 'it has ended');
  }

  async #remove(id: string, reason: string): Promise<void> {
    const { population, graceMs } = this.#deps;
    const state = population.cell(id)?.state;
    if (state === 'down' || state === 'standby') await this.#coming.get(id); // its id may be granted any moment
    await population.remove(id, graceMs(), reason).catch(() => undefined); // what is left ends with the presence
    this.#spawns.delete(id);
    for (const { reject } of this.#takeWaiting(id)) reject(new AgentUnavailable(id, `it was taken down: ${reason}`));
  }

  /** Somebody else runs an agent of that id: whoever spawned it hears of it; otherwise it stands by for it. */
  #onAdded(id: string): void {
    const isStandby = this.#deps.population.cell(id)?.state === 'standby';
    if (isStandby && this.#waiting.has(id)) this.#fail(id, idTaken(id));
  }

  /** Nobody waits for one that is taken over: what the broker was in trouble for is tried again at the next look at the roster. */
  #onRefused(id: string, error: unknown): void {
    const isPassing = error instanceof BrokerError && error.repeatable;
    if (!isPassing || this.#waiting.has(id)) return this.#fail(id, error);
    void this.takeDown(id, 'it could not be started now');
  }

  #fail(id: string, error: unknown): void {
    for (const { reject } of this.#takeWaiting(id)) reject(error);
    this.#deps.onFailed(id, error);
    if (this.#spawns.has(id)) void this.takeDown(id, 'it could not be started');
  }

  #takeWaiting(id: string): readonly Waiting[] {
    const waiting = this.#waiting.get(id) ?? [];
    this.#waiting.delete(id);
    return waiting;
  }
}

function idTaken(id: string): DeliveryError {
  return new DeliveryError('id-taken', `expected the id "${id}" to be free, got: an agent has it`);
}
