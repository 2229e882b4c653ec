/**
 * The client library for Redis, loaded when the first connection is made, and as the CommonJS it is.
 *
 * An `import` of it reads every one of its files once more, to find the names of what they export, which doubles the time it takes.
 */
import type * as ioredis from 'ioredis';
import { createRequire } from 'node:module';

const require = createRequire(import.meta.url);
/** Asking for it again takes longer than to send a command. */
let loaded: typeof ioredis | undefined;

/** Loads it ahead of that: the same as the first use does, at a time when nothing waits for it. */
export function loadClient(): typeof ioredis {
  return (loaded ??= require('ioredis') as typeof ioredis);
}

/** A connection, not yet open where the options say `lazyConnect`. */
export function newClient(options: ioredis.RedisOptions): ioredis.Redis {
  const { Redis } = loadClient();
  return new Redis(options);
}

/** Sends one command; resolves to its reply, with text as text. */
export function sendCommand(client: ioredis.Redis, name: string, args: readonly (string | number)[]): Promise<unknown> {
  return name === script ? callScript(client, args) : client.call(name, ...args);
}

const script = 'evalsha';

/**
 * A script is put on the wire in one piece: the library would copy the arguments several times, of which a frame has hundreds. It has to see
 * those of other commands: it counts what an UNSUBSCRIBE ends.
 */
function callScript(client: ioredis.Redis, args: readonly (string | number)[]): Promise<unknown> {
  const { Command } = loadClient();
  const command = new Command(script, [], { replyEncoding: 'utf8' });
  const bytes = onTheWire(script, args);
  command.toWritable = () => bytes;
  return client.sendCommand(command) as Promise<unknown>;
}

/** As RESP has it: how many parts, and of each its bytes. A socket would reserve three bytes for each character of a text. */
function onTheWire(name: string, args: readonly (string | number)[]): Buffer {
  let text = `*${args.length + 1}\r\n$${name.length}\r\n${name}\r\n`;
  let isAscii = true;
  for (const arg of args) {
    const part = typeof arg === 'string' ? arg : String(arg);
    const bytes = Buffer.byteLength(part);
    isAscii &&= bytes === part.length;
    text += `$${bytes}\r\n${part}\r\n`;
  }
  return Buffer.from(text, isAscii ? 'latin1' : 'utf8');
}
