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

export type SendOptions =
  | {
      /** At most 256 characters. The same key to the same agent stores no second message; for what may be sent twice. */
      readonly key?: string;
      /** How long the key is remembered, from the first message on. Default 1 h. */
      readonly keyTtl?: Duration;
      readonly volatile?: false;
    }
  | {
      /**
       * Live only: handed to the agent's mailbox at most once, in order with the sender's other volatile messages, before or
       * after its stored ones. What finds the mailbox full is dropped, and counted by the node.
       */
      readonly volatile: true;
      readonly key?: undefined;
      readonly keyTtl?: undefined;
    };

export interface Sent {
  /** The agent sees it as the message's `id`. Of a known key: the id of the message that was stored first. */
  readonly id: string;
  /** False when the key was known, for volatile messages, and for a message that was published for a classic agent. */
  readonly stored: boolean;
}

export interface MailVerbs {
  /**
   * Stores a message in an agent's inbox: durable, at least once, in order per sender. Resolves when it is stored, also
   * when nobody owns the id yet. With a `key`, only the first one within `keyTtl` is stored, whoever sends it; `stored` says whether
   * this one was. With `volatile` nothing is stored: the agent hears it at most once, while it is live. In a classic fleet a message to
   * an id that never was one of its agents is published for a classic agent of that id instead: whoever does not listen then misses it.
   *
   * @throws DeliveryError `inbox-full`, `invalid-payload`, `payload-too-large`; of a volatile message AgentUnavailable when the
   * id has no owner.
   * @example
   * await this.send('billing', 'paid', { order: 17 }, { key: 'order-17', keyTtl: '10m' });
   */
  send<Data extends Schema>(
    agentId: string,
    message: MessageContract<string, Data>,
    data: InputOf<Data>,
    options?: SendOptions,
  ): Promise<Sent>;
  send(agentId: string, message: string, data?: unknown, options?: SendOptions): Promise<Sent>;

  /**
   * Asks a live agent and waits for the value its handler returns: at most once, never stored.
   *
   * A handler that yields parts is run to its end, and the answer is the list of them.
   *
   * @throws AgentUnavailable at once when the id has no owner, after 10 s when it had one a moment ago, or when the owner goes away;
   * its `details.reached` is `no` when no handler has begun; DeliveryError
   * `reply-timeout` at the deadline, `ask-cycle` when the target waits for this ask; HandlerError when the handler threw.
   * @example
   * const owner = await this.ask('docs', whoEdits, { file: 'agents.md' }, { deadline: '5s' });
   */
  ask<Data extends Schema, Part extends Schema>(
    agentId: string,
    message: MessageContract<string, Data, undefined, Part>,
    data: InputOf<Data>,
    options?: AskOptions,
  ): Promise<readonly OutputOf<Part>[]>;
  ask<Data extends Schema, Reply extends Schema | undefined>(
    agentId: string,
    message: MessageContract<string, Data, Reply>,
    data: InputOf<Data>,
    options?: AskOptions,
  ): Promise<OutputOf<Reply>>;
  ask(agentId: string, message: string, data?: unknown, options?: AskOptions): Promise<unknown>;

  /**
   * Asks a live agent and reads its answer part by part: what its handler, an async generator, yields. At most once, every part once
   * and in order, also across a lost connection. The handler is at most 32 parts or 256 KiB ahead of the loop. Leaving the loop ends
   * it: its `finally` runs, and `message.signal` aborts. What a handler returns that yields nothing is the only part. The request is
   * sent when the loop begins; `deadline` is that of the whole answer.
   *
   * @throws in the loop, what `ask` throws; what the handler threw comes behind the parts before it.
   * @example
   * const draft = defineMessage('draft', { data: z.object({ about: z.string() }), part: z.string() });
   * for await (const word of fleet.stream('writer', draft, { about: 'tides' }, { deadline: '5m' })) console.log(word);
   */
  stream<Data extends Schema, Part extends Schema>(
    agentId: string,
    message: MessageContract<string, Data, undefined, Part>,
    data: InputOf<Data>,
    options?: AskOptions,
  ): AsyncIterable<OutputOf<Part>>;
  stream<Data extends Schema, Reply extends Schema | undefined>(
    agentId: string,
    message: MessageContract<string, Data, Reply>,
    data: InputOf<Data>,
    options?: AskOptions,
  ): AsyncIterable<OutputOf<Reply>>;
  stream(agentId: string, message: string, data?: unknown, options?: AskOptions): AsyncIterable<unknown>;
}
