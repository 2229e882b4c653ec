/**
 * One role's connection to Redis, built anew after every fault.
 *
 * K1  A connection object is used for one connection only. After a fault, a hang or a refusal it is thrown away; a new one
 *     is built after a wait with full jitter.
 * K2  A link is up only after the server has answered, the database is selected and the role is set up (`prepare`).
 * K3  A call on a link that is not up is refused at once; a call whose reply is lost is told so, never repeated.
 * K4  A link that cannot come back because of a certificate or a password goes on trying, and says why.
 */
import type { Redis, RedisOptions } from 'ioredis';
import { backoffMs, type Backoff } from '../core/backoff.ts';
import { type Clock, sleep } from '../core/clock.ts';
import { BrokerError, describeError } from '../core/errors.ts';
import { type Observer, observe } from '../core/observer.ts';
import type { Random } from '../core/random.ts';
import { afterMicrotasks } from '../core/system.ts';
import { newClient, sendCommand } from './client.ts';
import { brokerError, isMisplaced } from './errors.ts';
import { Watchdog } from './watchdog.ts';

export type Argument = string | number;

/** Commands to Redis: over one link, or, in a cluster, over the link of whoever serves the key. */
export interface Calls {
  readonly isUp: boolean;
  start(): Promise<void>;
  stop(): Promise<void>;
  call(command: string, ...args: readonly Argument[]): Promise<unknown>;
  /** Several commands over the link that serves `key`. */
  via<T>(key: string, use: (link: Pick<Calls, 'call'>) => Promise<T>): Promise<T>;
}

export interface Endpoint {
  readonly host: string;
  readonly port: number;
}

/** Where connections lead, when that is not always the same. */
export interface Whereabouts {
  locate(): Endpoint | Promise<Endpoint>;
  /** `listener` is told where they have to lead, whenever that is known anew. */
  onNamed?(listener: (place: Endpoint) => void): void;
}

/** What a connection is made of, and who is told about it. */
export interface LinkDeps {
  /** For messages, and the last part of the connection's name. */
  readonly role: string;
  readonly options: RedisOptions;
  readonly where?: Whereabouts | undefined;
  readonly clock: Clock;
  readonly random: Random;
  readonly observer: Observer;
  /** A reply that takes longer than this means that the link hangs. */
  readonly hangMs: number;
  /** Sets up a new connection before the link counts as up (K2). */
  prepare?(client: Redis): Promise<unknown>;
}

const reconnect: Backoff = { kind: 'exponential', baseMs: 50, maxMs: 1_500, jitter: true };
const openTimeoutMs = 3_000;

interface Connection {
  readonly client: Redis;
  /** Where it leads, when that is not always the same. */
  readonly place: Endpoint | undefined;
  readonly watchdog: Watchdog;
  /** Commands wait for those that the rest of this tick sends. */
  isHolding: boolean;
}

export class Link implements Calls {
  readonly #deps: LinkDeps;
  readonly #closing = new AbortController();
  #connection: Connection | undefined;
  #reopening: Promise<void> = Promise.resolve();

  constructor(deps: LinkDeps) {
    this.#deps = deps;
    deps.where?.onNamed?.((place) => this.#leaveUnless(place));
  }

  get isUp(): boolean {
    return this.#connection?.client.status === 'ready';
  }

  /** Connects once. Rejects with `BrokerError` when that fails. */
  async start(): Promise<void> {
    await this.#open();
  }

  async stop(): Promise<void> {
    const connection = this.#connection;
    this.#connection = undefined;
    this.#closing.abort(this.#closedError());
    connection?.watchdog.stop();
    await Promise.all([this.#reopening, connection && disconnect(connection.client)]);
  }

  /** Sends one command (K3). */
  async call(command: string, ...args: readonly Argument[]): Promise<unknown> {
    if (this.#closing.signal.aborted) throw this.#closedError();
    const connection = this.#connection;
    if (connection === undefined || connection.client.status !== 'ready')
      throw new BrokerError('unreachable', `expected the ${this.#deps.role} link to Redis to be up, got: down`);
    connection.watchdog.begin();
    writeTogether(connection);
    try {
      return await sendCommand(connection.client, command, args);
    } catch (error) {
      if (isMisplaced(error)) this.discard(connection.client, error);
      throw brokerError(this.#closing.signal.aborted ? this.#closedError() : error, { what: command, written: true });
    } finally {
      connection.watchdog.end();
    }
  }

  via<T>(_key: string, use: (link: Pick<Calls, 'call'>) => Promise<T>): Promise<T> {
    return use(this);
  }

  /** K1: throws the connection away; the link comes back with a new one. */
  discard(client: Redis | undefined, reason: unknown): void {
    const connection = this.#connection;
    if (connection === undefined || (client !== undefined && connection.client !== client)) return;
    this.#connection = undefined;
    connection.watchdog.stop();
    connection.client.disconnect();
    if (this.#closing.signal.aborted) return;
    const what = this.#name();
    observe(this.#deps.observer, 'broker.trouble', { what, error: describeError(this.#lost(reason)) });
    this.#reopening = this.#reopen(what).then(
      () => observe(this.#deps.observer, 'broker.recovered', { what }),
      () => {},
    );
  }

  #leaveUnless({ host, port }: Endpoint): void {
    const { client, place } = this.#connection ?? {};
    if (place === undefined || (place.host === host && place.port === port)) return;
    this.discard(client, new Error(`it leads to ${place.host}:${place.port}, and the master is ${host}:${port} now`));
  }

  /** Tries until it is up or closed; rejects only when closed. What a server refuses (K4) is told when its words change. */
  async #reopen(what: string): Promise<void> {
    const { clock, random, observer } = this.#deps;
    let told = '';
    for (let failures = 1; ; failures++) {
      await sleep(clock, backoffMs(reconnect, failures, random, `reconnect/${this.#deps.role}`), this.#closing.signal);
      try {
        return await this.#open();
      } catch (error) {
        this.#closing.signal.throwIfAborted();
        if (!(error instanceof BrokerError) || error.code !== 'refused' || error.message === told) continue;
        told = error.message;
        observe(observer, 'broker.trouble', { what, error: describeError(error) });
      }
    }
  }

  async #open(): Promise<void> {
    const place = await this.#deps.where?.locate();
    this.#closing.signal.throwIfAborted();
    const client = newClient({ ...this.#deps.options, ...place, lazyConnect: true });
    let fault: unknown;
    client.on('error', (error: unknown) => (fault = error));
    try {
      await this.#withinTime(this.#handshake(client));
      this.#closing.signal.throwIfAborted();
      if (client.status !== 'ready') throw fault ?? new Error('the connection closed');
    } catch (error) {
      void disconnect(client);
      throw brokerError(isConnectionError(error) ? (fault ?? error) : error, { what: this.#name(), written: false });
    }
    const onHang = (): void => this.discard(client, new Error(`no reply within ${this.#deps.hangMs} ms`));
    const watchdog = new Watchdog({ clock: this.#deps.clock, limitMs: this.#deps.hangMs, onHang });
    this.#connection = { client, place, watchdog, isHolding: false };
    client.once('end', () => this.discard(client, fault ?? new Error('the connection closed')));
  }

  /** K2. PING fails while the server loads its data; SELECT fails where the client would go on in database 0. */
  async #handshake(client: Redis): Promise<void> {
    const { options, role } = this.#deps;
    await client.connect();
    await client.ping();
    if (options.db) await client.select(options.db);
    if (options.connectionName !== undefined)
      await client.client('SETNAME', `${options.connectionName}:${role}`).catch(() => {});
    await this.#deps.prepare?.(client);
  }

  async #withinTime(work: Promise<void>): Promise<void> {
    const timeUp = new AbortController();
    const limit = sleep(this.#deps.clock, openTimeoutMs, AbortSignal.any([timeUp.signal, this.#closing.signal]));
    const late = limit.then(() => Promise.reject(new Error(`no answer within ${openTimeoutMs} ms`)));
    try {
      await Promise.race([work, late]);
    } finally {
      timeUp.abort();
      work.catch(() => {});
      late.catch(() => {});
    }
  }

  #name(): string {
    return `the ${this.#deps.role} link to Redis`;
  }

  #closedError(): BrokerError {
    return new BrokerError('closed', 'expected the broker to be running, got: stopped');
  }

  #lost(reason: unknown): BrokerError {
    return brokerError(reason, { what: this.#name(), written: false });
  }
}

/** One write for the commands of a tick: a write of its own costs each of them more than all the rest. */
function writeTogether(connection: Connection): void {
  if (connection.isHolding) return;
  connection.isHolding = true;
  const { stream } = connection.client;
  stream.cork();
  afterMicrotasks(() => {
    connection.isHolding = false;
    stream.uncork();
  });
}

/** Ends a connection and resolves when its socket is closed. */
function disconnect(client: Redis): Promise<void> {
  return new Promise((resolve) => {
    if (client.status === 'end') return resolve();
    client.once('end', () => resolve());
    client.disconnect();
  });
}

/** The client says only that the connection closed; why, it says in its `error` event. */
function isConnectionError(error: unknown): boolean {
  return error instanceof Error && error.name !== 'ReplyError' && /connection|writeable/i.test(error.message);
}
