/**
 * A stand-in for a language model in tests: an object that agents call, which answers after virtual time and fails on purpose.
 *
 * It knows no simulation: it asks the one that runs, by a door that is open while its steps run. So it can be made beside the agents.
 */
import { SimulationError } from './simulation-error.ts';
import { connectionReset } from './http.ts';
import type { Back, Errand } from './outside.ts';
import type { Latency } from './wire.ts';

export interface ModelStubOptions<Prompt, Answer> {
  /** Names it in the trace, in `sim.requests` and in the keys of faults. Default `model`. */
  readonly name?: string;
  /** What it answers. A text is what `stream` takes apart. */
  readonly reply: (prompt: Prompt) => Answer | Promise<Answer>;
  /** Of one way, in milliseconds. Default 200 to 2,000. */
  readonly latency?: Latency;
  /** What is left of an answer that is told to come spoiled. Default: half of a text, half of the fields of an object. */
  readonly spoil?: (answer: Answer) => unknown;
}

export interface CallOptions {
  readonly signal?: AbortSignal;
}

export interface ModelStub<Prompt, Answer> {
  /** @throws ModelError when it is told to fail; the reason of the signal when that aborts. */
  answer(prompt: Prompt, options?: CallOptions): Promise<Answer>;
  /** The answer word by word, 20 ms apart. Throws like `answer`. */
  stream(prompt: Prompt, options?: CallOptions): AsyncIterable<string>;
}

/** What a model that has no time for anybody says. */
export class ModelError extends Error {
  override readonly name = 'ModelError';
  /** 429: too many requests; 529: too much to do; 500: broken. */
  readonly status: 429 | 500 | 529;
  readonly retryAfterMs: number;

  constructor(status: 429 | 500 | 529, message: string, retryAfterMs: number) {
    super(`${status} ${message}`);
    this.status = status;
    this.retryAfterMs = retryAfterMs;
  }
}

/** Where the simulation that runs is found. */
export const door = Symbol.for('agent-runtime.simulation.outside');
export type Door = <Answer>(errand: Errand<Answer>) => Promise<Answer>;

const usualLatency: Latency = { fromMs: 200, toMs: 2_000 };
const wordMs = 20;

/** A model for tests: `modelStub({ reply: (prompt: string) => ... })`. Agents that run in simulation ask it; others are refused. */
export function modelStub<Prompt = string, Answer = string>(
  options: ModelStubOptions<Prompt, Answer>,
): ModelStub<Prompt, Answer> {
  const { name = 'model', reply, latency = usualLatency, spoil = half } = options;
  const errand = (prompt: Prompt, { signal }: CallOptions): Omit<Errand<Answer>, 'send'> => ({
    what: name,
    content: typeof prompt === 'string' ? prompt : JSON.stringify(prompt),
    latency,
    signal,
    answer: async () => await reply(prompt),
    refuse: refusal,
    spoil: (answer) => spoil(answer) as Answer,
    lose: connectionReset,
  });
  return {
    answer: (prompt, call = {}) => ask({ ...errand(prompt, call), send: (answer) => () => answer }),
    stream: (prompt, call = {}) => streamOf(errand(prompt, call)),
  };
}

function ask<Answer>(errand: Errand<Answer>): Promise<Answer> {
  const open = Reflect.get(globalThis, door) as Door | undefined;
  if (open !== undefined) return open(errand);
  return Promise.reject(
    new SimulationError(`expected the stub "${errand.what}" to be called in a simulation, got: none runs`),
  );
}

/** The words arrive as steps of the process that listens, whether it waits for them or not. */
async function* streamOf<Answer>(errand: Omit<Errand<Answer>, 'send'>): AsyncGenerator<string> {
  const words: string[] = [];
  let [isWhole, wake] = [false, (): void => {}];
  const send = (answer: Answer, back: Back) => {
    const text = typeof answer === 'string' ? answer : JSON.stringify(answer);
    for (const word of text.match(/\S+\s*/g) ?? []) back('part of', () => (words.push(word), wake()), wordMs);
    back('end of', () => ((isWhole = true), wake()));
    return () => answer;
  };
  errand.signal?.addEventListener('abort', () => wake(), { once: true });
  await ask({ ...errand, send });
  for (;;) {
    errand.signal?.throwIfAborted();
    const word = words.shift();
    if (word !== undefined) yield word;
    else if (isWhole) return;
    else await new Promise<void>((resolve) => void (wake = resolve));
  }
}

function refusal(shape: number): ModelError {
  if (shape < 0.4) return new ModelError(429, 'too many requests', 1_000);
  return shape < 0.8 ? new ModelError(529, 'overloaded', 5_000) : new ModelError(500, 'something broke', 0);
}

function half(answer: unknown): unknown {
  if (typeof answer === 'string') return answer.slice(0, Math.floor(answer.length / 2));
  if (typeof answer !== 'object' || answer === null) return undefined;
  const fields = Object.entries(answer);
  return Object.fromEntries(fields.slice(0, Math.floor(fields.length / 2)));
}
