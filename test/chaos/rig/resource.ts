/**
 * The guarded resource: something outside the fleet that only the holder of a lock may touch, and that judges by fencing tokens.
 *
 * R1  It refuses a token smaller than the greatest it has seen of that lock, as the fencing recipe demands.
 * R2  An effect that was let in under a smaller token than the greatest is a stale holder's. A token that two acquisitions carry, or one that is refused although it was asked for after a greater one had been seen, proves that
 *     tokens do not grow: whoever comes second is a stale holder that nobody could have refused.
 */
import { connect, createServer, type Server, type Socket } from 'node:net';
import type { AddressInfo } from 'node:net';
import { createInterface } from 'node:readline';

export interface Touch {
  readonly lock: string;
  readonly token: number;
  /** Names one acquisition. */
  readonly holder: string;
  /** When the acquisition was asked for, on the machine's clock. */
  readonly askedAt: number;
}

interface Seen {
  readonly greatest: number;
  readonly holder: string;
  readonly since: number;
}

export class GuardedResource {
  accepted = 0;
  refused = 0;
  /** Stories of effects that a stale holder had, or of tokens that did not grow (R2). */
  readonly violations: string[] = [];
  readonly #now: () => number;
  readonly #seen = new Map<string, Seen>();
  readonly #sockets = new Set<Socket>();
  readonly #server: Server;

  constructor(now: () => number) {
    this.#now = now;
    this.#server = createServer((socket) => this.#serve(socket));
  }

  /** The port it answers on. */
  listen(): Promise<number> {
    return new Promise((resolve) =>
      this.#server.listen(0, '127.0.0.1', () => resolve((this.#server.address() as AddressInfo).port)),
    );
  }

  close(): void {
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
  }

  /** R1, R2: true when the effect is let in. */
  touch({ lock, token, holder, askedAt }: Touch): boolean {
    const seen = this.#seen.get(lock);
    if (seen === undefined || token > seen.greatest) {
      this.#seen.set(lock, { greatest: token, holder, since: this.#now() });
    } else if (token === seen.greatest && holder !== seen.holder) {
      this.violations.push(`lock ${lock}: token ${token} was let in for ${holder} and for ${seen.holder} before`);
    } else if (token < seen.greatest && askedAt > seen.since) {
      this.violations.push(
        `lock ${lock}: token ${token} of ${holder} was asked for after ${seen.greatest} was in use, and is smaller`,
      );
    }
    return this.#letIn({ lock, token, holder });
  }

  /** R1; and R2 of what it lets in. */
  #letIn({ lock, token, holder }: Pick<Touch, 'lock' | 'token' | 'holder'>): boolean {
    const greatest = this.#seen.get(lock)?.greatest ?? 0;
    if (isStale(token, greatest)) {
      this.refused++;
      return false;
    }
    this.accepted++;
    if (token < greatest) this.violations.push(`lock ${lock}: ${holder} was let in under ${token}, after ${greatest}`);
    return true;
  }

  #serve(socket: Socket): void {
    this.#sockets.add(socket);
    socket.on('error', () => {}).on('close', () => this.#sockets.delete(socket));
    const lines = createInterface(socket).on('error', () => {});
    lines.on('line', (line) => {
      const { id, touch } = JSON.parse(line) as { id: number; touch: Touch };
      socket.write(`${id} ${this.touch(touch) ? 1 : 0}\n`);
    });
  }
}

/** R1: the check that makes a fencing token worth something. */
function isStale(token: number, greatest: number): boolean {
  return token < greatest;
}

/** A worker's way to the resource: one connection, answers matched by number. */
export class ResourceClient {
  readonly #socket: Socket;
  readonly #waiting = new Map<number, (accepted: boolean) => void>();
  #asked = 0;

  constructor(port: number) {
    this.#socket = connect(port, '127.0.0.1');
    this.#socket.on('error', () => {});
    const lines = createInterface(this.#socket).on('error', () => {});
    lines.on('line', (line) => {
      const [id, accepted] = line.split(' ').map(Number);
      this.#waiting.get(id ?? 0)?.(accepted === 1);
      this.#waiting.delete(id ?? 0);
    });
  }

  touch(touch: Touch): Promise<boolean> {
    const id = ++this.#asked;
    return new Promise((resolve) => {
      this.#waiting.set(id, resolve);
      this.#socket.write(`${JSON.stringify({ id, touch })}\n`);
    });
  }
}
