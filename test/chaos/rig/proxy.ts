/**
 * A TCP proxy that fails in the ways networks fail, between one process and Redis.
 *
 * P1  Bytes of one direction keep their order whatever is delayed or held.
 * P2  What a client had sent before it gave up on a half-open link still reaches the server when the link comes back, as it does from the
 *     buffers of a real network.
 * P3  A cut takes both directions of one connection at once; the others live on.
 */
import { createServer, connect, type AddressInfo, type Server, type Socket } from 'node:net';
import type { Timer } from '../../../src/core/clock.ts';
import { systemClock } from '../../../src/core/system.ts';

/** `command`: before it reaches the server. `torn`: half of it does. `reply`: the server has carried it out. */
export type Cut = 'command' | 'torn' | 'reply';

interface Link {
  readonly client: Socket;
  readonly server: Socket;
  readonly up: Flow;
  readonly down: Flow;
  /** It has asked for the slots of a cluster. */
  asksForSlots: boolean;
}

/** What a client gets in place of a reply. */
export type Translate = (reply: Buffer, asksForSlots: boolean) => Buffer;

/** The way of one process to its Redis, and how it fails. */
export interface Lane {
  readonly url: string;
  /** One for each server that it leads to. */
  readonly parts: readonly Lane[];
  cut(kind: Cut, times: number): void;
  hold(): void;
  slow(delayMs: number): void;
  trickle(): void;
  refuse(): Promise<void>;
  heal(): Promise<void>;
}

/** One direction of one connection: chunks in order, each not before its time. */
class Flow {
  readonly #to: Socket;
  readonly #chunks: { readonly bytes: Buffer; readonly due: number }[] = [];
  #timer: Timer | undefined;
  #ends = false;
  held = false;

  constructor(to: Socket) {
    this.#to = to;
  }

  push(bytes: Buffer, delayMs: number): void {
    if (delayMs === 0 && !this.held && this.#chunks.length === 0) return void this.#to.write(bytes);
    this.#chunks.push({ bytes, due: systemClock.monotonic() + delayMs });
    this.pump();
  }

  /** Ends the far side when everything has been passed on (P2). */
  end(): void {
    this.#ends = true;
    this.pump();
  }

  pump(): void {
    if (this.held || this.#timer !== undefined) return;
    for (let next = this.#chunks[0]; next !== undefined; next = this.#chunks[0]) {
      const waitMs = next.due - systemClock.monotonic();
      if (waitMs > 0) {
        this.#timer = systemClock.setTimer(waitMs, () => {
          this.#timer = undefined;
          this.pump();
        });
        return;
      }
      this.#chunks.shift();
      this.#to.write(next.bytes);
    }
    if (this.#ends) this.#to.end();
  }
}

export class FaultyProxy implements Lane {
  /** Connections that were cut so far. */
  cuts = 0;
  #target: number;
  readonly #translate: Translate | undefined;
  readonly #links = new Set<Link>();
  #server: Server | undefined;
  #port = 0;
  #held = false;
  #delayMs = 0;
  #trickles = false;
  #cut: { readonly kind: Cut; left: number } | undefined;

  constructor(target: number, translate?: Translate) {
    this.#target = target;
    this.#translate = translate;
  }

  get url(): string {
    return `redis://127.0.0.1:${this.#port}`;
  }

  get port(): number {
    return this.#port;
  }

  get parts(): readonly FaultyProxy[] {
    return [this];
  }

  /** Takes connections again, on the same port as before. */
  async open(): Promise<void> {
    if (this.#server !== undefined) return;
    const server = createServer((client) => this.#accept(client));
    await new Promise<void>((resolve, reject) =>
      server.once('error', reject).listen(this.#port, '127.0.0.1', () => resolve()),
    );
    this.#port = (server.address() as AddressInfo).port;
    this.#server = server;
  }

  /** Leads to another server from now on, as an address does after a fail-over; the connections to the old one are cut. */
  aim(target: number): void {
    this.#target = target;
    for (const link of this.#links) this.#destroy(link);
  }

  /** Refuses connections and cuts those that are there. */
  async refuse(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    for (const link of this.#links) this.#destroy(link);
    if (server !== undefined) await new Promise<void>((resolve) => server.close(() => resolve()));
  }

  /** Cuts the next `times` connections that send a command (or get a reply). */
  cut(kind: Cut, times: number): void {
    this.#cut = { kind, left: times };
  }

  /** A reader that does not read: what the server sends stays with the server. */
  stall(): void {
    for (const { server } of this.#links) server.pause();
  }

  /** Half-open: nothing passes in either direction, and nobody is told. */
  hold(): void {
    this.#setHeld(true);
  }

  /** What the server sends to the connection that comes from this port of its own is lost, and nobody is told. */
  swallow(port: number): void {
    for (const link of this.#links) if (link.server.localPort === port) link.server.removeAllListeners('data').resume();
  }

  slow(delayMs: number): void {
    this.#delayMs = delayMs;
  }

  /** A few bytes at a time. */
  trickle(): void {
    this.#trickles = true;
  }

  /** Everything as it should be; what was held arrives now (P2). */
  async heal(): Promise<void> {
    this.#cut = undefined;
    this.#delayMs = 0;
    this.#trickles = false;
    this.#setHeld(false);
    for (const { server } of this.#links) server.resume();
    await this.open();
  }

  #setHeld(held: boolean): void {
    this.#held = held;
    for (const { up, down } of this.#links) {
      for (const flow of [up, down]) {
        flow.held = held;
        flow.pump();
      }
    }
  }

  #accept(client: Socket): void {
    const server = connect(this.#target, '127.0.0.1');
    const link: Link = { client, server, up: new Flow(server), down: new Flow(client), asksForSlots: false };
    link.up.held = link.down.held = this.#held;
    this.#links.add(link);
    for (const socket of [client, server]) socket.setNoDelay(true).on('error', () => {});
    client.on('data', (bytes: Buffer) => this.#onCommand(link, bytes)).on('close', () => link.up.end());
    server
      .on('data', (bytes: Buffer) => this.#onReply(link, bytes))
      .on('close', () => {
        this.#links.delete(link);
        link.down.end();
      });
  }

  #onCommand(link: Link, bytes: Buffer): void {
    if (this.#translate !== undefined) link.asksForSlots ||= bytes.includes('SLOTS\r\n');
    if (this.#cuts('command')) return this.#destroy(link);
    if (this.#cuts('torn')) {
      link.server.end(bytes.subarray(0, Math.ceil(bytes.length / 2)));
      link.client.destroy();
      return;
    }
    this.#pass(link.up, bytes);
  }

  #onReply(link: Link, bytes: Buffer): void {
    if (this.#cuts('reply')) return this.#destroy(link);
    this.#pass(link.down, this.#translate?.(bytes, link.asksForSlots) ?? bytes);
  }

  #pass(flow: Flow, bytes: Buffer): void {
    if (!this.#trickles) return flow.push(bytes, this.#delayMs);
    const size = Math.max(32, Math.ceil(bytes.length / 16));
    for (let at = 0, step = 1; at < bytes.length; at += size, step++)
      flow.push(bytes.subarray(at, at + size), step * 6);
  }

  #cuts(kind: Cut): boolean {
    if (this.#cut?.kind !== kind || this.#cut.left === 0) return false;
    this.#cut.left--;
    this.cuts++;
    return true;
  }

  #destroy({ client, server }: Link): void {
    client.destroy();
    server.destroy();
  }
}
