/**
 * Node commands, where they arrive: asks to this node itself, answered from a table of handlers by name.
 *
 * They take no mailbox and no cell, so that a node whose agents hang still hears them. Who sends them, and what they take, stands
 * in client/commands.ts.
 */
import type { Notice } from '../broker/notices.ts';
import type { Post } from '../client/post.ts';
import { encodePayload, type Envelope } from '../core/envelope.ts';
import { DeliveryError, describeError } from '../core/errors.ts';

/** Answers one command: what it resolves to is the answer, what it throws is told to whoever asked. */
export type CommandHandler = (data: unknown, envelope: Envelope) => unknown;

export interface NodeCommandsDeps {
  readonly node: string;
  readonly replies: Post<{ readonly address: string; readonly notice: Notice }>;
  readonly handlers: Readonly<Record<string, CommandHandler>>;
}

export class NodeCommands {
  readonly #deps: NodeCommandsDeps;

  constructor(deps: NodeCommandsDeps) {
    this.#deps = deps;
  }

  /** Runs the command and answers it. Never rejects. */
  async onCommand(envelope: Envelope): Promise<void> {
    const { opId: askId, via: address, name } = envelope;
    const { node, replies, handlers } = this.#deps;
    let reply: Notice;
    try {
      const handler = Object.hasOwn(handlers, name) ? handlers[name] : undefined;
      if (handler === undefined) throw unknownCommand(node, name, Object.keys(handlers));
      const answer = (await handler(envelope.data, envelope)) ?? null;
      reply = { kind: 'reply', askId, ok: true, body: encodePayload(answer, `the answer to "${name}"`) };
    } catch (error) {
      reply = { kind: 'reply', askId, ok: false, body: JSON.stringify(describeError(error)) };
    }
    replies.send({ address, notice: reply });
  }
}

function unknownCommand(node: string, name: string, known: readonly string[]): DeliveryError {
  return new DeliveryError(
    'no-handler',
    `expected the command to be one that node "${node}" knows (${known.join(', ')}), got: "${name.slice(0, 80)}"\nA node of another version of this package may know others.`,
  );
}
