/**
 * What a message handler returns or yields as what its sender wants: nothing, one value, or parts.
 *
 * Who wants one value of a handler that yields gets the list of its parts; who wants parts of one that returns gets the only one.
 */
import type { MessageHandler } from '../agent/handlers.ts';
import { checkPayload } from '../client/check-payload.ts';
import { encodePayload } from '../core/envelope.ts';
import { DeliveryError } from '../core/errors.ts';
import { limits } from '../core/limits.ts';
import type { OutgoingParts } from './outgoing-parts.ts';
import { drain, isStream, type PartSink, pump } from './pump.ts';

export type Wanted = 'nothing' | 'value' | OutgoingParts;

/**
 * What is wanted of what a handler returned, or a promise of it: one that yields is run to its end. The one value, where that is wanted, is
 * then checked by the schema of its parts.
 */
export function answerOf(
  handler: MessageHandler,
  returned: unknown,
  wanted: Wanted,
  limits: { readonly signal: AbortSignal },
): unknown {
  return typeof wanted === 'object' || isStream(returned) ? inParts(handler, returned, wanted, limits) : returned;
}

async function inParts(
  handler: MessageHandler,
  returned: unknown,
  wanted: Wanted,
  limits: { readonly signal: AbortSignal },
): Promise<unknown> {
  const { name, part } = handler;
  if (typeof wanted === 'object') {
    const sink = checked(handler, part ?? handler.reply, wanted);
    if (isStream(returned)) await pump(returned, sink, limits.signal);
    else await sink.put(returned);
    return undefined;
  }
  if (!isStream(returned)) return returned;
  const collected = new Collected(name);
  await pump(returned, wanted === 'nothing' ? drain : checked(handler, part, collected), limits.signal);
  return wanted === 'nothing' ? undefined : collected.values;
}

function checked({ name }: MessageHandler, schema: MessageHandler['part'], sink: PartSink): PartSink {
  return {
    room: () => sink.room(),
    async put(value) {
      await checkPayload(schema, value, `a part of the answer to "${name}"`);
      await sink.put(value);
    },
  };
}

/** All parts, as many as fit into one payload. */
class Collected implements PartSink {
  readonly values: unknown[] = [];
  readonly #name: string;
  #bytes = 2;

  constructor(name: string) {
    this.#name = name;
  }

  room(): Promise<void> {
    return Promise.resolve();
  }

  async put(value: unknown): Promise<void> {
    this.#bytes += Buffer.byteLength(encodePayload(value ?? null, `a part of the answer to "${this.#name}"`)) + 1;
    if (this.#bytes > limits.payloadBytes)
      throw new DeliveryError(
        'payload-too-large',
        `expected the parts of the answer to "${this.#name}" to be at most ${limits.payloadBytes} bytes together, got: more\nRead them with stream instead of ask.`,
      );
    this.values.push(value ?? null);
    await Promise.resolve();
  }
}
