/**
 * A whole fleet in one process, under virtual time: nodes and clients on memory brokers, and what may happen to them.
 *
 * Each process has a clock of its own on the shared one, so that a crashed process never runs again, a stalled one runs late, and
 * what a stopped one leaves behind is counted.
 */
import { onTestFinished } from 'vitest';
import type { Hosting } from '../../src/agent/hosting.ts';
import { Member } from '../../src/client/member.ts';
import type { Settings } from '../../src/client/scope.ts';
import { FleetClient } from '../../src/compose/fleet.ts';
import { resolveConfig, type RuntimeOptions } from '../../src/config/config.ts';
import type { Clock, Timer } from '../../src/core/clock.ts';
import { Observer, type RuntimeEvents } from '../../src/core/observer.ts';
import { MemoryBroker } from '../../src/memory/broker.ts';
import { MemoryFleet } from '../../src/memory/fleet.ts';
import type { NodeEnd } from '../../src/runtime/ending.ts';
import { Node } from '../../src/runtime/node.ts';
import type { NodeRequest } from '../../src/runtime/node-control.ts';
import type { NodeLegacy } from '../../src/runtime/node-deps.ts';
import { SeededRandom } from '../../src/sim/seeded-random.ts';
import { VirtualClock } from '../../src/sim/virtual-clock.ts';

/** One process's view of the shared clock. */
export class ProcessClock implements Clock {
  readonly #clock: VirtualClock;
  readonly #pending = new Set<Timer>();
  #held: (() => void)[] | undefined;
  #dead = false;
  #wallOffsetMs = 0;

  constructor(clock: VirtualClock) {
    this.#clock = clock;
  }

  /** Timers of this process that have not fired. */
  get pending(): number {
    return this.#pending.size;
  }

  now(): number {
    return this.#clock.now() + this.#wallOffsetMs;
  }

  /** Somebody sets the clock of this machine; time goes on as before. */
  jump(ms: number): void {
    this.#wallOffsetMs += ms;
  }

  monotonic(): number {
    return this.#clock.monotonic();
  }

  setTimer(delayMs: number, run: () => void): Timer {
    const inner = this.#clock.setTimer(delayMs, () => {
      this.#pending.delete(timer);
      this.#run(run);
    });
    const timer: Timer = {
      cancel: () => {
        this.#pending.delete(timer);
        inner.cancel();
      },
    };
    this.#pending.add(timer);
    return timer;
  }

  endOfTick(run: () => void): void {
    this.#clock.endOfTick(() => this.#run(run));
  }

  /** Nothing runs any more. */
  die(): void {
    this.#dead = true;
    for (const timer of this.#pending) timer.cancel();
  }

  /** What falls due is kept back until `resume`. */
  hold(): void {
    this.#held ??= [];
  }

  resume(): void {
    const held = this.#held ?? [];
    this.#held = undefined;
    for (const run of held) run();
  }

  #run(run: () => void): void {
    if (this.#dead) return;
    if (this.#held === undefined) run();
    else this.#held.push(run);
  }
}

/** What a process said, in order: the event's name and its record. */
export type Said = { [K in keyof RuntimeEvents]: { readonly event: K } & RuntimeEvents[K][0] }[keyof RuntimeEvents];

export interface SimNode {
  readonly id: string;
  readonly node: Node;
  readonly broker: MemoryBroker;
  readonly clock: ProcessClock;
  readonly said: Said[];
  readonly ends: NodeEnd[];
}

export interface SimClient extends Pick<SimNode, 'broker' | 'clock' | 'said'> {
  readonly fleet: FleetClient;
  readonly member: Member;
}

type NodeOptions = Omit<RuntimeOptions, 'agents'>;

const observed: readonly (keyof RuntimeEvents)[] = [
  'node.up',
  'node.fenced',
  'node.draining',
  'node.down',
  'part.started',
  'part.stopped',
  'contract.differs',
  'agent.up',
  'agent.standby',
  'agent.down',
  'agent.restarting',
  'task.started',
  'task.settled',
  'task.recovered',
  'handler.given-up',
  'message.failed',
  'message.dropped',
  'broadcast.gap',
  'schedule.run',
  'schedule.missed',
  'broker.trouble',
  'broker.data-lost',
  'log',
];

export class World {
  readonly clock = new VirtualClock();
  readonly random: SeededRandom;
  readonly fleet: MemoryFleet;
  #clients = 0;

  constructor(options: { seed?: number; events?: number; eventsAgeMs?: number } = {}) {
    this.random = new SeededRandom(options.seed ?? 1);
    const { events = 100_000, eventsAgeMs = 86_400_000 } = options;
    const retention = { events, eventsAgeMs };
    this.fleet = new MemoryFleet({ clock: this.clock, random: this.random, retention });
  }

  /** A node that has been made and not started. */
  make(id: string, agents: readonly Hosting[], options: NodeOptions = {}, legacy?: NodeLegacy): SimNode {
    const clock = new ProcessClock(this.clock);
    const broker = new MemoryBroker({ fleet: this.fleet, address: id });
    const { observer, said } = listen();
    const ends: NodeEnd[] = [];
    const config = resolveConfig({ ...options, agents });
    const onEnded = (end: NodeEnd): void => void ends.push(end);
    const place = { node: id, host: 'sim', pid: 1 };
    const onAsked = ({ graceMs }: NodeRequest): void => void node.stop(graceMs === undefined ? {} : { graceMs });
    const node = new Node({ broker, clock, random: this.random, observer, config, ...place, legacy, onEnded, onAsked });
    return { id, node, broker, clock, said, ends };
  }

  /** A node that is up; stopped after the test when it still is. */
  async start(id: string, agents: readonly Hosting[], options: NodeOptions = {}): Promise<SimNode> {
    const made = this.make(id, agents, options);
    await this.until(made.node.start());
    onTestFinished(() => this.until(made.node.stop({ graceMs: 0 })).catch(() => undefined));
    return made;
  }

  /** A process outside that uses the verbs. */
  async connect(name = `client${++this.#clients}`, own: Partial<Settings> = {}): Promise<SimClient> {
    const clock = new ProcessClock(this.clock);
    const broker = new MemoryBroker({ fleet: this.fleet, address: name });
    const { observer, said } = listen();
    const deps = { broker, clock, random: this.random, observer, address: name, leased: false, patienceMs: 30_000 };
    const member = new Member(deps);
    await this.until(member.start());
    const settings = {
      askDeadlineMs: 30_000,
      lockLeaseMs: 30_000,
      inboxLimit: 10_000,
      maxWaiting: 1_000_000,
      resultTtlMs: 3_600_000,
      ...own,
    };
    const identity = { name, isAgent: false, scope: () => undefined };
    return { fleet: new FleetClient({ member, identity, settings }), member, broker, clock, said };
  }

  /** The process ends without any of its code running again. */
  crash({ broker, clock }: Pick<SimNode, 'broker' | 'clock'>): void {
    clock.die();
    broker.cutLink();
  }

  /** The process does nothing until it is resumed, and its connections time out meanwhile. */
  pause({ broker, clock }: Pick<SimNode, 'broker' | 'clock'>): void {
    clock.hold();
    broker.cutLink();
  }

  resume({ broker, clock }: Pick<SimNode, 'broker' | 'clock'>): void {
    broker.restoreLink();
    clock.resume();
  }

  /** The broker restarts without its data: every connection is cut, and comes back. */
  lose(...processes: readonly Pick<SimNode, 'broker'>[]): void {
    for (const { broker } of processes) broker.cutLink();
    this.fleet.lose();
    for (const { broker } of processes) broker.restoreLink();
  }

  advance(ms: number): Promise<void> {
    return this.clock.advance(ms);
  }

  /** Moves the time until `promise` has settled. */
  until<T>(promise: Promise<T>): Promise<T> {
    return this.clock.until(promise);
  }

  /** Moves the time until `check` holds. */
  async eventually(check: () => boolean, what: string, limitMs = 120_000): Promise<void> {
    await this.clock.settle();
    for (let waitedMs = 0; !check(); waitedMs += 10) {
      if (waitedMs > limitMs) throw new Error(`expected ${what} within ${limitMs} ms of virtual time`);
      await this.clock.advance(10);
    }
  }
}

/** The events of one kind among those a process said. */
export function saidOf<K extends Said['event']>(
  process: Pick<SimNode, 'said'>,
  event: K,
): Extract<Said, { event: K }>[] {
  return process.said.filter((said): said is Extract<Said, { event: K }> => said.event === event);
}

/** How the settles of a process ended, in order. */
export function outcomesOf(process: Pick<SimNode, 'said'>): string[] {
  return saidOf(process, 'task.settled').map(({ outcome }) => outcome);
}

function listen(): { observer: Observer; said: Said[] } {
  const observer = new Observer();
  const said: Said[] = [];
  for (const event of observed) observer.on(event, (record: object) => void said.push({ event, ...record } as Said));
  return { observer, said };
}

/** A promise and the hand on it: how a test lets a handler go on. */
export function gate<T = void>(): { readonly open: (value: T) => void; readonly passed: Promise<T> } {
  let open: (value: T) => void = () => {};
  const passed = new Promise<T>((resolve) => (open = resolve));
  return { open, passed };
}
