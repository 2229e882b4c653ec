/**
 * What a simulation is made of: the options of `simulate()`, and what they come to.
 *
 * Apart from the simulation, since scenarios, shrinking and replay read and change them.
 */
import type { Hosting } from '../agent/hosting.ts';
import { resolveConfig, type RuntimeConfig, type RuntimeOptions } from '../config/config.ts';
import type { Duration } from '../core/duration.ts';
import { ConfigError } from '../core/errors.ts';
import { DrawnFaults, type Fault, type FaultPlan, type FaultRates, ListedFaults } from './faults.ts';
import type { GlobalsMode } from './globals.ts';
import { type HttpStubs, routeProblems } from './http.ts';
import type { Latency } from './wire.ts';

export type FleetOptions = Omit<
  RuntimeOptions,
  'agents' | 'redis' | 'tls' | 'durability' | 'replicas' | 'allowEviction' | 'fleet' | 'classic'
>;

export interface SimulateOptions extends FleetOptions {
  /** Decides everything that is left to chance. Default 1. */
  readonly seed?: number;
  /** How many nodes. Default 1. */
  readonly nodes?: number;
  /** What each node runs: made by `pool`, `single` and `group`. */
  readonly agents: readonly Hosting[];
  /**
   * What nodes run after `agents`: one list for each later version of the program. A node begins with `agents`; `sim.upgrade` and the fault
   * `new-version` replace it by one of the next version, so that for a while both are in the fleet.
   */
  readonly versions?: readonly (readonly Hosting[])[];
  /** Chance of each kind of fault, from `chaos()` on; or a list of faults that struck before. Default: none. */
  readonly faults?: FaultRates | readonly Fault[];
  /** Of one way to the broker, in milliseconds. Default 0.2 to 2. */
  readonly latency?: Latency;
  /** How many of the newest lines of the trace are kept. Default 2,000. */
  readonly traced?: number;
  /**
   * What `Date`, `setTimeout`, `Math.random` and the like are in code of agents: `virtual` (default), those of the simulated process, and listed
   * in `sim.leaks`; `refuse`, an error; `real`, the machine's. Files, sockets and the like are the machine's, and listed or refused.
   */
  readonly globals?: GlobalsMode;
  /**
   * Whether files, sockets, threads and the like that code of agents makes are looked for, which costs up to a fifth of the speed. Default:
   * yes; `explore` looks in its first run, where two runs differ, and always with `globals: 'refuse'`.
   */
  readonly resources?: boolean;
  /** What answers `fetch` in code of agents. Without a stub it is refused. */
  readonly http?: HttpStubs;
  /** Path of an HTML page: what has happened is drawn there when an invariant is found broken, and the error names it. */
  readonly diagram?: string;
}

export interface SettleOptions {
  /** Of virtual time. Default five minutes. */
  readonly within?: Duration;
}

export interface ResolvedOptions {
  readonly seed: number;
  readonly nodes: number;
  /** The first version, and those after it. */
  readonly versions: readonly (readonly Hosting[])[];
  readonly plan: FaultPlan;
  readonly latency: Latency;
  readonly traced: number;
  readonly globals: GlobalsMode;
  readonly resources: boolean;
  readonly http: HttpStubs | undefined;
  readonly diagram: string | undefined;
  /** As each node has them. */
  readonly fleet: FleetOptions;
  readonly config: RuntimeConfig;
}

const usualLatency: Latency = { fromMs: 0.2, toMs: 2 };

/** @throws ConfigError listing every problem. */
export function resolveOptions(options: SimulateOptions): ResolvedOptions {
  const {
    seed = 1,
    nodes = 1,
    agents,
    versions = [],
    faults = {},
    latency = usualLatency,
    traced = 2_000,
    globals = 'virtual',
    resources = true,
    http,
    diagram,
    ...fleet
  } = options;
  const config = resolveConfig({ ...fleet, agents: [...agents] });
  for (const later of versions) resolveConfig({ ...fleet, agents: [...later] });
  const problems = http === undefined ? [] : routeProblems(http);
  if (problems.length > 0) throw new ConfigError([...problems]);
  const plan = isList(faults) ? new ListedFaults(faults) : new DrawnFaults(seed, faults);
  const world = { plan, latency, traced, globals, resources, http, diagram };
  return { seed, nodes, versions: [agents, ...versions], ...world, fleet, config };
}

function isList(faults: FaultRates | readonly Fault[]): faults is readonly Fault[] {
  return Array.isArray(faults);
}
