/**
 * One message in the hands of its handler, and the call of that handler.
 *
 * Apart from mail-execution.ts, which decides what is made of the end of the call.
 */
import type { Message } from '../agent/envelopes.ts';
import type { MessageHandler } from '../agent/handlers.ts';
import { wrapThrown } from '../client/reply-error.ts';
import type { Envelope, Trace } from '../core/envelope.ts';
import { answerOf, type Wanted } from './answers.ts';
import type { Cell } from './cell.ts';
import { callHandler, CallSignal } from './handler-call.ts';
import type { ExecutionDeps } from './handling.ts';
import type { OutgoingParts } from './outgoing-parts.ts';

export interface Mark {
  readonly isAsk: boolean;
  readonly redelivered: boolean;
}

export interface MailInHand {
  readonly deps: ExecutionDeps;
  readonly cell: Cell;
  readonly envelope: Envelope;
  readonly handler: MessageHandler;
  readonly mark: Mark;
  /** Where the answer goes that is wanted in parts. */
  readonly parts?: OutgoingParts | undefined;
}

/** As its handler sees it. */
class Received implements Message {
  readonly id: string;
  readonly name: string;
  readonly from: string;
  readonly data: unknown;
  readonly sentAt: number;
  readonly isAsk: boolean;
  readonly redelivered: boolean;
  readonly deadline?: number;
  readonly trace: Trace;
  readonly #limits: CallSignal;

  constructor({ envelope, mark }: MailInHand, limits: CallSignal, data: unknown) {
    const { opId, name, from, sentAt, deadline, trace } = envelope;
    this.id = opId;
    this.name = name;
    this.from = from;
    this.data = data;
    this.sentAt = sentAt;
    this.isAsk = mark.isAsk;
    this.redelivered = mark.redelivered;
    if (deadline !== undefined) this.deadline = deadline;
    this.trace = trace;
    this.#limits = limits;
  }

  get signal(): AbortSignal {
    return this.#limits.signal;
  }
}

export class MailCall {
  readonly #hand: MailInHand;
  readonly #limits: CallSignal;
  readonly #message: Received;

  constructor(hand: MailInHand, data: unknown) {
    const { deps, cell, envelope, parts } = hand;
    const { deadline } = envelope;
    const deadlineInMs = deadline === undefined ? undefined : deadline - deps.member.serverNow();
    const limits = new CallSignal(deps.member.deps.clock, { sources: [cell.life], deadlineInMs });
    if (parts !== undefined) limits.add(parts.signal);
    this.#hand = hand;
    this.#limits = limits;
    this.#message = new Received(hand, limits, data);
  }

  /** What its handler makes of it, or a promise of that. */
  start(): unknown {
    return this.#limits.during(() => this.#call());
  }

  #call(): unknown {
    const { deps, cell, envelope } = this.#hand;
    const { name, trace, deadline } = envelope;
    const limits = this.#limits;
    return callHandler({
      clock: deps.member.deps.clock,
      scopes: deps.scopes,
      trace,
      deadline,
      limits,
      culprit: deps.culprits.holding(cell, limits),
      body: () => this.#handled(),
      onGivenUp: (rest) => cell.giveUp(name, rest),
    });
  }

  /** What the handler itself throws is wrapped. */
  #handled(): unknown {
    const { cell, handler } = this.#hand;
    let returned: unknown;
    try {
      returned = cell.call(handler.method, this.#message);
    } catch (error) {
      throw wrapThrown(error);
    }
    if (!(returned instanceof Promise)) return this.#answered(returned);
    return returned.then(
      (value: unknown) => this.#answered(value),
      (error: unknown) => Promise.reject(wrapThrown(error) as Error),
    );
  }

  #answered(returned: unknown): unknown {
    const { handler, mark, parts } = this.#hand;
    const wanted: Wanted = parts ?? (mark.isAsk ? 'value' : 'nothing');
    return answerOf(handler, returned, wanted, this.#limits);
  }
}
