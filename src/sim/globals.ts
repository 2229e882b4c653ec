/**
 * The machine's clock, timers and dice while code of a simulated process runs: they are those of the process, so that code which never
 * heard of `this.clock` is repeated by the seed as well.
 *
 * G1  Code outside of steps (the test itself, its tools) gets the machine's.
 * G2  What is used is noted with its place in the source, once for each place. With `refuse` it throws instead.
 * G3  Released in any order: a trap that is no longer on top lets everything through.
 */
import type { Clock, Timer } from '../core/clock.ts';
import { SimulationError } from './simulation-error.ts';
import type { Random } from '../core/random.ts';

/** What stands behind the globals while a step of a process runs. */
export interface Virtual {
  readonly clock: Clock;
  readonly random: Random;
  /** It stands for the world outside of the fleet: what it uses is no leak. */
  readonly isOutside?: boolean;
}

/** `virtual`: they are those of the process. `refuse`: they throw. `real`: they are the machine's. */
export type GlobalsMode = 'virtual' | 'refuse' | 'real';

/** A use of the machine by code of an agent: its clock, timers and dice, its files, its network. */
export interface Leak {
  /** `Date.now`, `fs.readFileSync`, `a socket (TCPWRAP)`. */
  readonly what: string;
  /** File, line and column. */
  readonly where: string;
}

type Method = (...args: readonly unknown[]) => unknown;

const mostLeaks = 1_000;

export class Globals {
  readonly #mode: GlobalsMode;
  readonly #current: () => Virtual | undefined;
  readonly #undo: (() => void)[] = [];
  readonly #seen = new Set<string>();
  readonly leaks: Leak[] = [];
  #isOn = false;

  constructor(mode: GlobalsMode, current: () => Virtual | undefined) {
    this.#mode = mode;
    this.#current = current;
  }

  trap(): void {
    if (this.#mode === 'real' || this.#isOn) return;
    this.#isOn = true;
    this.#trapDate();
    this.replace(Reflect.get(globalThis, 'performance') as object, 'now', 'performance.now', ({ clock }) =>
      clock.monotonic(),
    );
    this.replace(Math, 'random', 'Math.random', ({ random }) => random.fraction('Math.random'));
    this.replace(crypto, 'randomUUID', 'crypto.randomUUID', ({ random }) => uuid(random));
    this.replace(process, 'hrtime', 'process.hrtime', ({ clock }) => hrtime(clock.monotonic()));
    this.#trapTimers();
  }

  release(): void {
    this.#isOn = false;
    for (const undo of this.#undo.splice(0).toReversed()) undo();
  }

  #trapTimers(): void {
    const after =
      (repeats: boolean) =>
      (virtual: Virtual, run: unknown, delay: unknown, ...rest: unknown[]) =>
        new VirtualTimer(virtual.clock, () => void (run as Method)(...rest), Number(delay ?? 0) || 0, repeats);
    this.replace(globalThis, 'setTimeout', 'setTimeout', after(false));
    this.replace(globalThis, 'setInterval', 'setInterval', after(true));
    this.replace(globalThis, 'setImmediate', 'setImmediate', ({ clock }, run, ...rest) => {
      return new VirtualTimer(clock, () => void (run as Method)(...rest), 0, false);
    });
    for (const name of ['clearTimeout', 'clearInterval', 'clearImmediate']) {
      const real = Reflect.get(globalThis, name) as Method;
      const clear: Method = (timer) => (timer instanceof VirtualTimer ? timer.cancel() : real(timer));
      this.set(globalThis, name, clear);
    }
  }

  /** A proxy, so that `instanceof Date` holds of every date there is. */
  #trapDate(): void {
    const real = Date;
    const now = (): number | undefined => this.#virtual('Date')?.clock.now();
    const proxy = new Proxy(real, {
      construct: (target, args: [], newTarget: Method) => {
        const given = args.length > 0 ? args : [now() ?? Reflect.apply(real.now, real, [])];
        return Reflect.construct(target, given, newTarget) as object;
      },
      get: (target, name, receiver) => {
        if (name !== 'now') return Reflect.get(target, name, receiver) as unknown;
        return () => now() ?? Reflect.apply(real.now, real, []);
      },
    });
    this.set(globalThis, 'Date', proxy);
  }

  /** While a step runs, `virtual` is called instead of the method. */
  replace(
    owner: object,
    name: string,
    what: string,
    virtual: (world: Virtual, ...args: readonly unknown[]) => unknown,
  ): void {
    const real = Reflect.get(owner, name) as Method;
    const trapped = (...args: readonly unknown[]): unknown => {
      const world = this.#virtual(what);
      return world === undefined ? Reflect.apply(real, owner, args) : virtual(world, ...args);
    };
    this.set(owner, name, Object.assign(trapped, real)); // hrtime has a method of its own
  }

  /** G1, G2 */
  #virtual(what: string): Virtual | undefined {
    const world = this.#isOn ? this.#current() : undefined;
    if (world === undefined) return undefined;
    if (world.isOutside === true) return world;
    const where = caller();
    if (this.#mode === 'refuse')
      throw new SimulationError(
        `expected a simulated agent to take time and chance from this.clock and this.random, got: ${what} at ${where}`,
      );
    this.note({ what, where });
    return world;
  }

  /** G2: true when it is new. */
  note({ what, where }: Leak): boolean {
    const key = `${what} ${where}`;
    if (this.#seen.has(key) || this.#seen.size >= mostLeaks) return false;
    this.#seen.add(key);
    this.leaks.push({ what, where });
    return true;
  }

  /** G3 */
  set(owner: object, name: string | symbol, value: unknown): void {
    const before = Object.getOwnPropertyDescriptor(owner, name);
    Object.defineProperty(owner, name, {
      value,
      configurable: true,
      writable: true,
      enumerable: before?.enumerable ?? false,
    });
    this.#undo.push(() => {
      if (Reflect.get(owner, name) !== value) return;
      if (before === undefined) Reflect.deleteProperty(owner, name);
      else Object.defineProperty(owner, name, before);
    });
  }
}

/** What `setTimeout` gives back, as far as programs use it. */
class VirtualTimer {
  #timer: Timer;

  constructor(clock: Clock, run: () => void, delayMs: number, repeats: boolean) {
    const arm = (): Timer =>
      clock.setTimer(Math.max(repeats ? 1 : 0, delayMs), () => {
        if (repeats) this.#timer = arm();
        run();
      });
    this.#timer = arm();
  }

  cancel(): void {
    this.#timer.cancel();
  }

  ref(): this {
    return this;
  }

  unref(): this {
    return this;
  }

  hasRef(): boolean {
    return true;
  }

  [Symbol.dispose](): void {
    this.cancel();
  }
}

function hrtime(ms: number): [number, number] {
  return [Math.floor(ms / 1_000), Math.floor((ms % 1_000) * 1e6)];
}

function uuid(random: Random): string {
  const digit = (): string => Math.floor(random.fraction('uuid') * 16).toString(16);
  return 'xxxxxxxx-xxxx-4xxx-8xxx-xxxxxxxxxxxx'.replace(/x/g, digit);
}

/** The first line of the stack that is none of this file, nor of Node's own code. */
function caller(): string {
  const lines = new Error('where').stack?.split('\n') ?? [];
  const own = /[\\/]sim[\\/]globals\.[jt]s/;
  const line = lines.slice(1).find((one) => !own.test(one) && !/[( ]node:/.test(one)) ?? '';
  return /\(?((?:file:|\/|[A-Za-z]:)[^()]*:\d+:\d+)\)?$/.exec(line)?.[1] ?? line.trim();
}
