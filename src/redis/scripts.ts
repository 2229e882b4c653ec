/**
 * The Lua scripts: read and put together once, called by the hash of their text.
 *
 * A script that the server does not know is sent whole; that happens after a restart or SCRIPT FLUSH. New connections load
 * all of them first, so that calls sent one behind the other are not overtaken while one of them is sent again.
 * Each script says in the table whether it may run when the server is out of memory: what ends or frees something may.
 */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { Redis } from 'ioredis';
import { isMissingScript } from './errors.ts';
import type { Argument, Link } from './link.ts';

type Part = 'clock' | 'deliveries' | 'endings' | 'fairness' | 'frame' | 'lock' | 'notices' | 'owners' | 'removals';
type Flag = '' | 'allow-oom' | 'no-writes';

const definitions = {
  enqueue: ['', 'clock', 'frame', 'endings'],
  claim: ['allow-oom', 'deliveries'],
  recover: ['allow-oom', 'clock', 'notices', 'deliveries', 'endings', 'removals'],
  renew: ['allow-oom', 'deliveries'],
  settle: ['allow-oom', 'clock', 'frame', 'notices', 'deliveries', 'endings', 'removals'],
  cancel: ['allow-oom', 'clock', 'notices', 'deliveries', 'endings', 'removals'],
  pause: ['allow-oom', 'notices'],
  promote: ['allow-oom', 'clock', 'endings'],
  requeue: ['', 'clock', 'endings'],
  retire: ['allow-oom', 'deliveries'],
  'task-state': ['no-writes'],
  'queue-stats': ['no-writes'],
  send: ['', 'clock', 'frame', 'notices', 'owners'],
  ask: ['', 'frame', 'notices', 'owners'],
  'read-inbox': ['allow-oom', 'clock', 'owners'],
  acknowledge: ['allow-oom', 'frame', 'owners'],
  append: ['', 'clock', 'frame'],
  join: ['', 'clock'],
  'renew-presence': ['allow-oom', 'clock'],
  leave: ['allow-oom', 'notices'],
  nodes: ['no-writes', 'clock'],
  activate: ['', 'clock', 'owners'],
  deactivate: ['allow-oom', 'owners'],
  acquire: ['', 'clock', 'notices', 'lock', 'fairness'],
  'renew-lock': ['allow-oom', 'clock', 'notices', 'lock'],
  'release-lock': ['allow-oom', 'clock', 'notices', 'lock', 'fairness'],
  'inspect-lock': ['no-writes', 'clock', 'notices', 'lock'],
} as const satisfies Readonly<Record<string, readonly [Flag, ...Part[]]>>;

export type ScriptName = keyof typeof definitions;

interface Script {
  readonly text: string;
  readonly hash: string;
}

export class Scripts {
  readonly #scripts: ReadonlyMap<ScriptName, Script> = readScripts();

  /** Calls a script; the reply is as the header of its file says. */
  async run(link: Link, name: ScriptName, keys: readonly string[], args: readonly Argument[]): Promise<unknown> {
    const { hash, text } = this.#scripts.get(name) ?? readScript(name);
    const rest = [keys.length, ...keys, ...args];
    try {
      return await link.call('evalsha', hash, ...rest);
    } catch (error) {
      if (!(error instanceof Error) || !isMissingScript(error.cause)) throw error;
      return await link.call('eval', text, ...rest);
    }
  }

  /** Makes all scripts known to the server behind a new connection. */
  async load(client: Redis): Promise<void> {
    await Promise.all([...this.#scripts.values()].map(({ text }) => client.script('LOAD', text)));
  }
}

function readScripts(): ReadonlyMap<ScriptName, Script> {
  const names = Object.keys(definitions) as ScriptName[];
  return new Map(names.map((name) => [name, readScript(name)]));
}

function readScript(name: ScriptName): Script {
  const [flag, ...parts] = definitions[name];
  const files = [...parts.map((part) => `parts/${part}.lua`), `${name}.lua`];
  const body = files.map((file) => readFileSync(new URL(`./lua/${file}`, import.meta.url), 'utf8')).join('\n');
  const text = `#!lua${flag === '' ? '' : ` flags=${flag}`}\n${body}`;
  return { text, hash: createHash('sha1').update(text).digest('hex') };
}
