/**
 * Where the master is, as the sentinels say: asked before every connection is made, and every second while there are some.
 *
 * A master that stood still while another was promoted goes on answering, until the sentinels have made a replica of it: ten seconds and
 * more in which it is written to in vain. It says nothing about that itself.
 *
 * Q1  One sentinel is asked, over a connection of its own; the next one when it does not answer.
 * Q2  A connection leads to the server that was named when it was made. It is thrown away when another one is named.
 * Q3  That no sentinel answers does nothing to the connections that are there.
 */
import type { Redis, RedisOptions } from 'ioredis';
import { type Clock, repeat, type Timer } from '../core/clock.ts';
import { BrokerError } from '../core/errors.ts';
import { newClient } from './client.ts';
import { safeMessage } from './errors.ts';
import type { Endpoint, Whereabouts } from './link.ts';
import type { RedisTarget } from './target.ts';
import { certificateError } from './tls.ts';

export interface SentinelsDeps {
  readonly target: RedisTarget;
  /** How connections are made, wherever they lead. */
  readonly profile: RedisOptions;
  readonly clock: Clock;
}

const lookEveryMs = 1_000;
/** A sentinel that takes longer does not answer. */
const answerMs = 1_000;

export class Sentinels implements Whereabouts {
  readonly #deps: SentinelsDeps;
  readonly #places: readonly Endpoint[];
  readonly #listeners: ((place: Endpoint) => void)[] = [];
  /** Which of them is asked. */
  #at = 0;
  #client: Redis | undefined;
  #asking: Promise<Endpoint> | undefined;
  /** From the first question on. */
  #looks: Timer | undefined;
  #isStopped = false;

  constructor(deps: SentinelsDeps) {
    this.#deps = deps;
    this.#places = (deps.target.sentinels ?? []).map(({ host = 'localhost', port = 26_379 }) => ({ host, port }));
  }

  /** Rejects with `BrokerError` when no sentinel names a master: `refused` when the last of them answered that we may not ask. */
  locate(): Promise<Endpoint> {
    if (!this.#isStopped) this.#looks ??= this.#lookAgain();
    this.#asking ??= this.#askAll().finally(() => (this.#asking = undefined));
    return this.#asking;
  }

  onNamed(listener: (place: Endpoint) => void): void {
    this.#listeners.push(listener);
  }

  stop(): void {
    this.#isStopped = true;
    this.#looks?.cancel();
    this.#drop();
  }

  #lookAgain(): Timer {
    return repeat(
      this.#deps.clock,
      () => lookEveryMs,
      () => this.#look(),
    );
  }

  /** Q2, Q3 */
  async #look(): Promise<void> {
    const place = await this.locate().catch(() => undefined);
    if (place !== undefined && !this.#isStopped) for (const listener of this.#listeners) listener(place);
  }

  /** Q1 */
  async #askAll(): Promise<Endpoint> {
    let fault: unknown;
    for (let tries = 0; tries < this.#places.length && !this.#isStopped; tries++) {
      try {
        return await this.#ask();
      } catch (error) {
        fault = error;
        this.#drop();
        this.#at = (this.#at + 1) % this.#places.length;
      }
    }
    throw unanswered(fault);
  }

  async #ask(): Promise<Endpoint> {
    const { name = '' } = this.#deps.target;
    this.#client ??= await this.#connect();
    const named = await this.#client.call('sentinel', 'get-master-addr-by-name', name);
    if (!Array.isArray(named)) throw new Error(`none of them watches a master of the name "${name}"`);
    const [host, port] = named as [string, string];
    return { host, port: Number(port) };
  }

  async #connect(): Promise<Redis> {
    const { profile, target } = this.#deps;
    const { sentinelUsername, sentinelPassword, sentinelTLS, family } = target;
    const client = newClient({
      ...profile,
      ...this.#places[this.#at],
      ...(family !== undefined && { family }),
      ...(sentinelUsername && { username: sentinelUsername }),
      ...(sentinelPassword && { password: sentinelPassword }),
      ...(sentinelTLS && { tls: sentinelTLS }),
      connectTimeout: answerMs,
      commandTimeout: answerMs,
      lazyConnect: true,
    });
    let fault: unknown;
    client.on('error', (error: unknown) => (fault = error)); // what becomes of a call says the call
    client.once('end', () => this.#client === client && this.#drop());
    try {
      await client.connect();
    } catch (error) {
      throw fault ?? error;
    }
    return client;
  }

  #drop(): void {
    this.#client?.disconnect();
    this.#client = undefined;
  }
}

function unanswered(fault: unknown): BrokerError {
  const message = fault === undefined ? 'stopped' : safeMessage(fault);
  const options = { cause: new Error(message) };
  const untrusted = certificateError(fault, 'the link to a sentinel');
  if (untrusted !== undefined) return untrusted;
  return /^(NOAUTH|WRONGPASS|NOPERM)\b/.test(message)
    ? new BrokerError('refused', `expected the sentinels to let us ask where the master is, got: ${message}`, options)
    : new BrokerError(
        'unreachable',
        `expected one of the sentinels to say where the master is, got: ${message}`,
        options,
      );
}
