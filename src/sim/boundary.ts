/**
 * The border of the simulated world: everything by which code of an agent could reach the machine or the network, and what it meets there.
 *
 * D1  With `real` nothing is trapped but what has a stub.
 * D2  What is found is listed once for each place. With `refuse` it throws, or where that cannot be, breaks an invariant.
 * D3  Released, the process has its own again, also when simulations end in another order than they began.
 */
import { SimulationError } from './simulation-error.ts';
import { releaseBuiltins, trapBuiltins } from './builtins.ts';
import { callSite } from './call-site.ts';
import { Globals, type GlobalsMode, type Leak } from './globals.ts';
import { type HttpStubs, SimHttp } from './http.ts';
import { type Door, door } from './model-stub.ts';
import { Outside } from './outside.ts';
import { Resources } from './resources.ts';
import type { World } from './world.ts';

export interface BoundaryOptions {
  readonly world: World;
  readonly mode: GlobalsMode;
  /** Sockets, files and the like are looked for. */
  readonly resources: boolean;
  readonly http: HttpStubs | undefined;
  /** D2: what could not be refused on the spot. */
  readonly onRefused: (leak: Leak) => void;
}

type Fetch = typeof globalThis.fetch;

/** Where every copy of `fetch`, also one that was kept from before, finds the network. */
const dispatcher = Symbol.for('undici.globalDispatcher.1');

export class Boundary {
  readonly outside: Outside;
  readonly #options: BoundaryOptions;
  readonly #globals: Globals;
  readonly #http: SimHttp;
  readonly #resources: Resources;
  /** What agents have begun that virtual time does not wait for, in words. */
  readonly unawaited: string[] = [];
  #undo = (): void => {};

  constructor(options: BoundaryOptions) {
    const { world, mode, http } = options;
    this.#options = options;
    this.#globals = new Globals(mode, () => world.scheduler.place && world.virtuals.get(world.scheduler.place));
    this.outside = new Outside(world);
    this.#http = new SimHttp(this.outside, http);
    this.#resources = new Resources({
      isAgent: () => this.#isAgent,
      onFound: (leak) => this.#found(leak),
    });
  }

  get leaks(): readonly Leak[] {
    return this.#globals.leaks;
  }

  trap(): void {
    const { mode, resources, http } = this.#options;
    const isReal = mode === 'real';
    this.#globals.trap();
    this.#trapStubs();
    if (!isReal || http !== undefined) this.#trapFetch(); // D1
    if (isReal) return;
    trapBuiltins(this.#globals, (what) => this.#called(what));
    if (resources) this.#resources.start();
  }

  /** D3 */
  release(): void {
    this.#resources.stop();
    this.#undo();
    this.#globals.release();
    if (this.#options.mode !== 'real') releaseBuiltins();
  }

  get #isAgent(): boolean {
    const { scheduler, virtuals } = this.#options.world;
    const virtual = scheduler.place && virtuals.get(scheduler.place);
    return virtual !== undefined && virtual.isOutside !== true;
  }

  /** D2: in the middle of the call. */
  #called(what: string): void {
    const where = this.#isAgent ? callSite() : undefined;
    if (where === undefined) return;
    this.#globals.note({ what, where });
    if (this.#options.mode === 'refuse')
      throw new SimulationError(`expected a simulated agent to leave the machine alone, got: ${what} at ${where}`);
  }

  #found(leak: Leak): void {
    const isNew = this.#globals.note(leak);
    if (isNew) this.unawaited.push(`an agent uses ${leak.what}, for which no virtual time waits, at ${leak.where}`);
    if (this.#options.mode === 'refuse') this.#options.onRefused(leak);
  }

  #trapStubs(): void {
    const before = Reflect.get(globalThis, door) as Door | undefined;
    const open: Door = (errand) =>
      this.#isAgent || before === undefined ? this.outside.carry(errand) : before(errand);
    this.#globals.set(globalThis, door, open);
  }

  #trapFetch(): void {
    const real = globalThis.fetch;
    const trapped: Fetch = (input, init) => {
      if (!this.#isAgent) return real(input, init);
      const where = callSite() ?? 'an unknown place';
      return this.#http.fetch(input, init, () => (this.#globals.note({ what: 'fetch', where }), where));
    };
    this.#globals.set(globalThis, 'fetch', trapped);
    this.#trapKeptFetch();
  }

  /** A client that took `fetch` before the simulation began does not get past it either. */
  #trapKeptFetch(): void {
    Reflect.construct(Request, ['http://stub.test']); // Node makes the dispatcher when something of the kind is used first
    const real = Reflect.get(globalThis, dispatcher) as object | undefined;
    if (real === undefined) return;
    const refusing = new Proxy(real, {
      get: (target, name) => {
        const value: unknown = Reflect.get(target, name, target);
        if (typeof value !== 'function') return value;
        return (...args: readonly unknown[]): unknown => {
          if (name === 'dispatch' && this.#isAgent) throw this.#keptFetch(args[0]);
          return Reflect.apply(value, target, args) as unknown;
        };
      },
    });
    Reflect.set(globalThis, dispatcher, refusing);
    this.#undo = () => {
      if (Reflect.get(globalThis, dispatcher) === refusing) Reflect.set(globalThis, dispatcher, real);
    };
  }

  #keptFetch(request: unknown): SimulationError {
    const { method, origin, path } = request as Readonly<Record<'method' | 'origin' | 'path', unknown>>;
    const what = `${String(method)} ${String(origin)}${String(path)}`;
    const where = callSite() ?? 'an unknown place';
    this.#globals.note({ what: 'a fetch from before the simulation', where });
    return new SimulationError(
      `expected a simulated agent to call globalThis.fetch, got: one that was kept from before, for ${what} (${where})\n` +
        'Make the client that keeps it in the agent, or hand it a function that calls fetch.',
    );
  }
}
