/**
 * The faults that come from outside: in every second of virtual time each process, and the fleet as a whole, may be struck.
 *
 * H1  What is done is undone after a while: what stands still goes on, what is cut off is connected again, what is down is started.
 * H2  `calm` ends all of it at once: from then on nothing strikes, and the fleet has to come to rest.
 */
import { between, type FaultKind, reshape } from './faults.ts';
import type { SimProcess } from './process.ts';
import type { World } from './world.ts';

const windowMs = 1_000;
const stallMs = { from: 50, to: 900 } as const;
const freezeMs = { from: 6_500, to: 15_000 } as const;
const awayMs = { from: 200, to: 8_000 } as const;
const jumpMs = { from: -90_000, to: 90_000 } as const;
/** Between the ends of two nodes that are replaced. */
const rollMs = 1_500;
const rewindMs = { from: 10, to: 1_000 } as const;
const brokerJumpMs = { from: 100, to: 20_000 } as const;

type Strike = (process: SimProcess, shape: number) => void;

export class Chaos {
  readonly #world: World;
  readonly #versions: number;
  #version = 0;
  readonly #undo = new Set<() => void>();
  #cancel: (() => void) | undefined;
  #window = 0;

  /** `versions`: how many there are of the program. */
  constructor(world: World, versions: number) {
    this.#world = world;
    this.#versions = versions;
  }

  start(): void {
    this.#world.comesBack = true;
    this.#next();
  }

  /** H2 */
  calm(): void {
    this.#cancel?.();
    this.#cancel = undefined;
    for (const undo of this.#undo) undo();
    this.#world.isFull = false;
    for (const process of this.#world.processes) {
      process.resume();
      process.restore();
      process.hear();
      process.wire?.slowDown(0);
      if (process.state === 'down') void process.start();
    }
  }

  #next(): void {
    const { scheduler, outside } = this.#world;
    this.#cancel = scheduler.plan(outside, 'chaos', scheduler.nowMs + windowMs, () => {
      this.#window++;
      for (const process of this.#world.processes) this.#strikeProcess(process);
      this.#strikeFleet();
      this.#next();
    });
  }

  #strikeProcess(process: SimProcess): void {
    if (process.state !== 'up') return;
    for (const [kind, strike] of Object.entries(this.#onProcess)) {
      const at = `${process.name}/${this.#window}`;
      const shape = this.#world.plan.strikes(kind as FaultKind, at);
      if (shape === undefined) continue;
      this.#world.note(process.name, `fault ${kind}`);
      this.#soon(shape, () => {
        this.#world.journal?.hit(kind as FaultKind, process.name, at);
        strike(process, reshape(shape, 'how'));
      });
    }
  }

  #strikeFleet(): void {
    for (const [kind, strike] of Object.entries(this.#onFleet)) {
      if (kind === 'new-version' && this.#version + 1 >= this.#versions) continue;
      const at = `fleet/${this.#window}`;
      const shape = this.#world.plan.strikes(kind as FaultKind, at);
      if (shape === undefined) continue;
      if (kind === 'broker-rewind') this.#rememberBefore(shape);
      this.#world.note('broker', `fault ${kind}`);
      this.#soon(shape, () => {
        this.#world.journal?.hit(kind as FaultKind, 'broker', at);
        strike(reshape(shape, 'how'));
      });
    }
  }

  /** Somewhere in the window. */
  #soon(shape: number, run: () => void): void {
    const { scheduler, outside } = this.#world;
    scheduler.plan(outside, 'strike', scheduler.nowMs + reshape(shape, 'when') * windowMs, () => {
      this.#world.effects++;
      run();
    });
  }

  /** So much earlier than the strike as will be lost; nothing is copied in a run in which nothing is rewound. */
  #rememberBefore(shape: number): void {
    const { scheduler, brokerPlace } = this.#world;
    const strikesIn = reshape(shape, 'when') * windowMs;
    const lostMs = Math.min(strikesIn, between(reshape(shape, 'lost'), rewindMs.from, rewindMs.to));
    scheduler.plan(brokerPlace, 'remember', scheduler.nowMs + strikesIn - lostMs, () => this.#world.remember());
  }

  /** H1 */
  #later(afterMs: number, undo: () => void): void {
    const { scheduler, outside } = this.#world;
    const once = (): void => {
      if (!this.#undo.delete(once)) return;
      cancel();
      undo();
    };
    this.#undo.add(once);
    const cancel = scheduler.plan(outside, 'undo', scheduler.nowMs + afterMs, once);
  }

  readonly #onProcess: Readonly<Partial<Record<FaultKind, Strike>>> = {
    kill: (process) => process.crash(),
    stall: (process, shape) => this.#hold(process, between(shape, stallMs.from, stallMs.to)),
    freeze: (process, shape) => this.#hold(process, between(shape, freezeMs.from, freezeMs.to)),
    cut: (process, shape) => this.#cut([process], between(shape, awayMs.from, awayMs.to)),
    deaf: (process, shape) => {
      process.deafen();
      this.#later(between(shape, awayMs.from, awayMs.to / 4), () => process.hear());
    },
    slow: (process, shape) =>
      process.wire?.slowDown(this.#world.scheduler.nowMs + between(shape, awayMs.from, awayMs.to)),
    'clock-jump': (process, shape) => process.clock?.jump(Math.round(between(shape, jumpMs.from, jumpMs.to))),
    'clock-drift': (process, shape) => process.clock?.drift(between(shape, 0.9, 1.1)),
    restart: (process) => void this.#drain(process),
    stop: (process) => void this.#drain(process, 0),
  };

  readonly #onFleet: Readonly<Partial<Record<FaultKind, (shape: number) => void>>> = {
    partition: (shape) => {
      const half = this.#world.processes.filter(({ name }) => reshape(shape, name) < 0.5);
      this.#cut(half, between(shape, awayMs.from, awayMs.to));
    },
    'new-version': () => this.#roll(++this.#version),
    'broker-restart': (shape) => this.#cut(this.#world.processes, between(shape, awayMs.from, awayMs.to)),
    'broker-loss': (shape) => {
      this.#cut(this.#world.processes, between(shape, awayMs.from, awayMs.to / 4));
      this.#world.lose();
    },
    'broker-rewind': (shape) => {
      this.#cut(this.#world.processes, between(shape, awayMs.from, awayMs.to / 4));
      this.#world.rewind();
    },
    'broker-full': (shape) => {
      this.#world.isFull = true;
      this.#later(between(shape, awayMs.from, awayMs.to / 2), () => (this.#world.isFull = false));
    },
    'broker-clock-jump': (shape) =>
      this.#world.brokerClock.jump(Math.round(between(shape, brokerJumpMs.from, brokerJumpMs.to))),
  };

  #hold(process: SimProcess, forMs: number): void {
    process.pause();
    const { place } = process;
    this.#later(forMs, () => {
      if (process.place === place) process.resume();
    });
  }

  #cut(processes: readonly SimProcess[], forMs: number): void {
    for (const process of processes) process.cut();
    this.#later(forMs, () => {
      for (const process of processes) process.restore();
    });
  }

  /** One after the other; one that is down has the new version when it starts. */
  #roll(version: number): void {
    const { scheduler, outside, processes } = this.#world;
    for (const [index, process] of processes.entries())
      scheduler.plan(outside, 'roll', scheduler.nowMs + index * rollMs, () => {
        process.version = version;
        if (process.state === 'up') void this.#drain(process);
      });
  }

  /** It ends in order, and its successor starts. */
  async #drain(process: SimProcess, graceMs?: number): Promise<void> {
    await process.stop(graceMs === undefined ? {} : { graceMs });
    this.#world.startLater(process);
  }
}
