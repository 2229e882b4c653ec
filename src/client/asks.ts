/**
 * Asks that wait for their reply.
 *
 * A1  An ask ends exactly once: with the reply, the deadline, the caller's signal, or `AgentUnavailable`.
 * A2  An ask whose target has no owner fails at once. One whose owner's presence ends fails then, by the notice `gone` or, when
 *     that was lost, by the next look at the directory: it does not sit out the deadline. A node that is asked itself
 *     (node-address.ts) is looked for among the present ones, before it is told and at every look. The look ends an ask, too, when another
 *     activation holds the id than at the first look.
 * A3  The replies of a target that was replaced do not count: the id of the ask is the only key.
 * A4  An ask for a stream ends likewise, its reply being the last part; how the parts before it come stands in incoming-parts.ts (J).
 * A5  An ask that was refused before any handler began is made again under its id when the agent is moving: its node drains, or is bringing it
 *     up, or nobody runs an id that had an owner a moment ago (for at most 2 s). With growing pauses, until the deadline or 10 s after the
 *     first refusal; then it ends with `AgentUnavailable`, whose `details.reached` is `no`. An ask of which a handler may have begun
 *     is never made again: its owner has gone, is silent, or stopped in the middle of it (`maybe`).
 */
import type { Broker } from '../broker/broker.ts';
import type { Activation } from '../broker/presence.ts';
import type { AskOp, AskReply } from '../broker/mail.ts';
import type { Notice } from '../broker/notices.ts';
import { type Clock, type Timer, repeat } from '../core/clock.ts';
import { encodeEnvelope, decodePayload, type Envelope } from '../core/envelope.ts';
import { nodeOf } from '../core/node-address.ts';
import { AgentUnavailable, abortReason, DeliveryError, type ErrorRecord } from '../core/errors.ts';
import type { Observer } from '../core/observer.ts';
import type { Random } from '../core/random.ts';
import { AskTries, type Tries } from './ask-tries.ts';
import { isMoving, replyError } from './reply-error.ts';
import type { Answer } from './frame-line.ts';
import type { Frames } from './frames.ts';
import { type AnswerNotice, IncomingParts } from './incoming-parts.ts';
import { Post } from './post.ts';

interface Pending extends Tries {
  readonly askId: string;
  readonly text: string;
  /** Until the next try (A5). */
  pause: Timer | undefined;
  owner: string | undefined;
  /** As the first look found it. */
  epoch: number | undefined;
  /** Of a stream. */
  readonly parts: IncomingParts | undefined;
  end(settle: () => void): void;
  reject(error: unknown): void;
  resolve(value: unknown): void;
}

export interface AsksDeps {
  readonly clock: Clock;
  readonly random: Random;
  readonly observer: Observer;
  readonly broker: Pick<Broker, 'mail' | 'presence' | 'notices'>;
  readonly frames: Frames<AskOp, AskReply>;
}

const lookEveryMs = 1_000;

export class Asks {
  readonly #deps: AsksDeps;
  readonly #pending = new Map<string, Pending>();
  readonly #tries: AskTries;
  /** What is told to those who answer in parts. */
  readonly #answers: Post<{ readonly address: string; readonly notice: AnswerNotice }>;
  #watch: Timer | undefined;

  constructor(deps: AsksDeps) {
    this.#deps = deps;
    this.#tries = new AskTries(deps);
    const { clock, observer, broker } = deps;
    const what = 'telling who answers in parts';
    this.#answers = new Post({ clock, observer, what, deliver: (answers) => broker.notices.post(answers) });
  }

  /** Sends the request and resolves to the reply's value. `timeoutMs` is what is left until the envelope's deadline. */
  ask(envelope: Envelope, timeoutMs: number, signal?: AbortSignal): Promise<unknown> {
    return this.#send(envelope, timeoutMs, signal);
  }

  /** The same for an answer in parts: their values, as they come. Whoever leaves the loop ends the answer. */
  async *stream(envelope: Envelope, timeoutMs: number, signal?: AbortSignal): AsyncGenerator<unknown> {
    const tell = (address: string, notice: AnswerNotice): void => this.#answers.send({ address, notice });
    const parts = new IncomingParts({ askId: envelope.opId, clock: this.#deps.clock, tell });
    this.#send(envelope, timeoutMs, signal, parts).then(
      () => parts.end({}),
      (error: unknown) => parts.end({ error }, signal?.aborted === true || isTimeout(error)),
    );
    try {
      yield* parts.read();
    } finally {
      parts.leave();
      this.#pending.get(envelope.opId)?.end(() => {});
    }
  }

  #send(envelope: Envelope, timeoutMs: number, signal?: AbortSignal, parts?: IncomingParts): Promise<unknown> {
    const text = encodeEnvelope(envelope);
    const { clock } = this.#deps;
    return new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(abortReason(signal));
      const [askId, agentId] = [envelope.opId, envelope.to];
      const end = (settle: () => void): void => {
        if (!this.#pending.delete(askId)) return;
        timer.cancel();
        pending.pause?.cancel();
        signal?.removeEventListener('abort', onAbort);
        settle();
      };
      const onLate = (): void => {
        if (pending.pause !== undefined) unavailable(pending, 'nobody who runs it, until the deadline', 'no');
        else end(() => reject(replyTimeout(envelope, timeoutMs)));
      };
      const timer = clock.setTimer(timeoutMs, onLate);
      const onAbort = (): void => end(() => reject(abortReason(signal)));
      signal?.addEventListener('abort', onAbort, { once: true });
      const untold = { tries: 0, refusedAt: undefined, nobodySince: undefined, pause: undefined };
      const nobody = { owner: undefined, epoch: undefined };
      const pending: Pending = { askId, agentId, text, ...untold, ...nobody, parts, end, reject, resolve };
      this.#pending.set(askId, pending);
      this.#try(pending);
    });
  }

  #try(pending: Pending): void {
    const number = ++pending.tries;
    pending.pause = undefined;
    this.#post(pending.agentId, pending.text, {
      resolve: (reply) => this.#onSent(pending, number, reply),
      reject: (error) => pending.end(() => pending.reject(error)),
    });
  }

  /** A5: no handler has begun. */
  #tryAgain(pending: Pending, waitMs: number): void {
    pending.owner = pending.epoch = undefined;
    pending.pause = this.#deps.clock.setTimer(waitMs, () => this.#try(pending));
  }

  onNotice(notice: Notice): void {
    if (notice.kind === 'reply') {
      const pending = this.#pending.get(notice.askId);
      if (pending !== undefined) this.#onReply(pending, notice);
    } else if (notice.kind === 'part') {
      const pending = this.#pending.get(notice.askId);
      if (pending?.parts?.accept(notice)) pending.end(() => settlePart(pending, notice));
    } else if (notice.kind === 'gone') {
      for (const pending of this.#pending.values())
        if (pending.owner === notice.node) unavailable(pending, goneReason(pending.agentId), 'maybe');
    }
  }

  /** Parts may have been missed. */
  onReset(): void {
    for (const { parts } of this.#pending.values()) parts?.onReset();
  }

  stop(error: Error): void {
    this.#watch?.cancel();
    this.#watch = undefined;
    for (const pending of this.#pending.values()) pending.end(() => pending.reject(error));
  }

  #post(to: string, envelope: string, answer: Answer<AskReply>): void {
    const { broker, frames } = this.#deps;
    const node = nodeOf(to);
    if (node === undefined) frames.post(broker.mail.tagOf(to), { to, envelope }, answer);
    else
      this.#postToNode(node, envelope).then(
        (reply) => answer.resolve(reply),
        (error: unknown) => answer.reject(error),
      );
  }

  async #postToNode(node: string, envelope: string): Promise<AskReply> {
    const { notices } = this.#deps.broker;
    if (!(await this.#presentNodes()).has(node)) return { kind: 'no-owner' };
    await notices.post([{ address: node, notice: { kind: 'ask', envelope } }]);
    return { kind: 'sent', owner: node };
  }

  async #presentNodes(): Promise<ReadonlySet<string>> {
    const nodes = await this.#deps.broker.presence.nodes();
    return new Set(nodes.filter(({ alive }) => alive).map(({ node }) => node));
  }

  #onReply(pending: Pending, notice: Notice & { kind: 'reply' }): void {
    if (pending.pause !== undefined) return; // of a try that was refused before
    const waitMs = tellsOfMove(notice) ? this.#tries.refused(pending) : undefined;
    if (waitMs === undefined) pending.end(() => settleReply(pending, notice));
    else this.#tryAgain(pending, waitMs);
  }

  #onSent(pending: Pending, number: number, reply: AskReply): void {
    if (reply.kind === 'sent') this.#tries.saw(pending);
    if (number !== pending.tries || pending.pause !== undefined) return; // it was refused already
    if (reply.kind === 'sent') pending.parts?.open(reply.owner); // also of one that has ended: its owner has to know
    if (this.#pending.get(pending.askId) !== pending) return; // it has ended already
    if (reply.kind === 'no-owner') {
      const waitMs = this.#tries.nobody(pending);
      return waitMs === undefined
        ? unavailable(pending, nobodyThere(pending.agentId), 'no')
        : this.#tryAgain(pending, waitMs);
    }
    pending.owner = reply.owner;
    this.#watch ??= repeat(
      this.#deps.clock,
      () => lookEveryMs,
      () => this.#look(),
    );
  }

  /** A2: the look that does not depend on a notice. Stops by itself when nothing is pending. */
  async #look(): Promise<void> {
    const waiting = [...this.#pending.values()].filter((pending) => pending.owner !== undefined);
    if (waiting.length === 0) {
      this.#watch?.cancel();
      this.#watch = undefined;
      return;
    }
    const holders = await this.#holdersOf(waiting.map((pending) => pending.agentId));
    waiting.forEach((pending, index) => {
      const { owner, epoch } = holders[index] ?? {};
      pending.epoch ??= epoch;
      if (owner !== pending.owner) unavailable(pending, goneReason(pending.agentId), 'maybe');
      else if (epoch !== pending.epoch) unavailable(pending, 'it has ended, and begun anew', 'maybe');
    });
  }

  /** Who is there to answer, of agents and of nodes. */
  async #holdersOf(targets: readonly string[]): Promise<readonly (Partial<Activation> | undefined)[]> {
    const agents = targets.filter((target) => nodeOf(target) === undefined);
    const [activations, present] = await Promise.all([
      agents.length > 0 ? this.#deps.broker.presence.lookup(agents) : [],
      agents.length < targets.length ? this.#presentNodes() : new Set<string>(),
    ]);
    const holders = new Map(agents.map((agent, index) => [agent, activations[index]]));
    return targets.map((target) => {
      const node = nodeOf(target);
      return node === undefined ? holders.get(target) : present.has(node) ? { owner: node } : undefined;
    });
  }
}

function nobodyThere(target: string): string {
  return nodeOf(target) === undefined ? 'nobody runs it' : 'it is not, or has gone';
}

function goneReason(target: string): string {
  return nodeOf(target) === undefined ? 'its node has gone' : 'it has gone';
}

function unavailable(pending: Pending, why: string, reached: 'no' | 'maybe'): void {
  pending.end(() => pending.reject(new AgentUnavailable(pending.agentId, why, { reached })));
}

/** A5 */
function tellsOfMove({ ok, body }: Notice & { kind: 'reply' }): boolean {
  if (ok) return false;
  try {
    return isMoving(decodePayload(body) as ErrorRecord);
  } catch {
    return false; // what cannot be read is told to the caller
  }
}

function settleReply(pending: Pending, notice: Notice & { kind: 'reply' }): void {
  try {
    const value = decodePayload(notice.body);
    if (notice.ok) pending.resolve(value);
    else pending.reject(replyError(pending.agentId, value as ErrorRecord));
  } catch (error) {
    pending.reject(error);
  }
}

/** The last part of a stream: its end, or what its handler threw. */
function settlePart(pending: Pending, { state, body, askId }: Notice & { kind: 'part' }): void {
  if (state === 'error') settleReply(pending, { kind: 'reply', askId, ok: false, body });
  else pending.resolve(undefined);
}

function isTimeout(error: unknown): boolean {
  return error instanceof DeliveryError && error.code === 'reply-timeout' && error.cause === undefined;
}

function replyTimeout(envelope: Envelope, timeoutMs: number): DeliveryError {
  return new DeliveryError(
    'reply-timeout',
    `expected agent "${envelope.to}" to answer "${envelope.name}" within ${timeoutMs} ms, got: no reply`,
  );
}
