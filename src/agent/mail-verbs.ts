/**
 * The verbs of mail: durable messages and live asks, to one agent id.
 *
 * Types only: client/mail-verbs.ts carries them out, for agents and for outside clients alike.
 */
import type { Duration } from '../core/duration.ts';
import type { InputOf, MessageContract, OutputOf, Schema } from './contract.ts';

export interface AskOptions {
  /** From now. Default: the fleet's `timing.askDeadline` (30 s). */
  readonly deadline?: Duration;
  /** Gives up waiting when it aborts. */
  readonly signal?: AbortSignal;
}

export interface MailVerbs {
  /**
   * Stores a message in an agent's inbox: durable, at least once, in order per sender. Resolves when it is stored, also
   * when nobody owns the id yet.
   *
   * @throws DeliveryError `inbox-full`, `invalid-payload`, `payload-too-large`.
   */
  send<Data extends Schema>(
    agentId: string,
    message: MessageContract<string, Data>,
    data: InputOf<Data>,
  ): Promise<void>;
  send(agentId: string, message: string, data?: unknown): Promise<void>;

  /**
   * Asks a live agent and waits for the value its handler returns: at most once, never stored.
   *
   * @throws AgentUnavailable at once when the id has no owner, or when the owner goes away; DeliveryError
   * `reply-timeout` at the deadline, `ask-cycle` when the target waits for this ask; HandlerError when the handler threw.
   * @example
   * const owner = await this.ask('docs', whoEdits, { file: 'agents.md' }, { deadline: '5s' });
   */
  ask<Data extends Schema, Reply extends Schema | undefined>(
    agentId: string,
    message: MessageContract<string, Data, Reply>,
    data: InputOf<Data>,
    options?: AskOptions,
  ): Promise<OutputOf<Reply>>;
  ask(agentId: string, message: string, data?: unknown, options?: AskOptions): Promise<unknown>;
}
