/**
 * Frames whose outcome is unknown, and the servers that may know it.
 *
 * A frame that is repeated gets the reply it had, from a server that has everything. One that took the place of another may lack just this
 * frame, of which it cannot know that it was applied, and perhaps carried out, on the server before it. So what was tried before the change
 * is refused once as `forgotten` (F6 of broker/frame.ts): its sender repeats it, marked.
 */
import { type Frame, replaced } from '../broker/frame.ts';
import { BrokerError } from '../core/errors.ts';
import type { ServerRuns } from './server-runs.ts';

/** The oldest are given up first: as many as a process with a thousand lines has open. */
const most = 2_000;

export class OpenFrames {
  readonly #runs: Pick<ServerRuns, 'since'>;
  /** When the server had changed last when the frame was tried first. */
  readonly #open = new Map<string, number>();

  constructor(deps: { runs: Pick<ServerRuns, 'since'> }) {
    this.#runs = deps.runs;
  }

  /** Tries a frame, which `key` and its number name. `reach` resolves when the server of now has been looked at. */
  async carry(
    key: string,
    frame: Frame<unknown>,
    { reach, run }: { reach: () => Promise<unknown>; run: () => Promise<unknown> },
  ): Promise<unknown> {
    const name = `${key} ${frame.seq}`;
    const tried = this.#open.get(name);
    if (tried !== undefined) {
      await reach();
      if (this.#runs.since > tried) {
        this.#open.set(name, this.#runs.since);
        throw replaced(frame);
      }
    }
    const { since } = this.#runs;
    try {
      const reply = await run();
      if (tried !== undefined) this.#open.delete(name);
      return reply;
    } catch (error) {
      if (error instanceof BrokerError && error.code === 'unknown-outcome') this.#remember(name, tried ?? since);
      throw error;
    }
  }

  #remember(name: string, since: number): void {
    this.#open.set(name, since);
    const oldest = this.#open.keys().next();
    if (this.#open.size > most && !oldest.done) this.#open.delete(oldest.value);
  }
}
