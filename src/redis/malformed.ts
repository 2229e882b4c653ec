/**
 * What classic agents wrote on their channels and keys and nobody can read: told to the quarantine, in the background.
 *
 * Every process that hears or reads it tells it; the quarantine keeps it once. Telling may fail, and holds nobody up: what is good beside it
 * is delivered all the same.
 */
import type { Quarantining, QuarantinePort } from '../broker/quarantine.ts';
import { decodePayload } from '../core/envelope.ts';

/** Characters: what many processes hear, each of them would send. */
const mostKept = 16_384;

export class Malformed {
  readonly #quarantine: QuarantinePort;

  constructor(quarantine: QuarantinePort) {
    this.#quarantine = quarantine;
  }

  tell(origin: string, reason: string, text: string, left: Quarantining['left']): void {
    const kept = text.slice(0, mostKept);
    const how = kept.includes('\ufffd') ? 'copy' : left; // its bytes are lost: it cannot be given back
    const entry = { origin, reason: reason.slice(0, 300), text: kept, bytes: Buffer.byteLength(text), left: how };
    void this.#quarantine.add([entry]).catch(() => undefined); // live, like what it tells of
  }

  /** Runs a command on a key that foreign agents use, too: that it has another type is told, and thrown like any other failure. */
  async onType<T>(key: string, run: () => Promise<T>): Promise<T> {
    try {
      return await run();
    } catch (error) {
      if (error instanceof Error && error.message.includes('WRONGTYPE'))
        this.tell(key, 'expected the key to have its own type, got: another one', '', 'copy');
      throw error;
    }
  }

  /** A broadcast that is none of ours. */
  checkPublished(channel: string, text: string): void {
    const reason = troubleOf(text, ['agent', 'message']);
    if (reason !== undefined) this.tell(channel, reason, text, 'channel');
  }

  /** Entries of the stream; ours have an operation id. */
  checkEntries(stream: string, entries: readonly (readonly [id: string, fields: readonly string[]])[]): void {
    for (const [id, flat] of entries) {
      const fields = new Map(flat.flatMap((field, at) => (at % 2 === 0 ? [[field, flat[at + 1] ?? '']] : [])));
      if (fields.has('opId') && fields.has('prev')) continue;
      const reason = entryTrouble(fields);
      if (reason !== undefined) this.tell(stream, `entry ${id}: ${reason}`, JSON.stringify([id, ...flat]), 'copy');
    }
  }
}

function entryTrouble(fields: ReadonlyMap<string, string>): string | undefined {
  for (const name of ['agent', 'message'])
    if (!fields.get(name)) return `expected text in the field ${name}, got: nothing`;
  const metadata = fields.get('metadata');
  if (metadata === undefined) return 'expected a field metadata, got: none';
  const trouble = troubleOf(metadata, []);
  if (trouble !== undefined) return trouble;
  return [...fields.values()].some((value) => value.includes('\ufffd')) ? notUtf8 : undefined;
}

const notUtf8 = 'expected UTF-8, got: bytes that are none';

/** Why a text is no object with these fields as text; undefined when it is one. */
export function troubleOf(text: string, names: readonly string[]): string | undefined {
  let value: unknown;
  try {
    value = decodePayload(text);
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
  if (typeof value !== 'object' || value === null)
    return `expected an object, got: ${JSON.stringify(value).slice(0, 80)}`;
  for (const name of names) {
    const field = (value as { readonly [key in string]?: unknown })[name];
    if (typeof field !== 'string')
      return `expected text in the field ${name}, got: ${field === null ? 'null' : typeof field}`;
  }
  return text.includes('\ufffd') ? notUtf8 : undefined;
}
