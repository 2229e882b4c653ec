/**
 * The size of this node's pools while it runs: its share of what the roster says, or what its configuration says.
 *
 * Agents of a pool are numbered from 1; the last ones go first, so that whatever stays keeps its id.
 */
import type { NodeRecord } from '../broker/presence.ts';
import { placesOf, shareOf } from '../client/placement.ts';
import { nameOfPool } from '../client/roster-record.ts';
import type { HostingConfig } from '../config/config.ts';
import { describeError } from '../core/errors.ts';
import { observe, type Observer } from '../core/observer.ts';
import { specOf } from './cell-specs.ts';
import type { Population } from './population.ts';
import type { RosterBook } from './roster-book.ts';

export interface PoolSizesDeps {
  readonly observer: Observer;
  readonly node: string;
  readonly population: Population;
  readonly hostings: readonly HostingConfig[];
  readonly graceMs: () => number;
}

export class PoolSizes {
  readonly #deps: PoolSizesDeps;
  /** Roles whose size is not that of the configuration. */
  readonly #scaled = new Set<string>();
  /** Ids that are on their way down. */
  readonly #leaving = new Set<string>();

  constructor(deps: PoolSizesDeps) {
    this.#deps = deps;
  }

  /** Begins to start what is missing and to end what is too many. */
  spread(book: RosterBook, nodes: readonly NodeRecord[]): void {
    const places = placesOf(nodes);
    for (const hosting of this.#deps.hostings) {
      if (hosting.kind !== 'pool') continue;
      const { role } = hosting;
      const record = book.get(nameOfPool(role))?.record;
      if (record?.kind === 'pool') {
        const hosts = places.filter(({ pools }) => pools.includes(role)).map(({ node }) => node);
        if (!hosts.includes(this.#deps.node)) continue; // what this node has told of itself is not known yet
        this.#scaled.add(role);
        this.#resize(hosting, shareOf(record.size, hosts, this.#deps.node));
      } else if (this.#scaled.delete(role)) this.#resize(hosting, hosting.size);
    }
  }

  #resize(hosting: HostingConfig, size: number): void {
    const { population, node, graceMs, observer } = this.#deps;
    const prefix = `${hosting.role}@${node}.`;
    const ids = population.cells.map(({ id }) => id).filter((id) => id.startsWith(prefix) && !this.#leaving.has(id));
    const wanted = new Set(Array.from({ length: size }, (_, index) => `${prefix}${index + 1}`));
    const here = new Set(population.cells.map(({ id }) => id));
    const missing = [...wanted].filter((id) => !here.has(id));
    population.add(missing.map((id) => specOf(hosting, id, 'pool'))).catch((error: unknown) => {
      observe(observer, 'broker.trouble', { what: `scaling ${hosting.role}`, error: describeError(error) });
      for (const id of missing) this.#remove(id, 0, 'it could not be started'); // the next turn tries it again
    });
    for (const id of ids) if (!wanted.has(id)) this.#remove(id, graceMs(), 'the pool was scaled down');
  }

  #remove(id: string, graceMs: number, reason: string): void {
    this.#leaving.add(id);
    void this.#deps.population.remove(id, graceMs, reason).finally(() => this.#leaving.delete(id));
  }
}
