/**
 * HTTP of simulated agents: `fetch` is answered by stubs, in virtual time. Nothing reaches the network.
 *
 * F1  Code outside of steps (the test itself) has the machine's `fetch`.
 * F2  Where no stub answers, `fetch` is refused with its place in the source.
 * F3  A body comes in the pieces in which the stub made it, each a step of the process that reads it.
 */
import { SimulationError } from './simulation-error.ts';
import type { Back, Errand, Outside } from './outside.ts';
import type { Latency } from './wire.ts';

/** What answers a request, in a step outside of the fleet. */
export type HttpRoute = (request: Request) => Response | Promise<Response>;

/** The stubs of `simulate({ http })`. */
export interface HttpStubs {
  /**
   * By method and URL: `'POST https://bank.test/charges'`. `*` stands for any method, or any part of the URL; a pattern without `?` fits any
   * query. The first that fits answers.
   */
  readonly routes: Readonly<Record<string, HttpRoute>>;
  /** Of one way, in milliseconds. Default 5 to 100. */
  readonly latency?: Latency;
}

type Fetch = typeof globalThis.fetch;

const usualLatency: Latency = { fromMs: 5, toMs: 100 };
const noBody: ReadonlySet<number> = new Set([204, 205, 304]);

interface Route {
  readonly method: string;
  readonly url: RegExp;
  readonly hasQuery: boolean;
  readonly answer: HttpRoute;
}

export class SimHttp {
  readonly #routes: readonly Route[];
  readonly #latency: Latency;
  readonly #outside: Outside;

  constructor(outside: Outside, { routes, latency = usualLatency }: HttpStubs = { routes: {} }) {
    this.#routes = Object.entries(routes).map(([pattern, answer]) => routeOf(pattern, answer));
    this.#latency = latency;
    this.#outside = outside;
  }

  /** As an agent calls it; `where` says from which place of the source, once that has to be told. */
  async fetch(input: Parameters<Fetch>[0], init: RequestInit | undefined, where: () => string): Promise<Response> {
    const signal = init?.signal ?? (input instanceof Request ? input.signal : undefined);
    const request = new Request(input, { ...init, signal: null });
    const { method, url } = request;
    const what = `${method} ${url}`;
    const route = this.#routes.find((one) => fits(one, request));
    if (route === undefined)
      throw new SimulationError(
        `expected a stub for ${what}, got: none (fetch at ${where()})\nName it in simulate({ http: { routes: { '${what}': ... } } }).`,
      );
    const headers = Object.fromEntries(request.headers);
    const content = await request.text();
    const body = content === '' ? {} : { body: content };
    return await this.#outside.carry<Response>({
      what,
      content,
      headers,
      latency: this.#latency,
      signal,
      answer: async () => responseOf(await route.answer(new Request(url, { method, headers, ...body })), what),
      send: (response, back) => sendBody(response, { url, signal, back }),
      refuse: refusal,
      spoil: (response) => new Response(response.body?.pipeThrough(firstHalf()), response),
      lose: () => new TypeError('fetch failed', { cause: connectionReset() }),
    });
  }
}

/** What is wrong with the patterns of routes. */
export function routeProblems({ routes }: HttpStubs): readonly string[] {
  return Object.keys(routes)
    .filter((pattern) => !/^(?:\*|[A-Z]+) (?:https?:\/\/|\*)\S*$/.test(pattern))
    .map((pattern) => `expected http.routes to have names like "POST https://bank.test/*", got: ${pattern}`);
}

export function connectionReset(): Error {
  return Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET' });
}

function routeOf(pattern: string, answer: HttpRoute): Route {
  const [method = '*', url = '*'] = pattern.split(' ');
  const parts = url.split('*').map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'));
  return { method, url: new RegExp(`^${parts.join('.*')}$`), hasQuery: url.includes('?'), answer };
}

function fits({ method, url, hasQuery }: Route, request: Request): boolean {
  const address = request.url.replace(hasQuery ? /#.*$/ : /[?#].*$/, '');
  return (method === '*' || method === request.method) && url.test(address);
}

function responseOf(answer: unknown, what: string): Response {
  if (answer instanceof Response && answer.body?.locked !== true) return answer;
  const got = answer instanceof Response ? 'one that was read before' : String(answer);
  throw new SimulationError(
    `expected the stub for ${what} to return a new Response, got: ${got}\nReturn Response.json(...), or new Response(text).`,
  );
}

/** Too many requests, broken, or away. */
function refusal(shape: number): Response {
  if (shape < 1 / 3) return new Response('', { status: 429, headers: { 'retry-after': '1' } });
  return new Response('', { status: shape < 2 / 3 ? 500 : 503 });
}

interface Sending {
  readonly url: string;
  readonly signal: Errand<Response>['signal'];
  readonly back: Back;
}

/** F3 */
function sendBody(response: Response, { url, signal, back }: Sending): () => Response {
  const { status, statusText, headers } = response;
  const pieces = response.body?.getReader();
  let reader: ReadableStreamDefaultController<Uint8Array> | undefined;
  const next = async (): Promise<void> => {
    const { done, value } = (await pieces?.read()) ?? { done: true };
    back(done ? 'end of' : 'part of', () => (done ? reader?.close() : value && reader?.enqueue(value)));
    if (!done) await next();
  };
  next().catch((error: unknown) => back('break of', () => reader?.error(error)));
  return () => {
    const body = new ReadableStream<Uint8Array>({
      start(controller) {
        reader = controller;
        signal?.addEventListener('abort', () => (reader?.error(signal.reason), (reader = undefined)), { once: true });
      },
      cancel: () => void (reader = undefined),
    });
    const whole = new Response(noBody.has(status) ? null : body, { status, statusText, headers });
    return Object.defineProperty(whole, 'url', { value: url });
  };
}

/** The first half of the first piece, and no more. */
function firstHalf(): TransformStream<Uint8Array, Uint8Array> {
  return new TransformStream({
    transform(piece, controller) {
      controller.enqueue(piece.subarray(0, Math.floor(piece.length / 2)));
      controller.terminate();
    },
  });
}
