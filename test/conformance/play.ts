/**
 * One history on both sides: every step is carried out on each, and answers, state and what was heard are held against each other.
 *
 * H1  A step is over on both sides, and everything it told has been heard, before the next one begins.
 * H2  Only what no port promises is evened out: the order of lists that have none, how often one notice is told within a step, and the
 *     words of errors.
 * H3  A wait that has ended on one side must end on the other. An empty one may be known earlier on Redis, where the client's own timer
 *     runs in real time; it is looked at when it ends in memory.
 */
import type { Notice } from '../../src/broker/notices.ts';
import type { Picked } from '../../src/broker/foreign.ts';
import type { Out } from '../../src/broker/outgoing.ts';
import { settlesWithin } from '../../src/core/clock.ts';
import { systemClock } from '../../src/core/system.ts';
import { Growth, type Grown, grownIn } from './growth.ts';
import { type Answer, type Side, type Wait } from './side.ts';
import type { Lane } from './stage.ts';
import type { Call, Step } from './steps.ts';
import { Difference, isRecord, type Pair, show, Symbols, within } from './symbols.ts';
import { everything, inboxes, touched, type View } from './views.ts';
import { vocabulary } from './words/all.ts';
import { remember, type World } from './world.ts';

const patienceMs = 10_000;
const mostLooks = 5_000;
/** State moves on by itself in these. */
const moving = new Set(['leaseLeftMs', 'agoMs', 'nextDueInMs', 'nextEndInMs', 'now', 'againInMs']);
/** A full look costs as much as ten steps. */
const fullLookEvery = 20;

const words = new Map(vocabulary.map((word) => [`${word.port}.${word.method}`, word]));

const overflows = /"(?:queue-full|inbox-full|too-many)"|"gap":true|"dropped":[1-9]/;

/** What a history has in it. */
export interface Traits {
  expiry: boolean;
  overflow: boolean;
  cancelledRunning: boolean;
  repeatedFrame: boolean;
  foreignTake: boolean;
}

export class Play {
  readonly #lane: Lane;
  readonly #memory: Side;
  readonly #world: World;
  readonly #symbols = new Symbols();
  readonly #growth = { memory: new Growth(), redis: new Growth() };
  /** Of the step that is on. */
  readonly #grown: Readonly<Record<'memory' | 'redis', Grown[]>> = { memory: [], redis: [] };
  readonly #frames = new Set<string>();
  readonly traits: Traits = {
    expiry: false,
    overflow: false,
    cancelledRunning: false,
    repeatedFrame: false,
    foreignTake: false,
  };
  operations = 0;

  constructor(deps: { lane: Lane; memory: Side; world: World }) {
    this.#lane = deps.lane;
    this.#memory = deps.memory;
    this.#world = deps.world;
  }

  /** Carries out a step that is no pass. */
  async take(step: Exclude<Step, { kind: 'pass' }>): Promise<void> {
    this.#symbols.enter(step.id);
    this.operations++;
    switch (step.kind) {
      case 'abort':
        return await this.#endWait(step.by, (wait) => wait.controller.abort());
      case 'close':
        return void (await Promise.all([this.#memory.close(step.ear), this.#lane.redis.close(step.ear)]));
      case 'call':
        return await this.#call(step);
    }
  }

  /** Looks at everything before time passes. */
  async beforePass(): Promise<unknown> {
    return await this.#look(everything(this.#world));
  }

  /** Time has passed on both sides: every wait has ended, and what expired has expired on both. */
  async afterPass(id: string, before: unknown): Promise<void> {
    this.#symbols.enter(id);
    this.operations++;
    for (const by of this.#memory.waits.keys()) {
      const redis = this.#lane.redis.waits.get(by);
      await this.#endWait(by, (wait) => void (wait === redis && wait.controller.abort()));
    }
    const after = await this.#look(everything(this.#world));
    if (still(before) !== still(after)) this.traits.expiry = true;
  }

  /** Ends what is left open, and looks at everything once more. */
  async end(): Promise<void> {
    this.#symbols.enter('end');
    for (const by of this.#memory.waits.keys()) await this.#endWait(by, (wait) => wait.controller.abort());
    await this.#look([...everything(this.#world), ...inboxes(this.#world)]);
  }

  async #call(call: Call): Promise<void> {
    const args = this.#realise(call, call.args);
    if (args === undefined) return;
    if (call.method === 'wait') return await this.#wait(call, args);
    if (call.method === 'listen') return await this.#listen(call, args);
    const answer = await this.#both(call, args);
    const isFull = this.operations % fullLookEvery === 0;
    const views = isFull ? everything(this.#world) : touched(this.#world, call);
    await this.#look(views);
    if ('value' in answer) this.#learn(call, answer.value);
  }

  /** A call has succeeded, and was answered alike. */
  #learn(call: Call, value: unknown): void {
    this.#noteTraits(call, value);
    if (value !== undefined) words.get(`${call.port}.${call.method}`)?.learn?.(this.#world, call, value as never);
    if (isRecord(call.args[0]) && 'ops' in call.args[0]) remember(this.#world.frames, call);
  }

  /** The answer of both in symbols. */
  async #both(call: Call, args: Real): Promise<Record<string, unknown>> {
    const [memory, redis] = await Promise.all([
      this.#memory.call(call, args.memory),
      this.#lane.redis.call(call, args.redis),
    ]);
    const place = `${call.port}.${call.method}`;
    if (call.method === 'tagOf') return { value: 'stays' };
    const pair = { memory: ordered(place, memory), redis: ordered(place, redis) };
    const answer = within(place, () => this.#symbols.match(pair));
    if ('value' in memory && 'value' in redis) {
      this.#grown.memory.push(...grownIn({ ...call, args: args.memory }, memory.value));
      this.#grown.redis.push(...grownIn({ ...call, args: args.redis }, redis.value));
    }
    return answer as Record<string, unknown>;
  }

  async #look(views: readonly View[]): Promise<unknown> {
    const asked = views.flatMap((one) => {
      const args = this.#realise(one, one.args);
      return args === undefined ? [] : [{ one, args, place: `${one.port}.${one.method}` }];
    });
    const [memory, redis] = await Promise.all([
      this.#see(
        this.#memory,
        asked.map(({ one, args }) => [one, args.memory] as const),
      ),
      this.#see(
        this.#lane.redis,
        asked.map(({ one, args }) => [one, args.redis] as const),
      ),
    ]);
    const seen = asked.map(({ place, one }, index) => {
      const pair = { memory: ordered(place, memory[index]), redis: ordered(place, redis[index]) };
      return this.#matchAs(() => `state by ${place}(${one.args.map((arg) => show(arg)).join(', ')})`, pair);
    });
    this.#compareHeard();
    await this.#compareWaits();
    return seen;
  }

  async #see(side: Side, asked: readonly (readonly [View, readonly unknown[]])[]): Promise<readonly Answer[]> {
    const answers = Promise.all(asked.map(([one, args]) => side.call({ kind: 'call', id: '', ...one }, args)));
    const [seen] = await Promise.all([answers, side.quiet()]);
    return seen;
  }

  #compareHeard(): void {
    const [memory, redis] = [this.#memory.takeHeard(), this.#lane.redis.takeHeard()];
    for (const [ear, heard] of memory) {
      const other = redis.get(ear);
      const [told, toldToo] = [this.#asSet(heard.notices, 'memory'), this.#asSet(other?.notices ?? [], 'redis')];
      const notices = this.#matchAs(() => `heard at ${ear}: `, { memory: told, redis: toldToo }) as Notice[];
      this.#matchAs(() => `events heard at ${ear}: `, { memory: heard.events, redis: other?.events });
      for (const notice of notices) {
        if (notice.kind !== 'granted') continue;
        this.#world.held.push({ name: notice.lock, holder: notice.holder, token: notice.token });
        for (const side of ['memory', 'redis'] as const) {
          const value = this.#symbols.realise(notice.token, side) ?? 0;
          this.#grown[side].push({ scope: `token of ${notice.lock}`, value });
        }
      }
    }
    for (const side of ['memory', 'redis'] as const) this.#demandGrowth(side);
  }

  #matchAs(place: () => string, pair: Pair): unknown {
    try {
      return this.#symbols.match(pair);
    } catch (error) {
      throw error instanceof Difference ? new Difference(`${place()}${error.path}`, error.pair) : error;
    }
  }

  /** H2 */
  #asSet(notices: readonly Notice[], kind: 'memory' | 'redis'): readonly Notice[] {
    if (notices.length < 2) return notices;
    const byKey = new Map(notices.map((notice) => [this.#symbols.sortKey(notice, kind), notice]));
    return [...byKey].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, notice]) => notice);
  }

  async #wait(call: Call, args: Real): Promise<void> {
    if (this.#memory.waits.has(call.by)) return;
    this.#world.waiting.add(call.by);
    this.#memory.wait(call, args.memory);
    this.#lane.redis.wait(call, args.redis);
    await this.#memory.settle();
    await this.#untilBlocked(call);
    await this.#look(touched(this.#world, call));
  }

  /** Resolves when the server knows of the wait, so that nothing that follows overtakes it. */
  async #untilBlocked({ by, args }: Call): Promise<void> {
    const { queues, count } = args[0] as { readonly queues: readonly string[]; readonly count: number };
    const stats = await Promise.all(queues.map((queue) => this.#memory.broker(by).queues.stats(queue)));
    const redis = this.#lane.redis.waits.get(by);
    if (this.#memory.waits.get(by)?.answer !== undefined && redis !== undefined)
      return void (await settlesWithin(systemClock, patienceMs, redis.ended));
    const isOpen = count > 0 && stats.some(({ paused, limits }) => !paused && limits === undefined);
    if (!isOpen) return;
    for (let look = 0; look < mostLooks; look++) {
      if (redis?.answer !== undefined || (await this.#lane.isBlocked(by))) return;
    }
  }

  /** H3 */
  async #compareWaits(): Promise<void> {
    for (const [by, memory] of this.#memory.waits) {
      const redis = this.#lane.redis.waits.get(by);
      if (memory.answer !== undefined) await this.#matchWait(by);
      else if (redis?.answer !== undefined && !isEmpty(redis.answer))
        throw new Difference(`wait of ${by}`, { memory: 'waits', redis: redis.answer });
    }
  }

  async #endWait(by: string, hasten: (wait: Wait) => void): Promise<void> {
    const waits = [this.#memory.waits.get(by), this.#lane.redis.waits.get(by)];
    for (const wait of waits) if (wait !== undefined) hasten(wait);
    await this.#memory.settle();
    if (this.#memory.waits.has(by)) await this.#matchWait(by);
  }

  async #matchWait(by: string): Promise<void> {
    const [memory, redis] = [this.#memory.waits.get(by), this.#lane.redis.waits.get(by)];
    this.#memory.waits.delete(by);
    this.#lane.redis.waits.delete(by);
    this.#world.waiting.delete(by);
    const hasEnded = redis !== undefined && (await settlesWithin(systemClock, patienceMs, redis.ended));
    if (!hasEnded) redis?.controller.abort();
    const pair: Pair = { memory: memory?.answer ?? 'waits', redis: (hasEnded && redis?.answer) || 'waits' };
    const answer = this.#matchAs(() => `wait of ${by}: `, pair);
    if (isRecord(answer) && Array.isArray(answer['value'])) this.#world.claims.push(...answer['value']);
  }

  async #listen(call: Call, args: Real): Promise<void> {
    const ear = `ear${call.id}${call.port === 'events' ? '/events' : ''}`;
    const [address] = args.memory as readonly string[];
    const about = address === undefined ? {} : { address };
    await Promise.all([this.#memory.listen(call.by, ear, about), this.#lane.redis.listen(call.by, ear, about)]);
    this.#world.ears.push(ear);
  }

  #realise({ by, ...call }: View & Pick<Call, 'tagOf'>, given: readonly unknown[]): Real | undefined {
    const [memory, redis] = (['memory', 'redis'] as const).map((kind) => {
      const real = this.#symbols.realise(given, kind);
      if (call.tagOf === undefined || real === undefined) return real;
      const side = kind === 'memory' ? this.#memory : this.#lane.redis;
      const [frame, ...rest] = real as readonly [object, ...unknown[]];
      return [{ ...frame, tag: side.broker(by).mail.tagOf(call.tagOf) }, ...rest];
    });
    return memory && redis && { memory, redis };
  }

  /**
   * The least first: a call that hands a lock over and gets a permit itself tells the two tokens on two links, and all that can be said of
   * them is that both are greater than those of the steps before.
   */
  #demandGrowth(kind: 'memory' | 'redis'): void {
    const grown = this.#grown[kind].splice(0);
    const [numbers, ids] = [grown.filter(isNumbered), grown.filter((one) => !isNumbered(one))];
    for (const one of [...numbers.toSorted((a, b) => a.value - b.value), ...ids]) {
      const broken = this.#growth[kind].note(one);
      if (broken !== undefined) throw new Difference(one.scope, { memory: '', redis: '', [kind]: broken });
    }
  }

  #noteTraits(call: Call, value: unknown): void {
    if (value === 'requested') this.traits.cancelledRunning = true;
    if (call.method === 'take' && (value as Picked).ids.some((id) => id !== undefined)) this.traits.foreignTake = true;
    if (overflows.test(show(value))) this.traits.overflow = true;
    const [frame] = call.args;
    if (!isRecord(frame) || typeof frame['seq'] !== 'number') return;
    const key = `${call.method} ${String(frame['tag'])} ${String(frame['sender'])} ${frame['seq']}`;
    if (this.#frames.has(key)) this.traits.repeatedFrame = true;
    this.#frames.add(key);
  }
}

interface Real {
  readonly memory: readonly unknown[];
  readonly redis: readonly unknown[];
}

function isEmpty(answer: Answer): boolean {
  return 'value' in answer && Array.isArray(answer.value) && answer.value.length === 0;
}

/** H2: lists whose port promises no order. */
function ordered(place: string, answer: Answer | undefined): unknown {
  if (answer === undefined || !('value' in answer)) return answer;
  const { value } = answer;
  if (place === 'mail.waiting') return { value: [...(value as readonly string[])].sort() };
  if (place === 'outgoing.read' && isRecord(value)) {
    const outs = [...(value['outs'] as readonly Out[])];
    return { value: { ...value, outs: outs.sort((a, b) => (a.foreignId < b.foreignId ? -1 : 1)) } };
  }
  if (place !== 'control.roster' || !isRecord(value)) return answer;
  const entries = [...(value['entries'] as readonly { readonly name: string }[])];
  return { value: { ...value, entries: entries.sort((a, b) => (a.name < b.name ? -1 : 1)) } };
}

/** State without what moves on by itself. */
function still(seen: unknown): string {
  return JSON.stringify(seen, (name, field: unknown) => (moving.has(name) ? undefined : field)) ?? '';
}

function isNumbered(one: Grown): one is Grown & { readonly value: number } {
  return typeof one.value === 'number';
}
