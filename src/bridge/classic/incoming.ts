/**
 * Tasks of classic agents on their way in: the shared list is looked through, what is the fleet's is taken, what cannot be read is set
 * aside, all else stays.
 *
 * I1  Entries are looked at oldest first, behind a mark: what was looked at and left costs nothing more. Beside that a second mark goes through
 *     the whole list again and again, a page at a time: it finds what the first has missed, and names that have become the fleet's since.
 * I2  No more tasks are taken than `limits.foreignTaken` at a time; the others stay where they are and keep their order.
 */
import { type ForeignPort, type Look, type Mark, type Pick, startMark } from '../../broker/foreign.ts';
import { type Clock, sleep } from '../../core/clock.ts';
import { describeError, OwnershipError } from '../../core/errors.ts';
import { limits } from '../../core/limits.ts';
import { observe, type Observer } from '../../core/observer.ts';
import { type ClassicTask, judge, readTaken } from './task-wire.ts';

export interface IncomingDeps {
  readonly foreign: ForeignPort;
  readonly clock: Clock;
  readonly observer: Observer;
  readonly node: string;
  readonly signal: AbortSignal;
  readonly isOurs: (assignee: string) => boolean;
  readonly onTaken: (id: string, task: ClassicTask | undefined) => void;
  /** The list has another type than it should. */
  readonly onWrongType: (key: 'task:queue', type: string) => void;
  readonly onLost: (error: OwnershipError) => void;
}

/** What becomes of one entry; `task` is absent where it cannot be read. */
interface Judged {
  readonly pick: Pick;
  readonly task?: ClassicTask;
}

const pageSize = 250;
const idleMs = 25;
const troubleMs = 250;
/** Between two pages of the second mark. */
const sweepEveryMs = 100;

export class Incoming {
  readonly #deps: IncomingDeps;
  #mark: Mark = startMark;
  #sweep: Mark = startMark;
  #sweptAt = 0;

  constructor(deps: IncomingDeps) {
    this.#deps = deps;
  }

  /** Takes up what was taken before, then looks until the signal aborts. */
  async run(): Promise<void> {
    await this.#repeat(() => this.#resume());
    while (!this.#deps.signal.aborted) await this.#repeat(() => this.#turn());
  }

  /** True when there may be more at once. */
  async #turn(): Promise<boolean> {
    const [more, next] = await this.#page(this.#mark);
    this.#mark = next;
    const now = this.#deps.clock.monotonic();
    if (!more && now - this.#sweptAt >= sweepEveryMs) {
      const [, swept] = await this.#page(this.#sweep.count < this.#mark.count ? this.#sweep : startMark);
      this.#sweep = swept;
      this.#sweptAt = now;
    }
    return more;
  }

  async #page(mark: Mark): Promise<readonly [more: boolean, next: Mark]> {
    const { foreign, onWrongType, signal } = this.#deps;
    const look = await foreign.look({ list: 'queue', mark, count: pageSize });
    if (signal.aborted) return [false, mark];
    if (look.kind === 'wrong-type') {
      onWrongType('task:queue', look.type);
      return [false, startMark];
    }
    const judged = this.#judge(look);
    if (judged.length === 0) return [look.more, look.next];
    return this.#take(look, judged);
  }

  #judge({ entries }: Look & { kind: 'entries' }): readonly Judged[] {
    return entries.flatMap((entry): readonly Judged[] => {
      const { number, proof } = entry;
      const judgement = judge(entry, this.#deps.isOurs);
      if (judgement.kind === 'others') return [];
      if (judgement.kind === 'ours') return [{ pick: { number, proof }, task: judgement.task }];
      return [{ pick: { number, proof, reason: judgement.reason } }];
    });
  }

  async #take(
    { entries, from, more }: Look & { kind: 'entries' },
    judged: readonly Judged[],
  ): Promise<readonly [more: boolean, next: Mark]> {
    const { foreign, node, onTaken } = this.#deps;
    const picks = judged.map(({ pick }) => pick);
    const request = { node, from, looked: entries.length, picks, most: limits.foreignTaken };
    const { ids, next } = await foreign.take(request);
    judged.forEach(({ task }, index) => {
      const id = ids[index];
      if (id !== undefined && task !== undefined) onTaken(id, task);
    });
    const wasFull = ids.at(-1) === undefined; // I2: or somebody was faster
    return [more && !wasFull, next];
  }

  /** What an earlier bridge has taken. */
  async #resume(): Promise<boolean> {
    const { foreign, onTaken, signal } = this.#deps;
    for (let after = ''; !signal.aborted; ) {
      const page = await foreign.taken({ after, count: limits.frameOps });
      for (const { id, text } of page) onTaken(id, readTaken(text));
      const last = page.at(-1);
      if (last === undefined) return true;
      after = last.id;
    }
    return true;
  }

  /** Runs a step until it succeeds, and rests when there is nothing more to do. */
  async #repeat(step: () => Promise<boolean>): Promise<void> {
    const { clock, observer, onLost, signal } = this.#deps;
    for (;;) {
      try {
        if (await step()) return;
        return await sleep(clock, idleMs, signal).catch(() => undefined); // stopping ends the wait
      } catch (error) {
        if (signal.aborted) return;
        if (error instanceof OwnershipError) return onLost(error);
        observe(observer, 'broker.trouble', { what: 'reading classic tasks', error: describeError(error) });
        await sleep(clock, troubleMs, signal).catch(() => undefined); // likewise
      }
    }
  }
}
