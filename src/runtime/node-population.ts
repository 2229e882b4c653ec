/**
 * The population of a node put together: what its cells are connected to, and who hears of their ends.
 *
 * Apart from node.ts, because the roster's agents and those of the configuration part ways here: when one of the roster is given up, the
 * node goes on; when one of the configuration is, it ends.
 */
import { scopeOf } from '../client/scope.ts';
import type { Cell } from './cell.ts';
import { cellSpecs } from './cell-specs.ts';
import { givenUp } from './ending.ts';
import type { ExecutionDeps } from './handling.ts';
import type { InFlight } from './in-flight.ts';
import type { LogBook } from './log-book.ts';
import type { NodeDeps } from './node-deps.ts';
import { Population, type Server } from './population.ts';
import type { Roster } from './roster.ts';
import type { Group } from './supervision-tree.ts';

export interface PopulationParts {
  readonly execution: ExecutionDeps;
  readonly logBook: LogBook;
  readonly inFlight: InFlight;
  /** In the order in which a cell is connected to them. */
  readonly servers: readonly Server[];
  /** Made after the population. */
  readonly roster: () => Roster;
  /** An agent of this node is another's. */
  readonly onForgotten: (reason: string) => void;
  /** The node cannot go on. */
  readonly onFailed: (reason: string, error: unknown) => void;
}

/** Throws `ConfigError` when an agent class is wrong. */
export function populationOf({ broker, config, node, ...deps }: NodeDeps, parts: PopulationParts): Population {
  const { execution, logBook, inFlight, servers, roster, onForgotten, onFailed } = parts;
  const { member, settings, scopes, culprits } = execution;
  const onEscalate = (cell: Cell, error: unknown, group: Group): void => {
    if (!roster().onGivenUp(cell, error)) onFailed(givenUp(cell, error, group), error);
  };
  const upTold: Server = { serve: (cell) => roster().onUp(cell), leave: () => {}, onRoom: () => {} };
  const endChildren = (ended: ReadonlyMap<string, string>): void => roster().endChildren(ended);
  const own = {
    ...deps,
    node,
    presence: broker.presence,
    logs: broker.logs,
    heartbeatMs: config.timing.heartbeatMs,
    drainGraceMs: config.timing.drainGraceMs,
    execution,
    inFlight,
    context: { member, settings, scope: () => scopeOf(scopes), culprits, logBook, endChildren },
    servers: [...servers, upTold],
    onForgotten,
    onEscalate,
  };
  return new Population(own, cellSpecs(config.agents, node));
}
