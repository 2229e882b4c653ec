/**
 * The way out of the process, closed while a replay runs: requests and connections are written down and refused.
 *
 * Every client of a network ends in one of two places, `fetch` or a socket that connects; so nothing has to be known of any of them. In a step of
 * the agent the simulation has `fetch` already; here it is closed for what comes back from files. Files and child processes are not closed.
 */
import { Socket } from 'node:net';
import { nextTurn } from '../core/system.ts';

/** Something that would have left the process. */
export interface Attempted {
  readonly kind: 'request' | 'connection';
  /** `GET https://...`, or `host:port`. */
  readonly what: string;
}

/** Writes it down; what whoever tried is told. */
export function refuse(onAttempt: (attempted: Attempted) => void, attempted: Attempted): Error {
  onAttempt(attempted);
  return new Error(`expected nothing to leave a replay, got: ${attempted.what}, which was written down and refused`);
}

/** Closes it. The returned function opens it again. */
export function closeOutside(onAttempt: (attempted: Attempted) => void): () => void {
  const { fetch } = globalThis;
  const connect = Reflect.get(Socket.prototype, 'connect');
  globalThis.fetch = (input, init) => {
    const { url, method } = input instanceof Request ? input : { url: String(input), method: init?.method ?? 'GET' };
    const error = refuse(onAttempt, { kind: 'request', what: `${method} ${url}` });
    return Promise.reject(new TypeError('fetch failed', { cause: error }));
  };
  const refused = function (this: Socket, ...args: readonly unknown[]): Socket {
    const error = refuse(onAttempt, { kind: 'connection', what: targetOf(args) });
    Object.assign(this, { connecting: true }); // what is written meanwhile waits
    void nextTurn().then(() => this.destroy(error)); // as a network does: whoever connects has begun to listen
    return this;
  };
  Object.defineProperty(Socket.prototype, 'connect', { value: refused, configurable: true, writable: true });
  return () => {
    globalThis.fetch = fetch;
    Object.defineProperty(Socket.prototype, 'connect', { value: connect, configurable: true, writable: true });
  };
}

/** Node hands over options, a port and a host, a path, or an array that it has made of them. */
function targetOf([first, second]: readonly unknown[]): string {
  if (Array.isArray(first)) return targetOf(first);
  if (typeof first !== 'object' || first === null)
    return `${typeof second === 'string' ? second : 'localhost'}:${String(first)}`;
  const { host, port, path } = first as Readonly<Record<string, unknown>>;
  return typeof path === 'string' ? path : `${typeof host === 'string' ? host : 'localhost'}:${String(port)}`;
}
