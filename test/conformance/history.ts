/**
 * Makes a history from a seed, step by step, from what has come about so far.
 *
 * Every step that was said is kept with its symbols, so that a history can be played again as it was, or with steps left out.
 */
import { Chance } from './chance.ts';
import type { Play } from './play.ts';
import type { Call, Step } from './steps.ts';
import { chosenWords, draw, type Weighted } from './words/all.ts';
import type { Said, Word } from './words/word.ts';
import type { World } from './world.ts';

type OwnStep = Exclude<Step, { kind: 'pass' }>;

const mostTries = 20;

export class History {
  readonly seed: number;
  readonly steps: Step[] = [];
  readonly #chance: Chance;
  readonly #world: World;
  readonly #play: Play;
  readonly #words: readonly Weighted[];
  #made = 0;

  constructor(deps: { seed: number; world: World; play: Play }) {
    this.seed = deps.seed;
    this.#chance = new Chance(deps.seed);
    this.#world = deps.world;
    this.#play = deps.play;
    this.#words = chosenWords(this.#chance);
  }

  /** Says the next step and carries it out. Throws `Difference`. */
  async next(): Promise<void> {
    const id = String(this.#made++);
    const step = this.#made <= 2 ? this.#opening(id) : this.#say(id);
    this.steps.push(step);
    await this.#play.take(step);
  }

  /** Time passes for this history as for those beside it. */
  notePass(ms: number): string {
    const id = String(this.#made++);
    this.steps.push({ kind: 'pass', id, ms });
    return id;
  }

  /** Two nodes join before anything else. */
  #opening(id: string): OwnStep {
    const word = this.#words.find(({ word: { method } }) => method === 'join')?.word;
    return this.#call(id, word) ?? this.#say(id);
  }

  #say(id: string): OwnStep {
    for (let tries = 0; tries < mostTries; tries++) {
      const said = this.#sayOnce(id);
      if (said !== undefined) return said;
    }
    return { kind: 'call', id, by: 'c', port: 'events', method: 'last', args: [] };
  }

  #sayOnce(id: string): OwnStep | undefined {
    const { frames, waiting, ears } = this.#world;
    if (this.#chance.is(0.04, 'repeat')) {
      const call = this.#chance.recent(frames);
      return call && { ...call, id };
    }
    if (waiting.size > 0 && this.#chance.is(0.15, 'abort'))
      return { kind: 'abort', id, by: this.#chance.of(...waiting) };
    const ear = this.#chance.is(0.01, 'close') ? ears.pop() : undefined;
    if (ear !== undefined) return { kind: 'close', id, ear };
    return this.#call(id, draw(this.#words, this.#chance));
  }

  #call(id: string, word: Word | undefined): Call | undefined {
    const said: Said | undefined = word?.say(this.#world, this.#chance);
    if (word === undefined || said === undefined) return undefined;
    const { port, method } = word;
    return { kind: 'call', id, port, method, ...said };
  }
}
