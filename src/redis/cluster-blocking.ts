/**
 * Blocking reads in a Redis Cluster: one blocking link for each slot that is waited on, since a read may name keys of one slot only.
 *
 * W4  A read over several slots ends with the first of them that has entries; the others are ended early and what they then hand over
 *     is handed over, too (W1 of blocking-reader.ts).
 * W5  A slot that moves takes its read along: to callers it looks as if nothing had come meanwhile.
 */
import { type Clock, sleep } from '../core/clock.ts';
import { BrokerError } from '../core/errors.ts';
import {
  type BlockingReader,
  type GroupRead,
  type GroupReader,
  longestBlockMs,
  type StreamReply,
} from './blocking-reader.ts';
import type { ClusterLinks } from './cluster-links.ts';
import type { Address, ClusterSlots } from './cluster-slots.ts';
import { slotOf } from './key-slot.ts';
import { redirectionOf } from './redirections.ts';

export interface ClusterBlockingDeps {
  readonly slots: ClusterSlots;
  readonly commands: ClusterLinks;
  readonly clock: Clock;
  makeReader(master: Address): BlockingReader;
}

interface Placed {
  readonly master: Address;
  readonly reader: BlockingReader;
  readonly up: Promise<void>;
}

const lookAgainMs = 50;

export class ClusterBlocking implements GroupReader {
  readonly #deps: ClusterBlockingDeps;
  readonly #readers = new Map<number, Placed>();
  #started = false;

  constructor(deps: ClusterBlockingDeps) {
    this.#deps = deps;
  }

  get isUp(): boolean {
    return this.#started && [...this.#readers.values()].every(({ reader }) => reader.isUp);
  }

  /** Links are made for the slots that are waited on, when they are. */
  start(): Promise<void> {
    this.#started = true;
    return Promise.resolve();
  }

  async stop(): Promise<void> {
    this.#started = false;
    const readers = [...this.#readers.values()];
    this.#readers.clear();
    await Promise.all(readers.map(({ reader }) => reader.stop()));
  }

  /** W4 */
  async read(request: GroupRead): Promise<StreamReply> {
    const slots = new Map<number, string[]>();
    for (const stream of request.streams) {
      const slot = slotOf(stream);
      slots.set(slot, [...(slots.get(slot) ?? []), stream]);
    }
    const ending = new AbortController();
    const signal = request.signal === undefined ? ending.signal : AbortSignal.any([request.signal, ending.signal]);
    const reads = [...slots].map(async ([slot, streams]) => {
      try {
        const reply = await this.#readSlot(slot, { ...request, streams, signal });
        if (reply.length > 0) ending.abort();
        return reply;
      } catch (error) {
        ending.abort();
        throw error;
      }
    });
    const outcomes = await Promise.allSettled(reads);
    const replies = outcomes.flatMap((outcome) => (outcome.status === 'fulfilled' ? outcome.value : []));
    const failed = outcomes.find((outcome) => outcome.status === 'rejected');
    if (replies.length === 0 && failed !== undefined) throw failed.reason;
    return replies;
  }

  /** W5 */
  async #readSlot(slot: number, request: GroupRead): Promise<StreamReply> {
    const { clock, commands } = this.#deps;
    const until = clock.monotonic() + Math.min(request.timeoutMs, longestBlockMs);
    for (;;) {
      const timeoutMs = until - clock.monotonic();
      if (timeoutMs < 1 || request.signal?.aborted) return [];
      try {
        const reader = await this.#readerOf(slot, request.streams[0] ?? '');
        return await reader.read({ ...request, timeoutMs });
      } catch (error) {
        const redirection = redirectionOf(error);
        if (redirection === undefined || redirection.kind === 'moved') await commands.refresh().catch(() => undefined);
        if (redirection === undefined) throw error;
        await sleep(clock, Math.min(lookAgainMs, timeoutMs), request.signal).catch(() => undefined); // aborted: it ends early
      }
    }
  }

  async #readerOf(slot: number, key: string): Promise<BlockingReader> {
    const master = this.#deps.slots.masterOf(key);
    if (master === undefined) throw new BrokerError('unreachable', `expected a master to serve ${key}, got: none`);
    let placed = this.#readers.get(slot);
    if (placed?.master !== master) {
      void placed?.reader.stop();
      const reader = this.#deps.makeReader(master);
      placed = { master, reader, up: reader.start() };
      this.#readers.set(slot, placed);
    }
    try {
      await placed.up;
    } catch (error) {
      if (this.#readers.get(slot) === placed) this.#readers.delete(slot);
      throw error;
    }
    return placed.reader;
  }
}
