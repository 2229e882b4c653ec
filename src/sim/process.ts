/**
 * One process of the simulated fleet: it starts, crashes, stands still, is cut off, and comes back.
 *
 * What a crash leaves of it is what it had sent: a new start makes a new place, new agents and new chance.
 */
import type { Agent } from '../agent/agent.ts';
import type { Hosting } from '../agent/hosting.ts';
import type { Broker } from '../broker/broker.ts';
import { Incarnations } from '../compose/incarnations.ts';
import { type RuntimeConfig, type RuntimeOptions, resolveConfig } from '../config/config.ts';
import { Observer } from '../core/observer.ts';
import { MemoryBroker } from '../memory/broker.ts';
import { FaultyBroker } from './faulty-broker.ts';
import { type Handled, type HandlerEnd, instrument } from './instrument.ts';
import { ProcessClock } from './process-clock.ts';
import { callsLeft, residueInBroker, timersLeft } from './residue.ts';
import { newPlace, type Place } from './scheduler.ts';
import { hash, mix, SeededRandom } from './seeded-random.ts';
import { Wire } from './wire.ts';
import type { World } from './world.ts';

export interface ProcessOptions {
  readonly name: string;
  /** What it runs, version by version. */
  readonly versions: readonly (readonly Hosting[])[];
  readonly options: Omit<RuntimeOptions, 'agents'>;
}

/** What is made anew with every start. */
interface Life {
  readonly number: number;
  readonly place: Place;
  readonly clock: ProcessClock;
  readonly wire: Wire;
  readonly brokers: MemoryBroker[];
  /** Of its nodes, the latest last. */
  readonly addresses: string[];
  readonly observer: Observer;
  readonly agents: Agent[];
  running: number;
  /** Its agents were up, once. */
  cameUp: boolean;
  /** How many faults had struck when it was told to stop; -1 when it was cut off, or something was late. */
  disturbedAtStop: number | undefined;
  /** Of its nodes, the one that lost its right to anything last. */
  fenced: string | undefined;
}

export class SimProcess {
  readonly name: string;
  /** Of its program, from the next start on; past the last one it is the last one. */
  version = 0;
  readonly #world: World;
  readonly #options: ProcessOptions;
  #life: Life | undefined;
  #incarnations: Incarnations | undefined;
  #lives = 0;

  constructor(world: World, options: ProcessOptions) {
    this.name = options.name;
    this.#world = world;
    this.#options = options;
  }

  /** `down` after a crash or a stop; `held` while it stands still. */
  get state(): 'up' | 'held' | 'down' {
    const { place } = this.#life ?? {};
    if (place === undefined || place.state === 'dead') return 'down';
    return place.state === 'held' ? 'held' : 'up';
  }

  /** Id of its node. */
  get node(): string | undefined {
    return this.state === 'down' ? undefined : this.#incarnations?.id;
  }

  get place(): Place | undefined {
    return this.#life?.place;
  }

  get clock(): ProcessClock | undefined {
    return this.#life?.clock;
  }

  get wire(): Wire | undefined {
    return this.#life?.wire;
  }

  /** Its live agents and those that have ended, the latest last. */
  get agents(): readonly Agent[] {
    return this.#life?.agents ?? [];
  }

  /** Handlers that run. */
  get running(): number {
    return this.state === 'down' ? 0 : (this.#life?.running ?? 0);
  }

  get incarnations(): Incarnations | undefined {
    return this.#incarnations;
  }

  /** Resolves when its agents are up. */
  async start(): Promise<void> {
    if (this.state !== 'down') return;
    const life = this.#begin();
    const { clock, observer } = life;
    const config = this.#config(life);
    const random = new SeededRandom(mix(this.#world.seed, hash(`${this.name}.${life.number}`)));
    this.#world.virtuals.set(life.place, { clock, random });
    const source = { open: (address: string) => this.#open(life, address), release: () => Promise.resolve() };
    const place = { host: this.name, pid: life.number, supervised: false };
    const incarnations = new Incarnations({ config, source, observer, clock, random, ...place });
    this.#incarnations = incarnations;
    void incarnations.ended.then(({ kind, reason, error }) => {
      if (life.place.state === 'dead') return;
      this.#world.note(this.name, `ended: ${reason}`);
      if (kind === 'stopped' || kind === 'drained') this.#lookForResidue(life);
      this.#end(life);
      if (kind === 'failed') this.#world.onFailed(this, reason, error);
    });
    await this.#world.within(life.place, () => this.#startUntilUp(life, incarnations));
  }

  /** As a supervisor of processes does: a start that fails because the broker is away is tried again. */
  async #startUntilUp(life: Life, incarnations: Incarnations): Promise<void> {
    try {
      await incarnations.start();
      life.cameUp = true;
    } catch (error) {
      await incarnations.stop({ graceMs: 0 });
      this.#world.onStartFailed(this, error);
    }
  }

  /** The process ends without any code running. */
  crash(): void {
    const life = this.#life;
    if (life === undefined || life.place.state === 'dead') return;
    this.#world.note(this.name, 'crash');
    this.#end(life);
    const at = Math.max(this.#world.scheduler.nowMs, life.wire.lastArrival);
    this.#world.scheduler.plan(this.#world.brokerPlace, `${this.name} is gone`, at, () => {
      for (const broker of life.brokers) broker.cutLink();
    });
    this.#world.onCrash(this);
  }

  #end(life: Life): void {
    this.#world.scheduler.kill(life.place);
    life.running = 0;
  }

  /** Whatever an agent asks, it asks through the node that is there when it is made. */
  #onInstance(life: Life, agent: Agent): number {
    life.agents.push(agent);
    const asks = this.#incarnations?.current?.member.asks;
    if (asks !== undefined) this.#world.ledger.asks.watch(asks, life.place);
    return this.#world.nextInstance(agent, life.place);
  }

  /** What it had could be given back only if nothing has struck since it was told to stop, and if it was still its own. */
  #lookForResidue(life: Life): void {
    if (life.running > 0) return;
    const { ledger } = this.#world;
    const { place, wire, cameUp } = life;
    const node = life.addresses.at(-1) ?? '';
    const left = { name: this.name, node, place, wire, cameUp };
    const isDisturbed = life.disturbedAtStop !== this.#world.disturbances || !wire.isUp || life.fenced === node;
    const undisturbed = isDisturbed ? [] : [...callsLeft(left), ...residueInBroker(this.#world, left)];
    for (const what of [...timersLeft(this.#world, left), ...undisturbed])
      ledger.violate('a node that stops in order leaves nothing', what);
  }

  /** Ends it in order. */
  async stop(options: { readonly graceMs?: number } = {}): Promise<void> {
    const life = this.#life;
    if (life === undefined || this.state === 'down') return;
    life.disturbedAtStop ??= this.#isDisturbed(life) ? -1 : this.#world.disturbances;
    await this.#world.within(life.place, async () => this.#incarnations?.stop(options));
  }

  /** What struck before still has its effect. */
  #isDisturbed({ wire, place, cameUp, addresses }: Life): boolean {
    const { isFull, fleet } = this.#world;
    const isGone = cameUp && !fleet.directory.isPresent(addresses.at(-1) ?? '');
    return !wire.isUp || wire.isLate || place.state === 'held' || isFull || isGone;
  }

  pause(): void {
    const { place } = this.#life ?? {};
    if (place?.state !== 'running') return;
    this.#world.note(this.name, 'stands still');
    place.state = 'held';
  }

  resume(): void {
    const { place } = this.#life ?? {};
    if (place?.state !== 'held') return;
    this.#world.note(this.name, 'goes on');
    this.#world.scheduler.release(place);
  }

  /** Its links to the broker are cut. */
  cut(): void {
    if (this.state === 'down' || this.wire?.isUp !== true) return;
    this.#world.note(this.name, 'is cut off');
    this.wire.cut();
    for (const broker of this.#life?.brokers ?? []) broker.cutLink();
  }

  restore(): void {
    if (this.state === 'down' || this.wire?.isUp !== false) return;
    this.#world.note(this.name, 'is connected again');
    this.wire.restore();
    for (const broker of this.#life?.brokers ?? []) broker.restoreLink();
  }

  /** What is published while its subscriptions are cut is lost to it. */
  deafen(): void {
    this.wire?.deafen();
  }

  hear(): void {
    this.wire?.hear();
    if (this.wire?.isUp !== true) return;
    for (const broker of this.#life?.brokers ?? []) {
      broker.cutLink();
      broker.restoreLink();
    }
  }

  #begin(): Life {
    const { scheduler, brokerPlace: broker, plan, latency, seed } = this.#world;
    const number = ++this.#lives;
    const place = newPlace(this.name);
    this.#world.journal?.note(this.name, 'starts');
    const crash = (): void => this.crash();
    const isFull = (): boolean => this.#world.isFull;
    const wire = new Wire({ scheduler, place, broker, plan, latency, seed: mix(seed, number), crash, isFull });
    const observer = new Observer();
    this.#world.listen(this.name, observer);
    const clock = new ProcessClock(scheduler, place);
    clock.jump(this.#world.wallOffsetMs);
    const never = { disturbedAtStop: undefined, fenced: undefined };
    const made = { brokers: [], addresses: [], agents: [], running: 0, cameUp: false, ...never };
    const life: Life = { number, place, clock, wire, observer, ...made };
    observer.on('node.fenced', ({ node }) => void (life.fenced = node));
    this.#life = life;
    return life;
  }

  #open(life: Life, address: string): Broker {
    const inner = new MemoryBroker({ fleet: this.#world.fleet, address });
    life.brokers.push(inner);
    life.addresses.push(address);
    const label = `${this.name}.${life.number}.${life.brokers.length}`;
    return new FaultyBroker({
      inner,
      wire: life.wire,
      label,
      onCarried: (carried) => this.#world.ledger.carried(address, carried),
      captures: this.#world.captures,
      journal: this.#world.journal && { name: this.name, of: this.#world.journal },
    });
  }

  #config(life: Life): RuntimeConfig {
    const { plan, scheduler, ledger, journal } = this.#world;
    const hooks = {
      plan,
      nowMs: () => scheduler.nowMs,
      onInstance: (agent: Agent) => this.#onInstance(life, agent),
      onHandled: (handled: Handled) => {
        ledger.handled(handled);
        journal?.begun(this.name, handled);
      },
      onEnded: (handled: Handled, end?: HandlerEnd) => journal?.ended(handled, end),
      onRunning: (by: 1 | -1) => void (life.running += by),
      crash: () => this.crash(),
    };
    const { versions } = this.#options;
    const hostings = versions[Math.min(this.version, versions.length - 1)] ?? [];
    const agents = hostings.map((hosting) => instrument(hosting, hooks));
    return resolveConfig({ ...this.#options.options, agents });
  }
}
