/**
 * Who is spawned in the proof of the take-over of spawned agents: helpers by a client, bosses, and of each boss a child and a helper that
 * it has spawned detached. It knows what has to become of each when nodes are lost.
 */
import type { Fleet } from '../../../src/compose/fleet.ts';
import { nameOfAgent } from '../../../src/client/roster-record.ts';
import { AgentUnavailable } from '../../../src/core/errors.ts';
import { bossRole, helperRole, hire } from './spawned-parts.ts';

export interface PopulationSize {
  /** Helpers that a client spawns. */
  readonly helpers: number;
  readonly bosses: number;
}

interface Household {
  readonly boss: string;
  /** Outlives its boss. */
  readonly free: string;
  /** Ends with its boss. */
  child: string;
  children: number;
}

/** What has to become of agents whose nodes are lost, and of the children of those. */
export interface Fates {
  readonly move: readonly string[];
  readonly end: readonly string[];
  readonly widowed: readonly Household[];
}

const hireDeadline = '60s';

export class SpawnedPopulation {
  /** Ids of all that have to be up; the children among them change. */
  readonly ids: string[] = [];
  /** Children that had to end. */
  readonly ended = new Set<string>();
  readonly #fleet: Fleet;
  readonly #helpers: readonly string[];
  readonly #households: readonly Household[];

  constructor(fleet: Fleet, { helpers, bosses }: PopulationSize) {
    this.#fleet = fleet;
    this.#helpers = Array.from({ length: helpers }, (_, at) => `helper-${at}`);
    this.#households = Array.from({ length: bosses }, (_, at) => {
      return { boss: `boss-${at}`, free: `free-${at}`, child: '', children: 0 };
    });
  }

  get bosses(): readonly string[] {
    return this.#households.map(({ boss }) => boss);
  }

  /** Names of the records that have to stand in the roster. */
  get names(): ReadonlySet<string> {
    return new Set(this.ids.map(nameOfAgent));
  }

  async spawn(): Promise<void> {
    await Promise.all(this.#helpers.map((id) => this.#fleet.spawn(helperRole, { id })));
    await Promise.all(this.bosses.map((id) => this.#fleet.spawn(bossRole, { id })));
    await Promise.all(this.#households.map(({ boss, free }) => this.hire(boss, free, true)));
    this.ids.push(...this.#helpers, ...this.#households.flatMap(({ boss, free }) => [boss, free]));
    await Promise.all(this.#households.map((household) => this.#hireChild(household)));
  }

  /** Rejects with `AgentUnavailable` when the boss is lost before it has answered. */
  async hire(boss: string, id: string, detached: boolean): Promise<void> {
    await this.#fleet.ask(boss, hire, { id, detached }, { deadline: hireDeadline });
  }

  /** Fates of the agents `lost`, all in one moment. */
  fatesOf(lost: ReadonlySet<string>): Fates {
    const widowed = this.#households.filter(({ boss }) => lost.has(boss));
    const end = widowed.map(({ child }) => child);
    return { move: this.ids.filter((id) => lost.has(id) && !end.includes(id)), end, widowed };
  }

  /** Their children have ended; the bosses that have come back get others. */
  async renew({ end, widowed }: Fates): Promise<void> {
    for (const id of end) {
      this.ended.add(id);
      this.ids.splice(this.ids.indexOf(id), 1);
    }
    await Promise.all(widowed.map((household) => this.#hireChild(household)));
  }

  /** Under an id of its own each time. */
  async #hireChild(household: Household): Promise<void> {
    const child = `child-of-${household.boss}-${++household.children}`;
    try {
      await this.hire(household.boss, child, false);
    } catch (error) {
      if (!(error instanceof AgentUnavailable)) throw error;
      await this.#fleet.stop(child);
      return this.#hireChild(household);
    }
    household.child = child;
    this.ids.push(child);
  }
}
