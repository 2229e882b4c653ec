/**
 * The blocking link: one XREADGROUP at a time that waits on the server for new tasks.
 *
 * W1  Nothing is lost by ending a read early: the server is asked to unblock it, and what it then answers is handed over.
 * W2  A read never blocks for longer than two seconds; one that does not return in time means that the link hangs.
 * W3  Reads wait for each other; a read whose time has passed while it waited its turn resolves empty.
 */
import type { Redis, RedisOptions } from 'ioredis';
import type { Clock, Timer } from '../core/clock.ts';
import type { Observer } from '../core/observer.ts';
import type { Random } from '../core/random.ts';
import { type Calls, Link, type Whereabouts } from './link.ts';

export interface BlockingDeps {
  readonly options: RedisOptions;
  readonly where?: Whereabouts | undefined;
  readonly clock: Clock;
  readonly random: Random;
  readonly observer: Observer;
  /** Told of every new connection. */
  look(client: Redis): Promise<void>;
  /** Carries the unblocking. */
  readonly commands: Pick<Calls, 'call'>;
}

export interface GroupRead {
  readonly group: string;
  readonly consumer: string;
  readonly count: number;
  readonly streams: readonly string[];
  readonly timeoutMs: number;
  readonly signal: AbortSignal | undefined;
}

/** As Redis answers: per stream its name and entries, each with its id and flat fields. */
export type StreamReply = readonly (readonly [string, readonly (readonly [string, readonly string[]])[]])[];

export interface GroupReader {
  readonly isUp: boolean;
  start(): Promise<void>;
  stop(): Promise<void>;
  /** Entries that no consumer of the group has had, as soon as there are any (W1 to W3). */
  read(request: GroupRead): Promise<StreamReply>;
}

export const longestBlockMs = 2_000;
const hangMs = longestBlockMs + 2_000;
const unblockAgainMs = 25;

export class BlockingReader implements GroupReader {
  readonly #link: Link;
  readonly #commands: Pick<Calls, 'call'>;
  readonly #clock: Clock;
  readonly #look: (client: Redis) => Promise<void>;
  /** What the server calls this connection; undefined where that may not be asked. */
  #clientId: string | undefined;
  #turn: Promise<unknown> = Promise.resolve();

  constructor({ commands, ...deps }: BlockingDeps) {
    this.#look = (client) => deps.look(client);
    this.#commands = commands;
    this.#clock = deps.clock;
    this.#link = new Link({ ...deps, role: 'blocking', hangMs, prepare: (client) => this.#prepare(client) });
  }

  get isUp(): boolean {
    return this.#link.isUp;
  }

  start(): Promise<void> {
    return this.#link.start();
  }

  stop(): Promise<void> {
    return this.#link.stop();
  }

  read(request: GroupRead): Promise<StreamReply> {
    const until = this.#clock.monotonic() + Math.min(request.timeoutMs, longestBlockMs);
    const read = this.#turn.then(() => this.#readUntil(until, request));
    this.#turn = read.catch(() => {});
    return read;
  }

  async #readUntil(until: number, { group, consumer, count, streams, signal }: GroupRead): Promise<StreamReply> {
    const blockMs = Math.floor(until - this.#clock.monotonic());
    if (signal?.aborted || blockMs < 1) return [];
    const target = ['STREAMS', ...streams, ...streams.map(() => '>')];
    const args = ['GROUP', group, consumer, 'COUNT', count, 'BLOCK', blockMs, ...target];
    const unblocking = this.#unblockOn(signal);
    try {
      return ((await this.#link.call('xreadgroup', ...args)) ?? []) as StreamReply;
    } finally {
      unblocking.cancel();
    }
  }

  /** Asks again until it worked: the first call may overtake the read on its way. */
  #unblockOn(signal: AbortSignal | undefined): Timer {
    let timer: Timer | undefined;
    const unblock = (): void => {
      if (this.#clientId === undefined) return;
      this.#commands.call('client', 'unblock', this.#clientId).catch(() => {});
      timer = this.#clock.setTimer(unblockAgainMs, unblock);
    };
    signal?.addEventListener('abort', unblock, { once: true });
    return {
      cancel() {
        signal?.removeEventListener('abort', unblock);
        timer?.cancel();
      },
    };
  }

  async #prepare(client: Redis): Promise<void> {
    const id = await client.client('ID').catch(() => undefined);
    this.#clientId = id === undefined ? undefined : String(id);
    await this.#look(client);
  }
}
