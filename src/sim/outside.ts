/**
 * The way from a simulated process to the world outside the fleet (a bank, a model) and back: it takes virtual time, and fails on purpose.
 *
 * O1  What is asked is two steps: one outside, in which the stub answers and the effect happens; one in the process that asked. Between
 *     them anything may happen to either.
 * O2  Failures and times are drawn by what is asked and how often it was asked, whoever asks.
 * O3  A process that has ended hears nothing. What it had asked arrives all the same.
 * O4  A signal ends the waiting, not the effect.
 */
import { SimulationError } from './simulation-error.ts';
import { between, type FaultKind, reshape } from './faults.ts';
import { ProcessClock } from './process-clock.ts';
import { newPlace, type Place } from './scheduler.ts';
import { hash, mix, SeededRandom, toFraction } from './seeded-random.ts';
import type { Latency } from './wire.ts';
import type { World } from './world.ts';

/** One request of an agent to the world outside. */
export interface OutsideRequest {
  /** The process: `n1`. */
  readonly from: string;
  /** Virtual time in milliseconds since the start. */
  readonly at: number;
  /** `POST https://bank.test/charges`, or the name of a model stub. */
  readonly what: string;
  /** The body; what a model was asked, a text or JSON. */
  readonly content: string;
  /** Of HTTP; empty otherwise. */
  readonly headers: Readonly<Record<string, string>>;
  /** The stub has seen it: its effect has happened. */
  readonly arrived: boolean;
  /** `refused` and `lost` are faults; `failed`: the stub threw. */
  readonly outcome: 'under way' | 'answered' | 'failed' | 'refused' | 'lost' | 'aborted';
}

/** What is to be carried to a stub, and what becomes of it there. */
export interface Errand<Answer> {
  readonly what: string;
  readonly content: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly latency: Latency;
  readonly signal?: AbortSignal | null | undefined;
  /** O1: runs outside. */
  readonly answer: () => Promise<Answer>;
  /** Runs outside, too: sends the answer on its way. What it returns runs in the process that asked. */
  readonly send: (answer: Answer, back: Back) => () => Answer;
  /** What comes instead of an answer when it is told to fail. */
  readonly refuse: (shape: number) => Answer | Error;
  /** What is left of an answer that is told to come spoiled. */
  readonly spoil: (answer: Answer) => Answer;
  readonly lose: () => Error;
}

/** Plans a step of the process that asked, behind those planned before and at least `gapMs` later. */
export type Back = (label: string, run: () => void, gapMs?: number) => void;

type Asked = Pick<Errand<unknown>, 'what' | 'content' | 'headers'>;
type Noted = { -readonly [Field in keyof OutsideRequest]: OutsideRequest[Field] };

const lateMs = { from: 2_000, to: 40_000 } as const;
const mostKept = 10_000;
const longestKey = 100;

export class Outside {
  readonly #world: World;
  readonly #place: Place = newPlace('outside');
  readonly #asked = new Map<string, number>();
  /** The oldest first; the newest 10,000. */
  readonly requests: OutsideRequest[] = [];

  constructor(world: World) {
    this.#world = world;
    const clock = new ProcessClock(world.scheduler, this.#place);
    const random = new SeededRandom(mix(world.seed, hash('outside')));
    world.virtuals.set(this.#place, { clock, random, isOutside: true });
  }

  carry<Answer>(errand: Errand<Answer>): Promise<Answer> {
    const { place } = this.#world.scheduler;
    if (place === undefined)
      return Promise.reject(
        new SimulationError(`expected ${errand.what} to be asked by a simulated agent, got: a call from outside of it`),
      );
    if (place.state === 'dead') return new Promise(() => {}); // O3
    const noted = this.#note(errand, place);
    const deps = { world: this.#world, outside: this.#place, place, key: this.#keyOf(errand), errand, noted };
    return new Promise((resolve, reject) => new Trip(deps, resolve, reject).begin());
  }

  #note({ what, content, headers = {} }: Asked, { name }: Place): Noted {
    const at = this.#world.elapsedMs;
    const noted: Noted = { from: name, at, what, content, headers, arrived: false, outcome: 'under way' };
    this.requests.push(noted);
    this.#world.journal?.asked(name, noted);
    if (this.requests.length > mostKept) this.requests.shift();
    return noted;
  }

  /** O2 */
  #keyOf({ what, content }: Asked): string {
    const said = content.length <= longestKey ? content : `#${hash(content).toString(36)}`;
    const asked = said === '' ? what : `${what} ${said}`;
    const tries = (this.#asked.get(asked) ?? 0) + 1;
    this.#asked.set(asked, tries);
    return `${asked}/${tries}`;
  }
}

interface TripDeps<Answer> {
  readonly world: World;
  readonly outside: Place;
  readonly place: Place;
  readonly key: string;
  readonly errand: Errand<Answer>;
  readonly noted: Noted;
}

/** One errand under way. */
class Trip<Answer> {
  readonly #deps: TripDeps<Answer>;
  readonly #resolve: (answer: Answer) => void;
  readonly #reject: (error: Error) => void;
  #lastMs = 0;

  constructor(deps: TripDeps<Answer>, resolve: (answer: Answer) => void, reject: (error: Error) => void) {
    this.#deps = deps;
    this.#resolve = resolve;
    this.#reject = reject;
  }

  begin(): void {
    const { world, outside, place, errand } = this.#deps;
    const { signal, what } = errand;
    if (signal?.aborted) return this.#onAbort();
    signal?.addEventListener('abort', this.#onAbort, { once: true });
    const at = world.scheduler.nowMs + this.#travelMs('there');
    world.scheduler.plan(outside, `${place.name} ${what}`, at, () => this.#arrive());
  }

  /** O4 */
  readonly #onAbort = (): void => this.#end('aborted', () => this.#reject(this.#deps.errand.signal?.reason as Error));

  #arrive(): void {
    const { errand, noted } = this.#deps;
    if (this.#strikes('lost-request') !== undefined) return this.#lose();
    const refused = this.#strikes('failed-request');
    if (refused !== undefined) {
      const refusal = errand.refuse(reshape(refused, 'how'));
      const tell = (): void => (refusal instanceof Error ? this.#reject(refusal) : this.#resolve(refusal));
      return this.#back('refusal of', () => this.#end('refused', tell));
    }
    noted.arrived = true;
    errand
      .answer()
      .then((answer) => this.#answered(answer))
      .catch((error: Error) => this.#back('failure of', () => this.#end('failed', () => this.#reject(error))));
  }

  #answered(answer: Answer): void {
    const { errand } = this.#deps;
    if (this.#strikes('lost-response') !== undefined) return this.#lose();
    const late = this.#strikes('late-response');
    if (late !== undefined)
      this.#lastMs = this.#deps.world.scheduler.nowMs + between(reshape(late, 'late'), lateMs.from, lateMs.to);
    const sent = this.#strikes('spoiled-response') === undefined ? answer : errand.spoil(answer);
    let receive = (): Answer => sent;
    this.#back('reply to', () => this.#end('answered', () => this.#resolve(receive())));
    receive = errand.send(sent, this.#back); // what it sends comes behind the reply
  }

  #lose(): void {
    this.#back('no reply to', () => this.#end('lost', () => this.#reject(this.#deps.errand.lose())));
  }

  /** O1 */
  readonly #back: Back = (label, run, gapMs = 0) => {
    const { world, place, errand } = this.#deps;
    this.#lastMs = Math.max(this.#lastMs + gapMs, world.scheduler.nowMs + this.#travelMs('back'));
    world.scheduler.plan(place, `${label} ${errand.what}`, this.#lastMs, run);
  };

  #end(outcome: OutsideRequest['outcome'], run: () => void): void {
    const { noted, errand } = this.#deps;
    if (noted.outcome !== 'under way') return;
    noted.outcome = outcome;
    errand.signal?.removeEventListener('abort', this.#onAbort);
    run();
  }

  /** O2 */
  #travelMs(way: string): number {
    const { world, key, errand } = this.#deps;
    return between(toFraction(hash(`${world.seed}/${key}/${way}`)), errand.latency.fromMs, errand.latency.toMs);
  }

  #strikes(kind: FaultKind): number | undefined {
    return this.#deps.world.plan.strikes(kind, this.#deps.key);
  }
}
