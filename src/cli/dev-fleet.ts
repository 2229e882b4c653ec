/**
 * The fleet of `runtime dev`: one copy of it, replaced when it is told that the source changed.
 *
 * V1  One copy at a time: the next one goes when the one before has ended. A spare process that waits runs nothing of the user's.
 * V2  A change during a replacement leads to one more; changes in between are one.
 * V3  A copy that ends by itself is not started again before the next change: the same code would end in the same way.
 * V4  After `stop` nothing is started.
 */
import { type Clock, sleep } from '../core/clock.ts';
import { processCodes } from '../runtime/process-policy.ts';
import type { Ended, Launch } from './node-process.ts';
import { NodeProcess } from './node-process.ts';

export interface DevFleetDeps extends Pick<Launch, 'args' | 'cwd' | 'env' | 'onLine'> {
  readonly clock: Clock;
  /** It is up; `tookMs` after the change, or the start. */
  readonly onUp: (tookMs: number, embedded: boolean) => void;
  /** V3 */
  readonly onFallen: (ended: Ended) => void;
}

/** For handlers that run when the source changes; then they are aborted, and their tasks run again in the next copy. */
const changeGraceMs = 300;
/** The same when everything is to end. */
const stopGraceMs = 3_000;
/** For a copy to end that was told to; one that does not is killed. */
const endingMs = 1_500;

interface Copy {
  readonly process: NodeProcess;
  /** It waits to be sent, or has ended. */
  readonly ready: Promise<void>;
  isSent: boolean;
  /** It was told to end. */
  isLeaving: boolean;
}

export class DevFleet {
  readonly #deps: DevFleetDeps;
  #current: Copy | undefined;
  #spare: Copy | undefined;
  #wanted = false;
  #wantedAt = 0;
  #turning: Promise<void> | undefined;
  #stopping = false;

  constructor(deps: DevFleetDeps) {
    this.#deps = deps;
  }

  /** V2 */
  replace(): void {
    this.#wanted = true;
    this.#wantedAt = this.#deps.clock.monotonic();
    this.#turning ??= this.#turn().finally(() => (this.#turning = undefined));
  }

  /** Drains the copy that runs, and resolves when nothing is left. */
  async stop(): Promise<void> {
    this.#stopping = true;
    const spare = this.#spare;
    spare?.process.kill();
    await Promise.all([this.#endCurrent(stopGraceMs), this.#turning, spare?.process.ended]);
  }

  kill(): void {
    this.#stopping = true;
    for (const copy of [this.#current, this.#spare]) copy?.process.kill();
  }

  async #turn(): Promise<void> {
    while (this.#wanted && !this.#stopping) {
      await this.#endCurrent(changeGraceMs);
      this.#prepare();
      const copy = this.#spare;
      await copy?.ready;
      if (this.#stopping) return;
      this.#wanted = false; // what changes from now on has not been read
      if (copy === undefined || this.#spare !== copy) return; // it has ended, as was told
      this.#spare = undefined;
      this.#current = copy;
      copy.isSent = true;
      copy.process.say({ kind: 'go' });
    }
  }

  /** V1 */
  async #endCurrent(graceMs: number): Promise<void> {
    const copy = this.#current;
    if (copy === undefined) return;
    copy.isLeaving = true;
    copy.process.say({ kind: 'stop', graceMs });
    const over = new AbortController();
    void sleep(this.#deps.clock, graceMs + endingMs, over.signal).then(
      () => copy.process.kill(),
      () => undefined,
    );
    await copy.process.ended;
    over.abort();
  }

  #launch(): Copy {
    const { clock, args, cwd, env, onLine } = this.#deps;
    let onReady = (): void => {};
    const ready = new Promise<void>((resolve) => (onReady = resolve));
    const process = new NodeProcess({
      clock,
      cwd,
      env,
      onLine,
      args: [...args, '--spare'],
      onWord: (word) => {
        if (word.kind === 'ready') onReady();
        if (word.kind === 'up') this.#onUp(word.embedded);
      },
    });
    const copy: Copy = { process, ready, isSent: false, isLeaving: false };
    void process.ended.then(onReady);
    void process.ended.then((ended) => this.#onEnded(copy, ended));
    return copy;
  }

  #onUp(embedded: boolean): void {
    this.#deps.onUp(this.#deps.clock.monotonic() - this.#wantedAt, embedded);
    this.#prepare();
  }

  #prepare(): void {
    if (!this.#stopping) this.#spare ??= this.#launch();
  }

  #onEnded(copy: Copy, ended: Ended): void {
    if (this.#spare === copy) this.#spare = undefined;
    if (this.#current === copy) this.#current = undefined;
    if (copy.isLeaving || this.#stopping || (!copy.isSent && this.#current !== undefined)) return;
    if (copy.isSent && ended.code === processCodes.restart) return this.replace(); // it was asked to, from another terminal
    if (copy.isSent) this.#prepare();
    this.#deps.onFallen(ended);
  }
}
