/**
 * `simulate()`: a whole fleet in one thread, under virtual time, from the classes and the runtime of production.
 *
 * A composition root: only broker, clock and chance are replaced. Between two calls of the test the fleet stands still.
 */
import { writeFileSync } from 'node:fs';
import type { Agent } from '../agent/agent.ts';
import type { Fleet } from '../compose/fleet.ts';
import { type Duration, durationMs } from '../core/duration.ts';
import { SimulationError } from './simulation-error.ts';
import { Boundary } from './boundary.ts';
import { Chaos } from './chaos.ts';
import { diagramOfWorld } from './diagram.ts';
import { driven } from './driven.ts';
import { type Fault, SwitchedFaults } from './faults.ts';
import type { Leak } from './globals.ts';
import { brokenAtRest } from './invariants.ts';
import type { Violation } from './ledger.ts';
import { rolesOf } from './smaller-fleet.ts';
import { resolveOptions, type ResolvedOptions, type SettleOptions, type SimulateOptions } from './options.ts';
import type { OutsideRequest } from './outside.ts';
import { SimProcess } from './process.ts';
import { liveAgent } from './live-agent.ts';
import { openClient } from './sim-client.ts';
import { SimVerbs } from './sim-verbs.ts';
import type { TraceLine } from './trace.ts';
import { explained, isAtRest, unfinished } from './unfinished.ts';
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
  try {
    await sim.start();
    return sim;
  } catch (error) {
    await sim.close();
    throw error;
  }
}

export class Simulation extends SimVerbs {
  /** For everything that has no verb here. */
  readonly world: World;
  readonly #nodes: readonly SimProcess[];
  readonly #options: ResolvedOptions;
  readonly #faults: SwitchedFaults;
  readonly #chaos: Chaos;
  readonly #watch = new Watch();
  readonly #boundary: Boundary;
  #fleet: Fleet | undefined;

  constructor(options: SimulateOptions) {
    super();
    const resolved = resolveOptions(options);
    const { seed, nodes, versions, plan, latency, traced, globals, resources, http, fleet, config } = resolved;
    this.#options = resolved;
    this.#faults = new SwitchedFaults(plan, (fault) => this.world.journal?.struck(fault));
    const retention = { events: config.limits.events, eventsAgeMs: config.limits.eventsAgeMs };
    const check = (): void => this.#watch.afterStep(this.world);
    this.world = new World({ seed, plan: this.#faults, latency, traced, retention, check });
    const name = (index: number): string => `n${index + 1}`;
    this.#nodes = Array.from(
      { length: nodes },
      (_, index) => new SimProcess(this.world, { name: name(index), versions, options: fleet }),
    );
    this.world.processes.push(...this.#nodes);
    this.#chaos = new Chaos(this.world, versions.length);
    const onRefused = ({ what, where }: Leak): void =>
      this.#watch.note({ invariant: 'agents leave the machine alone', what: `${what} at ${where}` });
    this.#boundary = new Boundary({ world: this.world, mode: globals, resources, http, onRefused });
  }

  /** Called by `simulate`. */
  async start(): Promise<void> {
    this.#boundary.trap();
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
    this.#demandWatched();
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
    this.#demandWatched();
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

  /**
   * Cuts the nodes of `from` off from those of `to`, on whose side the broker stands; without `to`: from everything. Nodes know of each other
   * by the broker alone, so who is cut off from it is cut off from all.
   */
  partition(from: string | readonly string[], to: string | readonly string[] = 'broker'): void {
    const [cut, others] = [from, to].map((side) => (typeof side === 'string' ? [side] : side)) as [string[], string[]];
    for (const name of others) if (name !== 'broker') this.#node(name);
    if (cut.length === 0 || cut.some((name) => others.includes(name)))
      throw new SimulationError(`expected two sides with no node on both, got: [${cut.join()}] and [${others.join()}]`);
    for (const node of cut.map((name) => this.#node(name))) node.cut();
  }

  /** Starts the process of a node that is down; one that is up drains first. Resolves when its agents are up. */
  async restart(node: string): Promise<void> {
    const process = await this.#drained(node);
    await this.until(process.start(), `${node} to be up`);
  }

  /** Replaces a node by one of the next version of `versions`, if there is one. Resolves when its agents are up. */
  async upgrade(node: string): Promise<void> {
    this.#node(node).version++;
    await this.restart(node);
  }

  /** The process of a node ends in order. */
  async stop(node: string): Promise<void> {
    await this.#drained(node);
  }

  async #drained(node: string): Promise<SimProcess> {
    const process = this.#node(node);
    if (process.state === 'held')
      throw new SimulationError(
        `expected ${node} to run, so that it can drain, got: it stands still\nCall sim.resume first.`,
      );
    await this.until(process.stop(), `${node} to drain`);
    return process;
  }

  /** Ends every process at once; nothing of the simulation runs any more. */
  async close(): Promise<void> {
    this.#faults.isOn = false;
    this.world.comesBack = false;
    for (const node of this.#nodes) node.crash();
    await this.world.scheduler.advance(0);
    this.#boundary.release();
  }

  /** The names of the nodes: `n1`, `n2` and so on. */
  get nodes(): readonly string[] {
    return this.#nodes.map(({ name }) => name);
  }

  /** The roles that its nodes run: of a scenario that is shrunk, some may be left out. */
  get roles(): readonly string[] {
    return rolesOf(this.#options.versions[0] ?? []);
  }

  /** The live agent of that id, to be read. */
  agent(id: string): Agent | undefined {
    return liveAgent(this.#nodes, id);
  }

  /** Uses of the machine by code of agents, each place once. Of clock, timers and dice they were given those of the simulated process. */
  get leaks(): readonly Leak[] {
    return this.#boundary.leaks;
  }

  /** What agents have asked of the world outside: by `fetch`, and of model stubs. The oldest first; the newest 10,000. */
  get requests(): readonly OutsideRequest[] {
    return this.#boundary.outside.requests;
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

  /** What has happened, as a sequence diagram: one HTML page. What led to the violations is in full, everything else is folded away. */
  diagram(violations = this.violations()): string {
    const { hash, faults, trace, leaks } = this;
    return diagramOfWorld(this.world, { hash, faults, trace, leaks, violations });
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
    if (found.length > 0) throw this.#broken(found);
  }

  #demandWatched(): void {
    if (this.#watch.broken.length > 0) throw this.#broken(this.#watch.broken);
  }

  #broken(found: readonly Violation[]): SimulationError {
    const { diagram } = this.#options;
    if (diagram !== undefined) writeFileSync(diagram, this.diagram(found));
    return brokenError(found, diagram);
  }

  #explained<T>(promise: Promise<T>): Promise<T> {
    return explained(promise, () => [...unfinished(this.world), ...this.#boundary.unawaited]);
  }

  #node(name: string): SimProcess {
    const node = this.#nodes.find((one) => one.name === name);
    if (node === undefined)
      throw new SimulationError(`expected a node of the simulation (${this.nodes.join(', ')}), got: ${name}`);
    return node;
  }
}
