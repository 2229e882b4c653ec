/**
 * What foreign agents answer to tasks of the fleet: found in the completions and among the broadcasts, kept, and told to who waits.
 *
 * A1  A completion is found in the list, behind a mark that is kept with the answers: what was pushed while no node was the bridge is found,
 *     too. A failure is no entry of any list: it is found in the event stream, and in what is published, since some clients can do no more.
 * A2  The first answer counts, whoever finds it. It is kept before anybody is told of it.
 * A3  Entries that cannot be read are reported once and stay where they are.
 */
import type { EventPort } from '../../broker/events.ts';
import { endMark, type ForeignPort, type LookedAt, type Mark, startMark } from '../../broker/foreign.ts';
import type { OutgoingPort } from '../../broker/outgoing.ts';
import type { QuarantinePort } from '../../broker/quarantine.ts';
import { type Clock, sleep } from '../../core/clock.ts';
import { describeError, OwnershipError } from '../../core/errors.ts';
import { observe, type Observer } from '../../core/observer.ts';
import { type ForeignAnswer, readCompletion, readFailure, readPublishedFailure } from './task-wire.ts';

export interface AnswersDeps {
  readonly foreign: Pick<ForeignPort, 'look'>;
  readonly outgoing: OutgoingPort;
  readonly events: Pick<EventPort, 'read'>;
  readonly quarantine: Pick<QuarantinePort, 'add'>;
  readonly clock: Clock;
  readonly observer: Observer;
  readonly node: string;
  readonly signal: AbortSignal;
  /** True for a task that is out and has no answer yet. */
  readonly isOut: (foreignId: string) => boolean;
  readonly onAnswer: (foreignId: string, answer: string) => void;
  readonly onWrongType: (key: 'task:completed', type: string) => void;
  readonly onLost: (error: OwnershipError) => void;
}

const pageSize = 250;
const eventPage = 256;
const mostOwn = 20_000;
const idleMs = 25;
const troubleMs = 250;
/** How long the mark may be behind on what nobody waits for. */
const saveEveryMs = 1_000;

export class Answers {
  readonly #deps: AnswersDeps;
  /** Failures that were heard. */
  #heard: ForeignAnswer[] = [];
  #mark: Mark = endMark;
  readonly #own = new Set<string>();
  #savedAt = Number.NEGATIVE_INFINITY;

  constructor(deps: AnswersDeps) {
    this.#deps = deps;
  }

  /** Goes on from `mark`, and looks for failures from `since` (server time) on; until the signal aborts. */
  async run(mark: Mark | undefined, since: number | undefined): Promise<void> {
    this.#mark = mark ?? endMark;
    if (since !== undefined) await this.#again('reading classic failures', () => this.#readFailures(since));
    while (!this.#deps.signal.aborted) await this.#again('reading classic completions', () => this.#turn());
  }

  /** A completion that this node stores itself: it need not be read again. */
  noteOwn(completion: string): void {
    this.#own.add(completion);
    if (this.#own.size <= mostOwn) return;
    const oldest = this.#own.values().next();
    if (!oldest.done) this.#own.delete(oldest.value);
  }

  /** An event of the stream. */
  onEvent(topic: string, data: string): void {
    this.#hear(readFailure(topic, data));
  }

  /** What was published, whatever it is. */
  onPublished(text: string): void {
    this.#hear(readPublishedFailure(text));
  }

  #hear(answer: ForeignAnswer | undefined): void {
    if (answer !== undefined && this.#deps.isOut(answer.taskId)) this.#heard.push(answer);
  }

  /** A1 */
  async #readFailures(since: number): Promise<void> {
    for (let after = String(Math.floor(since)); !this.#deps.signal.aborted; ) {
      const { events } = await this.#deps.events.read({ after, count: eventPage });
      for (const { topic, data } of events) this.onEvent(topic, data);
      const last = events.at(-1);
      if (last === undefined) return;
      after = last.id;
    }
  }

  async #turn(): Promise<void> {
    const { foreign, clock, signal, onWrongType } = this.#deps;
    const look = await foreign.look({ list: 'completed', mark: this.#mark, count: pageSize });
    if (look.kind === 'wrong-type') {
      onWrongType('task:completed', look.type);
      await this.#keep([], startMark);
    } else await this.#keep(await this.#readAll(look.entries), look.next);
    if (look.kind === 'entries' && look.more) return;
    await sleep(clock, idleMs, signal).catch(() => undefined); // stopping ends the wait
  }

  async #readAll(entries: readonly LookedAt[]): Promise<readonly ForeignAnswer[]> {
    const others = entries.filter(({ text }) => !this.#own.delete(text));
    const read = others.map((entry) => ({ entry, answer: readCompletion(entry) }));
    const malformed = read.flatMap(({ entry: { text, bytes }, answer: reason }) =>
      typeof reason === 'string' ? [{ origin: 'task:completed', reason, text, bytes, left: 'copy' as const }] : [],
    );
    if (malformed.length > 0) await this.#deps.quarantine.add(malformed); // A3
    return read.flatMap(({ answer }) =>
      typeof answer !== 'string' && this.#deps.isOut(answer.taskId) ? [answer] : [],
    );
  }

  /** A2 */
  async #keep(completions: readonly ForeignAnswer[], next: Mark): Promise<void> {
    const { outgoing, node, clock, onAnswer } = this.#deps;
    const found = [...completions, ...this.#heard];
    const heard = this.#heard.length;
    if (found.length > 0 || clock.monotonic() - this.#savedAt >= saveEveryMs) {
      const answers = found.map(({ taskId, answer }) => ({ foreignId: taskId, answer }));
      await outgoing.answer({ node, answers, mark: next });
      this.#savedAt = clock.monotonic();
      this.#heard = this.#heard.slice(heard);
      for (const { foreignId, answer } of answers) onAnswer(foreignId, answer);
    }
    this.#mark = next;
  }

  async #again(what: string, step: () => Promise<void>): Promise<void> {
    const { clock, observer, onLost, signal } = this.#deps;
    while (!signal.aborted) {
      try {
        return await step();
      } catch (error) {
        if (signal.aborted) return;
        if (error instanceof OwnershipError) return onLost(error);
        observe(observer, 'broker.trouble', { what, error: describeError(error) });
        await sleep(clock, troubleMs, signal).catch(() => undefined); // likewise
      }
    }
  }
}
