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
import { codeFile } from '../core/code-folder.ts';
import { isMissingScript } from './errors.ts';
import type { Argument, Calls } from './link.ts';

type Part =
  | 'about'
  | 'beat'
  | 'bridge'
  | 'clock'
  | 'deliveries'
  | 'endings'
  | 'events'
  | 'fairness'
  | 'frame'
  | 'free-lock'
  | 'grant-lock'
  | 'held'
  | 'history'
  | 'inboxes'
  | 'letters'
  | 'lifecycle'
  | 'limits'
  | 'lock'
  | 'notices'
  | 'operands'
  | 'overdue'
  | 'owners'
  | 'positions'
  | 'quarantine'
  | 'removals'
  | 'retention'
  | 'turns'
  | 'unawaited'
  | 'waiters';
type Flag = '' | 'allow-oom' | 'no-writes';

const definitions = {
  enqueue: ['', 'clock', 'frame', 'notices', 'endings', 'limits', 'turns'],
  'bring-back': ['', 'clock', 'frame', 'notices', 'endings', 'limits', 'turns'],
  claim: ['allow-oom', 'clock', 'notices', 'deliveries', 'history', 'limits'],
  recover: [
    'allow-oom',
    'clock',
    'notices',
    'deliveries',
    'history',
    'overdue',
    'endings',
    'removals',
    'limits',
    'turns',
  ],
  renew: ['allow-oom', 'deliveries', 'held', 'history'],
  'add-parts': ['', 'clock', 'notices', 'deliveries', 'held'],
  settle: [
    'allow-oom',
    'clock',
    'frame',
    'notices',
    'deliveries',
    'held',
    'history',
    'endings',
    'removals',
    'limits',
    'turns',
  ],
  cancel: ['allow-oom', 'clock', 'notices', 'deliveries', 'history', 'endings', 'removals', 'limits', 'turns'],
  pause: ['allow-oom', 'notices'],
  limit: ['allow-oom', 'notices'],
  enrol: ['', 'clock', 'notices'],
  dismiss: ['allow-oom', 'notices'],
  'read-roster': ['no-writes'],
  promote: ['allow-oom', 'clock', 'notices', 'history', 'endings', 'limits'],
  requeue: ['', 'clock', 'notices', 'endings', 'limits', 'turns'],
  retire: ['allow-oom', 'deliveries'],
  'task-state': ['no-writes'],
  'queue-stats': ['no-writes', 'limits'],
  send: ['', 'clock', 'frame', 'notices', 'owners', 'letters', 'operands'],
  ask: ['', 'frame', 'notices', 'owners'],
  'read-inbox': ['allow-oom', 'clock', 'owners'],
  acknowledge: ['allow-oom', 'clock', 'frame', 'owners', 'inboxes', 'letters', 'operands'],
  append: ['', 'clock', 'frame', 'events', 'retention'],
  'trim-events': ['allow-oom', 'clock', 'retention'],
  'open-position': ['', 'owners', 'positions'],
  'save-position': ['allow-oom', 'owners', 'positions'],
  'set-schedule': ['', 'notices'],
  'switch-schedule': ['allow-oom', 'notices'],
  'remove-schedule': ['allow-oom'],
  'read-schedules': ['no-writes', 'clock'],
  'begin-run': ['', 'clock'],
  'advance-schedule': ['allow-oom', 'clock'],
  join: ['', 'clock', 'notices', 'retention', 'lifecycle', 'beat'],
  'renew-presence': ['allow-oom', 'clock', 'notices', 'retention', 'lifecycle', 'beat'],
  leave: ['allow-oom', 'clock', 'notices', 'retention', 'lifecycle'],
  'record-agents': ['allow-oom', 'clock', 'notices', 'retention', 'lifecycle'],
  nodes: ['no-writes', 'clock'],
  activate: ['', 'clock', 'owners'],
  deactivate: ['allow-oom', 'owners', 'notices'],
  'forget-agents': ['allow-oom', 'owners'],
  acquire: ['', 'clock', 'about', 'grant-lock', 'free-lock', 'lock', 'notices', 'waiters', 'fairness'],
  'renew-lock': ['allow-oom', 'clock', 'about', 'grant-lock', 'lock'],
  'release-lock': ['allow-oom', 'about', 'unawaited', 'clock', 'grant-lock', 'lock', 'notices', 'waiters', 'fairness'],
  'hold-bridge': ['allow-oom'],
  look: ['no-writes', 'bridge'],
  take: ['', 'clock', 'bridge', 'quarantine'],
  'end-foreign': ['allow-oom', 'clock', 'bridge', 'events', 'retention'],
  'put-foreign': ['', 'clock', 'bridge'],
  'answer-foreign': ['allow-oom', 'bridge'],
  'withdraw-foreign': ['allow-oom', 'bridge'],
  'add-quarantined': ['', 'quarantine'],
  'read-quarantined': ['no-writes'],
  'end-quarantined': ['allow-oom', 'bridge', 'quarantine'],
  'inspect-lock': ['no-writes', 'clock', 'about', 'grant-lock', 'lock'],
} as const satisfies Readonly<Record<string, readonly [Flag, ...Part[]]>>;

export type ScriptName = keyof typeof definitions;

interface Script {
  readonly text: string;
  readonly hash: string;
}

export class Scripts {
  readonly #scripts: ReadonlyMap<ScriptName, Script> = readScripts();

  /** Calls a script; the reply is as the header of its file says. */
  run(
    link: Pick<Calls, 'call'>,
    name: ScriptName,
    keys: readonly string[],
    args: readonly Argument[],
  ): Promise<unknown> {
    const { hash, text } = this.#scripts.get(name) ?? readScript(name, new Map());
    return link.call('evalsha', hash, keys.length, ...keys, ...args).catch((error: unknown) => {
      if (!(error instanceof Error) || !isMissingScript(error.cause)) throw error;
      return link.call('eval', text, keys.length, ...keys, ...args);
    });
  }

  /** Makes all scripts known to the server behind a new connection: of many clients that come back together, not each sends them. */
  async load(client: Redis): Promise<void> {
    const scripts = [...this.#scripts.values()];
    const known = (await client.script('EXISTS', ...scripts.map(({ hash }) => hash))) as number[];
    const missing = scripts.filter((_, index) => known[index] !== 1);
    await Promise.all(missing.map(({ text }) => client.script('LOAD', text)));
  }
}

function readScripts(): ReadonlyMap<ScriptName, Script> {
  const names = Object.keys(definitions) as ScriptName[];
  const texts = new Map<string, string>();
  return new Map(names.map((name) => [name, readScript(name, texts)]));
}

/** `texts` keeps the parts, which many scripts have in common. */
function readScript(name: ScriptName, texts: Map<string, string>): Script {
  const [flag, ...parts] = definitions[name];
  const files = [...parts.map((part) => `parts/${part}.lua`), `${name}.lua`];
  const body = files.map((file) => readOnce(file, texts)).join('\n');
  const text = `#!lua${flag === '' ? '' : ` flags=${flag}`}\n${body}`;
  return { text, hash: createHash('sha1').update(text).digest('hex') };
}

function readOnce(file: string, texts: Map<string, string>): string {
  const text = texts.get(file) ?? readFileSync(codeFile(`redis/lua/${file}`), 'utf8');
  texts.set(file, text);
  return text;
}
