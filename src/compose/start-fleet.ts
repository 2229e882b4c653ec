/**
 * `startFleet()`: this process becomes a node of a fleet, and a new incarnation of it whenever it was fenced.
 *
 * Z1  One incarnation at a time: the old one has stopped before the next one starts, under a new node id.
 * Z2  A fenced node comes back until it is stopped, however long the broker stays away. A node that failed (its agents fail more often
 *     than their intensity allows, or leave too many errors unhandled) does not: `ended` says why.
 */
import { hostname } from 'node:os';
import { type RuntimeConfig, type RuntimeOptions, resolveConfig } from '../config/config.ts';
import { embeddedProblems } from '../config/isolation.ts';
import { backoffMs, type Backoff } from '../core/backoff.ts';
import { type Clock, sleep } from '../core/clock.ts';
import { CancelledError, ConfigError, describeError } from '../core/errors.ts';
import { observe, Observer } from '../core/observer.ts';
import type { Random } from '../core/random.ts';
import { systemClock, systemRandom } from '../core/system.ts';
import { Culprits } from '../runtime/culprits.ts';
import type { NodeEnd } from '../runtime/ending.ts';
import { Node, type NodeLegacy } from '../runtime/node.ts';
import { FleetClient, type Fleet } from './fleet.ts';
import { loadTrust } from './load-trust.ts';
import { type BrokerSource, checkUrl, embeddedSource, redisSource } from './open-broker.ts';
import { catchStrayErrors } from './stray-errors.ts';

export interface StartDeps {
  /** Hears everything that happens; make one to listen before the start. */
  readonly observer?: Observer;
  /** Where `.runtime/` is, and a relative `tls.ca`. Default: the current directory. */
  readonly projectDir?: string;
  /** Where a redis-server is looked for. Default: the environment of the process. */
  readonly env?: NodeJS.ProcessEnv;
  /** Stops the fleet when it aborts, also while it is starting. */
  readonly signal?: AbortSignal;
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
  /** Resolves when the fleet's part in this process has ended, by `stop` or by a failure. */
  readonly ended: Promise<{ readonly reason: string; readonly error?: unknown }>;
  /** Drains and leaves. Running handlers have `graceMs` (default: the configuration's) to end. Stopping twice is one stop. */
  stop(options?: { readonly graceMs?: number }): Promise<void>;
}

const comeBack: Backoff = { kind: 'exponential', baseMs: 100, maxMs: 2_000, jitter: true };

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
  const { observer = new Observer(), projectDir = process.cwd(), env = process.env } = deps;
  const trust = await loadTrust(config.tls, projectDir);
  const setting = { ...config, trust, clock: systemClock, random: systemRandom, observer };
  const source =
    config.redis === undefined
      ? await embeddedSource(projectDir, env, setting)
      : redisSource(checkUrl(config.redis), setting);
  const culprits = new Culprits();
  const incarnations = new Incarnations({
    config,
    source,
    culprits,
    observer,
    clock: systemClock,
    random: systemRandom,
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
  return incarnations;
}

interface IncarnationsDeps {
  readonly config: RuntimeConfig;
  readonly source: BrokerSource;
  readonly culprits: Culprits;
  readonly observer: Observer;
  readonly clock: Clock;
  readonly random: Random;
}

class Incarnations implements RunningFleet {
  readonly ended: Promise<{ readonly reason: string; readonly error?: unknown }>;
  readonly #deps: IncarnationsDeps;
  readonly #stopping = new AbortController();
  #resolveEnded: (end: { readonly reason: string; readonly error?: unknown }) => void = () => {};
  #node: Node | undefined;
  #nodeId = '';
  /** Of the incarnation before this one. */
  #legacy: NodeLegacy | undefined;
  /** What happens to the current incarnation; the next step waits for it (Z1). */
  #turn: Promise<void> = Promise.resolve();
  #stopped: Promise<void> | undefined;

  constructor(deps: IncarnationsDeps) {
    this.#deps = deps;
    this.ended = new Promise((resolve) => (this.#resolveEnded = resolve));
  }

  get node(): string {
    return this.#nodeId;
  }

  get remark(): string | undefined {
    return this.#deps.source.remark;
  }

  get fleet(): Fleet {
    const node = this.#node;
    if (node === undefined)
      throw new CancelledError('stopped', 'expected the node to be up, got: it is coming back, or has stopped');
    const identity = { name: this.#nodeId, isAgent: false, scope: () => undefined };
    return new FleetClient({ member: node.member, identity, settings: node.settings });
  }

  async start(): Promise<void> {
    const { config, source, culprits, observer, clock, random } = this.#deps;
    const id = nodeId(random);
    const common = {
      config,
      culprits,
      legacy: this.#legacy,
      observer,
      clock,
      random,
      host: hostname(),
      pid: process.pid,
    };
    const node = new Node({ ...common, broker: source.open(id), node: id, onEnded: (end) => this.#onEnded(end) });
    this.#node = node; // before it is up, so that a stop reaches it
    this.#nodeId = id;
    await node.start();
  }

  stop(options: { readonly graceMs?: number } = {}): Promise<void> {
    this.#stopped ??= this.#stop(options, { reason: 'stopped' });
    return this.#stopped;
  }

  /** The fleet's part in this process cannot go on. */
  fail(reason: string, error: unknown): void {
    if (this.#node === undefined) this.#onEnded({ kind: 'failed', reason, error });
    else this.#node.fail(reason, error);
  }

  #onEnded(end: NodeEnd): void {
    if (end.kind === 'failed') {
      this.#stopped ??= this.#stop({ graceMs: 0 }, end);
      return;
    }
    this.#turn = this.#turn.then(() => this.#comeBack());
  }

  /** Z2 */
  async #comeBack(): Promise<void> {
    const { clock, random, observer } = this.#deps;
    await this.#leave({ graceMs: 0 });
    for (let tries = 1; !this.#stopping.signal.aborted; tries++) {
      try {
        return await this.start();
      } catch (error) {
        observe(observer, 'broker.trouble', { what: 'coming back as a new node', error: describeError(error) });
        await sleep(clock, backoffMs(comeBack, tries, random, 'come-back'), this.#stopping.signal).catch(
          () => undefined,
        ); // stopping ends the wait
      }
    }
  }

  async #stop(
    options: { readonly graceMs?: number },
    end: { readonly reason: string; readonly error?: unknown },
  ): Promise<void> {
    this.#stopping.abort();
    await this.#turn;
    try {
      await this.#leave(options);
    } finally {
      await this.#deps.source.release();
      this.#resolveEnded('error' in end ? { reason: end.reason, error: end.error } : { reason: end.reason });
    }
  }

  async #leave(options: { readonly graceMs?: number }): Promise<void> {
    const node = this.#node;
    this.#node = undefined;
    try {
      await node?.stop(options);
    } catch (error) {
      observe(this.#deps.observer, 'broker.trouble', { what: 'stopping the node', error: describeError(error) });
    }
    this.#legacy = node?.legacy ?? this.#legacy;
  }
}

/** Short enough to read in `audit@n7k2m9qx.2`, long enough not to come twice. */
function nodeId(random: Random): string {
  const part = (): string =>
    Math.floor(random.fraction('node-id') * 36 ** 4)
      .toString(36)
      .padStart(4, '0');
  return `n${part()}${part()}`;
}
