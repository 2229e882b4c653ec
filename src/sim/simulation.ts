/**
 * `simulate()`: a whole fleet in one thread, under virtual time, from the classes and the runtime of production.
 *
 * A composition root: only broker, clock and chance are replaced. Between two calls of the test the fleet stands still.
 */
import type { Agent } from '../agent/agent.ts';
import type { Fleet } from '../compose/fleet.ts';
import { type Duration, durationMs } from '../core/duration.ts';
import { SimulationError } from './simulation-error.ts';
import { Chaos } from './chaos.ts';
import { driven } from './driven.ts';
import { type Fault, SwitchedFaults } from './faults.ts';
import { Globals, type Leak } from './globals.ts';
import { brokenAtRest } from './invariants.ts';
import type { Violation } from './ledger.ts';
import { rolesOf } from './smaller-fleet.ts';
import { resolveOptions, type ResolvedOptions, type SettleOptions, type SimulateOptions } from './options.ts';
import { SimProcess } from './process.ts';
import { openClient } from './sim-client.ts';
import type { TraceLine } from './trace.ts';
import { isAtRest, unfinished } from './unfinished.ts';
import { brokenError, Watch } from './watch.ts';
import { World } from './world.ts';

const settleMs = 300_000;

/**
 * Starts a fleet in simulation. Resolves when the agents of all its nodes are up.
 *
 * @throws ConfigError listing every problem of the options.
 * @example
 * const sim = await simulate({ seed: 42, nodes: 3, agents: [pool(AuditAgent, { size: 3 })], faults: { kill: 0.01, cut: 0.02 } });
 * await sim.fleet.run(AuditAgent, 'audit', { path: '/repo' });
 * await sim.settle();
 * sim.expect.noViolations();
 */
export async function simulate(options: SimulateOptions): Promise<Simulation> {
  const sim = new Simulation(options);
  await sim.start();
  return sim;
}

export class Simulation {
  /** For everything that has no verb here. */
  readonly world: World;
  readonly #nodes: readonly SimProcess[];
  readonly #options: ResolvedOptions;
  readonly #faults: SwitchedFaults;
  readonly #chaos: Chaos;
  readonly #watch = new Watch();
  readonly #globals: Globals;
  #fleet: Fleet | undefined;

  constructor(options: SimulateOptions) {
    const resolved = resolveOptions(options);
    const { seed, nodes, agents, plan, latency, traced, globals, fleet, config } = resolved;
    this.#options = resolved;
    this.#faults = new SwitchedFaults(plan);
    const retention = { events: config.limits.events, eventsAgeMs: config.limits.eventsAgeMs };
    const check = (): void => this.#watch.afterStep(this.world);
    this.world = new World({ seed, plan: this.#faults, latency, traced, retention, check });
    const name = (index: number): string => `n${index + 1}`;
    this.#nodes = Array.from(
      { length: nodes },
      (_, index) => new SimProcess(this.world, { name: name(index), agents, options: fleet }),
    );
    this.world.processes.push(...this.#nodes);
    this.#chaos = new Chaos(this.world);
    const { scheduler, virtuals } = this.world;
    this.#globals = new Globals(globals, () => scheduler.place && virtuals.get(scheduler.place));
  }

  /** Called by `simulate`. */
  async start(): Promise<void> {
    this.#globals.trap();
    const client = await openClient(this.world, 'client', this.#options.config);
    const drive = <T>(promise: Promise<T>, what: string): Promise<T> => this.until(promise, what);
    this.#fleet = driven<Fleet>(client.fleet, drive, 'fleet');
    await this.until(Promise.all(this.#nodes.map((node) => node.start())), 'all nodes to be up');
  }

  /** The fleet as an outside process has it. Waiting for any of its promises lets virtual time go on. */
  get fleet(): Fleet {
    if (this.#fleet === undefined) throw new SimulationError('expected the simulation to be started, got: not yet');
    return this.#fleet;
  }

  /** Virtual time in milliseconds since the start. */
  get elapsedMs(): number {
    return this.world.elapsedMs;
  }

  /** Lets this much virtual time pass. */
  async advance(time: Duration): Promise<void> {
    await this.world.scheduler.advance(durationMs(time, 'time'));
    this.#watch.demand();
  }

  /** Lets virtual time go on until `promise` has settled. */
  async until<T>(promise: Promise<T>, what = 'what is awaited', within?: Duration): Promise<T> {
    const limitMs = within === undefined ? undefined : durationMs(within, 'within');
    return await this.#explained(this.world.scheduler.settled(promise, what, limitMs));
  }

  /** Lets virtual time go on until `check` holds. */
  async eventually(what: string, check: () => boolean, { within = settleMs }: SettleOptions = {}): Promise<void> {
    await this.#explained(this.world.scheduler.until(check, what, durationMs(within, 'within')));
  }

  /** From now on `check` must hold after every step; false or a throw is a violation. */
  always(what: string, check: () => boolean | undefined): void {
    this.#watch.add(what, check);
  }

  /**
   * Lets virtual time go on until nothing is waiting, claimed, parked or running.
   *
   * @throws SimulationError naming who waits for what, when that does not come about.
   */
  async settle({ within = settleMs }: SettleOptions = {}): Promise<void> {
    await this.#explained(
      this.world.scheduler.until(() => isAtRest(this.world), 'the fleet to come to rest', durationMs(within, 'within')),
    );
    this.#watch.demand();
  }

  /** From now on faults strike, by the rates or the list of the options, until `heal`. */
  chaos(): void {
    this.#faults.isOn = true;
    this.#chaos.start();
  }

  /** Ends all faults: what is cut off is connected, what stands still goes on, what is down is started. */
  heal(): void {
    this.#faults.isOn = false;
    this.#chaos.calm();
  }

  /** The process of a node ends without any code running. It stays down until `restart`, or until `heal`. */
  crash(node: string): void {
    const before = this.world.comesBack;
    this.world.comesBack = false;
    this.#node(node).crash();
    this.world.comesBack = before;
  }

  /** The process of a node stands still, as at a breakpoint or in a swapped machine. */
  pause(node: string): void {
    this.#node(node).pause();
  }

  resume(node: string): void {
    this.#node(node).resume();
  }

  /** Cuts the nodes of `from` off from those of `to`, on whose side the broker stands; without `to`: from everything. */
  partition(from: string | readonly string[], to: string | readonly string[] = 'broker'): void {
    const others = typeof to === 'string' ? [to] : to;
    const cut = (typeof from === 'string' ? [from] : from).filter((name) => !others.includes(name));
    for (const name of cut) this.#node(name).cut();
  }

  /** Starts the process of a node that is down; one that is up drains first. Resolves when its agents are up. */
  async restart(node: string): Promise<void> {
    const process = this.#node(node);
    await this.until(process.stop(), `${node} to drain`);
    await this.until(process.start(), `${node} to be up`);
  }

  /** The process of a node ends in order. */
  async stop(node: string): Promise<void> {
    await this.until(this.#node(node).stop(), `${node} to drain`);
  }

  /** Ends every process at once; nothing of the simulation runs any more. */
  async close(): Promise<void> {
    this.#faults.isOn = false;
    this.world.comesBack = false;
    for (const node of this.#nodes) node.crash();
    await this.world.scheduler.advance(0);
    this.#globals.release();
  }

  /** The names of the nodes: `n1`, `n2` and so on. */
  get nodes(): readonly string[] {
    return this.#nodes.map(({ name }) => name);
  }

  /** The roles that its nodes run: of a scenario that is shrunk, some may be left out. */
  get roles(): readonly string[] {
    return rolesOf(this.#options.agents);
  }

  /** The live agent of that id, to be read. */
  agent(id: string): Agent | undefined {
    for (const process of this.#nodes) {
      if (process.state === 'down') continue;
      const isUp = process.incarnations?.current?.cells.some((cell) => cell.id === id && cell.state === 'up');
      if (isUp) return process.agents.findLast((agent) => idOf(agent) === id);
    }
    return undefined;
  }

  /** Uses of the machine's clock, timers and dice by code of agents, each place once. They were given those of the simulated process. */
  get leaks(): readonly Leak[] {
    return this.#globals.leaks;
  }

  get trace(): readonly TraceLine[] {
    return this.world.trace.lines;
  }

  /** Of everything that has happened: the same in every run of the same seed. */
  get hash(): string {
    return this.world.trace.hash;
  }

  /** Faults that have struck, in order. */
  get faults(): readonly Fault[] {
    return this.world.plan.struck;
  }

  /** What is broken: what was found on the way, and what does not hold now that the fleet is at rest. */
  violations(): readonly Violation[] {
    return [...this.#watch.broken, ...brokenAtRest(this.world)];
  }

  /** @throws SimulationError listing what is broken. */
  readonly expect = {
    noViolations: (): void => this.#demand(() => true),
    everyTaskSettledOnce: (): void => this.#demand(({ invariant }) => invariant.includes('task')),
  };

  #demand(isMeant: (violation: Violation) => boolean): void {
    const found = this.violations().filter(isMeant);
    if (found.length > 0) throw brokenError(found);
  }

  async #explained<T>(promise: Promise<T>): Promise<T> {
    try {
      return await promise;
    } catch (error) {
      if (!(error instanceof SimulationError)) throw error;
      const waits = unfinished(this.world);
      const words =
        waits.length === 0
          ? ''
          : `\n${waits
              .slice(0, 20)
              .map((line) => `- ${line}`)
              .join('\n')}`;
      throw new SimulationError(`${error.message}${words}`);
    }
  }

  #node(name: string): SimProcess {
    const node = this.#nodes.find((one) => one.name === name);
    if (node === undefined)
      throw new SimulationError(`expected a node of the simulation (${this.nodes.join(', ')}), got: ${name}`);
    return node;
  }
}

/** Of an agent that has a runtime already. */
function idOf(agent: Agent): string | undefined {
  try {
    return agent.id;
  } catch {
    return undefined;
  }
}
