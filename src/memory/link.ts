/**
 * One process' link to the memory fleet: what a connection is to Redis.
 *
 * K1  A call is carried out in a later microtask than the one that made it, in the order of the calls, as one step.
 * K2  Request and reply are copies.
 * K3  A delivery happens in a later microtask. What is on its way when the link is cut is lost.
 * K4  While the link is cut, calls and waits reject with `unreachable`. When it is restored, every listener is told
 *     before anything later is delivered. A closed link stays closed.
 */
import { BrokerError } from '../core/errors.ts';
import { copy } from './copy.ts';

export class Link {
  /** Of its process. */
  readonly address: string;
  #state: 'new' | 'up' | 'cut' | 'closed' = 'new';
  /** Grows with every cut: deliveries of an earlier one are lost (K3). */
  #era = 0;
  readonly #resets = new Set<() => void>();
  readonly #losses = new Set<(error: BrokerError) => void>();

  constructor(address: string) {
    this.address = address;
  }

  get isUp(): boolean {
    return this.#state === 'up';
  }

  open(): void {
    if (this.#state === 'closed') throw this.#trouble();
    if (this.#state === 'new') this.#state = 'up';
  }

  close(): void {
    this.#lose('closed');
    this.#resets.clear();
  }

  cut(): void {
    if (this.#state === 'up') this.#lose('cut');
  }

  restore(): void {
    if (this.#state !== 'cut') return;
    this.#state = 'up';
    for (const onReset of this.#resets) this.deliver(onReset);
  }

  /** Rejects at once and again when the call is carried out (K1, K4). */
  async call<Request, Reply>(request: Request, run: (request: Request) => Reply): Promise<Reply> {
    const received = copy(request);
    await this.trip();
    return copy(run(received));
  }

  /** The way of a request to the fleet. */
  async trip(): Promise<void> {
    if (this.#state !== 'up') throw this.#trouble();
    await Promise.resolve();
    if (this.#state !== 'up') throw this.#trouble();
  }

  /** K3 */
  deliver(run: () => void): void {
    if (this.#state !== 'up') return;
    const era = this.#era;
    void Promise.resolve().then(() => {
      if (this.#state === 'up' && this.#era === era) run();
    });
  }

  /** Calls `onReset` after every restoration, until the returned function is called. */
  onRestore(onReset: () => void): () => void {
    this.#resets.add(onReset);
    return () => void this.#resets.delete(onReset);
  }

  /** Calls `onLoss` when the link is cut or closed, until the returned function is called. */
  onLoss(onLoss: (error: BrokerError) => void): () => void {
    this.#losses.add(onLoss);
    return () => void this.#losses.delete(onLoss);
  }

  #lose(state: 'cut' | 'closed'): void {
    this.#state = state;
    this.#era++;
    const losses = [...this.#losses];
    this.#losses.clear();
    for (const onLoss of losses) onLoss(this.#trouble());
  }

  #trouble(): BrokerError {
    if (this.#state === 'cut')
      return new BrokerError('unreachable', `expected the link of ${this.address} to be up, got: cut`);
    const got = this.#state === 'new' ? 'not started' : 'stopped';
    return new BrokerError('closed', `expected the broker of ${this.address} to be started, got: ${got}`);
  }
}
