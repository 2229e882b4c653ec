/**
 * `startFleet()`: this process becomes a node of a fleet, and a new incarnation of it whenever it was fenced or told to restart.
 *
 * A composition root: it picks clock, chance and broker. How incarnations follow one another stands in incarnations.ts.
 */
import { hostname } from 'node:os';
import { type RuntimeConfig, type RuntimeOptions, resolveConfig } from '../config/config.ts';
import { embeddedProblems } from '../config/isolation.ts';
import { CancelledError, ConfigError } from '../core/errors.ts';
import { Observer } from '../core/observer.ts';
import { systemClock, systemRandom } from '../core/system.ts';
import { Culprits } from '../runtime/culprits.ts';
import type { Readiness } from '../runtime/readiness.ts';
import { FleetClient, type Fleet } from './fleet.ts';
import { type FleetEnd, Incarnations } from './incarnations.ts';
import { loadTrust } from './load-trust.ts';
import { checkUrl, embeddedSource, redisSource } from './open-broker.ts';
import { catchStrayErrors } from './stray-errors.ts';
import { refuseInThread, Threads } from './threads.ts';

export interface StartDeps {
  /** Hears everything that happens; make one to listen before the start. */
  readonly observer?: Observer;
  /** Where `.runtime/` is, and a relative `tls.ca`. Default: the current directory. */
  readonly projectDir?: string;
  /** Where a redis-server is looked for. Default: the environment of the process. */
  readonly env?: NodeJS.ProcessEnv;
  /** Stops the fleet when it aborts, also while it is starting. */
  readonly signal?: AbortSignal;
  /** A supervisor process starts the next node when this one is told to restart. Default: it comes back in this process. */
  readonly supervised?: boolean;
  /** The node that this one comes after, for whoever waits for its successor. */
  readonly replaces?: string | undefined;
  /**
   * Listens to `unhandledRejection` and `uncaughtException` of the process while the fleet is up: an error of an agent's code restarts
   * that agent, more than `limits.unhandled` of them in a minute end the fleet (`ended` says why). An error that is no agent's is left to
   * the process's other listeners, or ends it as Node does. Default false: a process that embeds a fleet keeps its own way, in which one
   * such error ends it. `runtime start` sets it.
   */
  readonly catchUnhandled?: boolean;
}

export interface RunningFleet {
  /** Id of the current incarnation. */
  readonly node: string;
  /** The verbs, in this process's own name. */
  readonly fleet: Fleet;
  /** Which broker it is when the configuration names none. */
  readonly remark: string | undefined;
  /** Whether this process can do what it is there for: its agents are up, its presence is renewed, its links are up, it can claim tasks. */
  readiness(): Readiness;
  /** Resolves when the fleet's part in this process has ended: by `stop`, by a command of the fleet, or by a failure. */
  readonly ended: Promise<FleetEnd>;
  /** Drains and leaves. Running handlers have `graceMs` (default: the configuration's) to end. Stopping twice is one stop. */
  stop(options?: { readonly graceMs?: number }): Promise<void>;
}

/**
 * Starts the fleet of a configuration in this process. Resolves when its agents are up.
 *
 * @throws ConfigError listing every problem; BrokerError when the broker cannot be reached.
 * @example
 * const running = await startFleet({ agents: [pool(AuditAgent, { size: 3 })] });
 * const report = await running.fleet.run(AuditAgent, 'audit', { path: '.' });
 * await running.stop();
 */
export async function startFleet(options: RuntimeOptions, deps: StartDeps = {}): Promise<RunningFleet> {
  const config = resolveConfig(options);
  const problems = embeddedProblems(config.agents);
  if (problems.length > 0) throw new ConfigError(problems);
  return startResolved(config, deps);
}

/** The same for a configuration that is resolved already. */
export async function startResolved(config: RuntimeConfig, deps: StartDeps = {}): Promise<RunningFleet> {
  refuseInThread();
  const { observer = new Observer(), projectDir = process.cwd(), env = process.env } = deps;
  const trust = await loadTrust(config.tls, projectDir);
  const setting = { ...config, trust, clock: systemClock, random: systemRandom, observer };
  const source =
    config.redis === undefined
      ? await embeddedSource(projectDir, env, setting)
      : redisSource(checkUrl(config.redis), setting);
  const culprits = new Culprits();
  const { supervised = false, replaces } = deps;
  const place = { host: hostname(), pid: process.pid, supervised, replaces };
  const incarnations = new Incarnations({
    config,
    source,
    culprits,
    observer,
    clock: systemClock,
    random: systemRandom,
    threads: new Threads({ clock: systemClock, observer }),
    ...place,
  });
  if (deps.catchUnhandled) {
    const stop = catchStrayErrors({
      source: process,
      clock: systemClock,
      observer,
      limit: config.limits.unhandled,
      blame: (error) => culprits.blame(error),
      onTooMany: (reason, error) => incarnations.fail(reason, error),
    });
    void incarnations.ended.then(stop);
  }
  const onAbort = (): void => void incarnations.stop();
  if (deps.signal?.aborted) onAbort();
  else deps.signal?.addEventListener('abort', onAbort, { once: true });
  try {
    await incarnations.start();
  } catch (error) {
    deps.signal?.removeEventListener('abort', onAbort);
    await incarnations.stop({ graceMs: 0 });
    throw error;
  }
  return {
    ended: incarnations.ended,
    remark: source.remark,
    get node() {
      return incarnations.id;
    },
    get fleet() {
      return clientOf(incarnations);
    },
    readiness: () => incarnations.current?.readiness() ?? away,
    stop: (stopOptions) => incarnations.stop(stopOptions),
  };
}

const away: Readiness = { ready: false, why: ['the node is coming back, or has stopped'] };

/** One for each incarnation: callers ask for it with every call. */
const clients = new WeakMap<object, Fleet>();

function clientOf({ current, id }: Incarnations): Fleet {
  if (current === undefined)
    throw new CancelledError('stopped', 'expected the node to be up, got: it is coming back, or has stopped');
  const known = clients.get(current);
  if (known !== undefined) return known;
  const identity = { name: id, isAgent: false, scope: () => undefined };
  const client = new FleetClient({ member: current.member, identity, settings: current.settings });
  clients.set(current, client);
  return client;
}
