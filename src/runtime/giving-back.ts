/**
 * Agent ids on their way back to the broker: those that come while others are on their way travel together, in bounded pages.
 *
 * Apart from activation.ts, which decides nothing of it: a node of ten thousand agents that stops would else be held up by as many round
 * trips. Nobody waits for company, so the id of an agent that stops alone goes back at once.
 */
import type { Holding, PresencePort } from '../broker/presence.ts';
import { limits } from '../core/limits.ts';

interface Waiting {
  readonly holding: Holding;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

export interface GivingBackDeps {
  readonly presence: Pick<PresencePort, 'deactivate'>;
  readonly node: string;
}

export class GivingBack {
  readonly #deps: GivingBackDeps;
  #waiting: Waiting[] = [];
  #isSending = false;

  constructor(deps: GivingBackDeps) {
    this.#deps = deps;
  }

  /** Resolves when the broker has it back; rejects with what that call ended with. */
  add(holding: Holding): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ holding, resolve, reject });
      if (!this.#isSending) void this.#send();
    });
  }

  async #send(): Promise<void> {
    const { presence, node } = this.#deps;
    this.#isSending = true;
    while (this.#waiting.length > 0) {
      const page = this.#waiting.splice(0, limits.frameOps);
      try {
        const holdings = page.map(({ holding }) => holding);
        await presence.deactivate(node, holdings);
        for (const { resolve } of page) resolve();
      } catch (error) {
        for (const { reject } of page) reject(error);
      }
    }
    this.#isSending = false;
  }
}
