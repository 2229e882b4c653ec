/**
 * Agents that are spawned for a moment while nodes are killed, by a client and by agents in turn: whatever becomes of the spawn, nothing
 * of them may be left.
 */
import type { Fleet } from '../../../src/compose/fleet.ts';
import { repeat, type Timer } from '../../../src/core/clock.ts';
import { AgentUnavailable } from '../../../src/core/errors.ts';
import { systemClock } from '../../../src/core/system.ts';
import { helperRole } from './spawned-parts.ts';
import type { SpawnedPopulation } from './spawned-population.ts';

const everyMs = 250;
const spawnDeadline = '60s';

export class SpawnedChurn {
  spawns = 0;
  /** Those that failed for another reason than the end of the agent that was asked to spawn. */
  readonly failed: string[] = [];
  readonly #fleet: Fleet;
  readonly #population: SpawnedPopulation;
  readonly #waiting = new Set<Promise<void>>();
  #timer: Timer | undefined;

  constructor(fleet: Fleet, population: SpawnedPopulation) {
    this.#fleet = fleet;
    this.#population = population;
  }

  start(): void {
    this.#timer = repeat(
      systemClock,
      () => everyMs,
      () => {
        const spawning = this.#once(this.spawns++).finally(() => this.#waiting.delete(spawning));
        this.#waiting.add(spawning);
        return Promise.resolve();
      },
    );
  }

  /** Spawns nothing more. */
  stop(): void {
    this.#timer?.cancel();
  }

  /** The same; resolves when everything has been stopped. */
  async rest(): Promise<void> {
    this.stop();
    while (this.#waiting.size > 0) await Promise.all(this.#waiting);
  }

  /** Never rejects. */
  async #once(n: number): Promise<void> {
    const id = `brief-${n}`;
    const { bosses } = this.#population;
    const boss = bosses[n % bosses.length];
    try {
      if (n % 3 === 0 || boss === undefined) await this.#fleet.spawn(helperRole, { id, deadline: spawnDeadline });
      else await this.#population.hire(boss, id, n % 3 === 1);
    } catch (error) {
      if (!(error instanceof AgentUnavailable)) this.failed.push(`spawning ${id}: ${String(error)}`);
    }
    await this.#fleet.stop(id).catch((error: unknown) => void this.failed.push(`stopping ${id}: ${String(error)}`));
  }
}
