/**
 * `runtime dead --agent <id>`: the messages that no handler took, put back into the inbox or forgotten.
 *
 * Like the dead letters of tasks, "all" means those that were dead when it began; they go back oldest first.
 */
import type { DeadMessage } from '../broker/mail.ts';
import type { Fleet } from '../compose/fleet.ts';
import { decodeEnvelope, type Envelope } from '../core/envelope.ts';
import type { CommonOptions } from './context.ts';
import type { Output } from './output.ts';
import { renderTable } from './render/table.ts';
import { dateAndTime, plain, plural, record } from './render/text.ts';
import { exitCodes } from './usage.ts';

export interface DeadMailOptions extends CommonOptions {
  readonly lines: number;
  readonly requeue?: string;
  readonly drop?: string;
  readonly json?: true;
}

const pageSize = 128;

/** Does what the options say; the exit code. */
export async function deadMail(fleet: Fleet, agent: string, options: DeadMailOptions, output: Output): Promise<number> {
  const { requeue, drop, lines, json } = options;
  const done = (count: number, what: string, asked: string): number => {
    output.out(`${plural(count, 'message')} ${what}`);
    return count > 0 || asked === 'all' ? exitCodes.ok : exitCodes.failed;
  };
  if (requeue !== undefined) {
    const count = await each(fleet, agent, requeue, (letters) => fleet.requeueMessages(agent, letters));
    return done(count, `put back into the inbox of ${plain(agent)}`, requeue);
  }
  if (drop !== undefined) {
    const count = await each(fleet, agent, drop, (letters) => fleet.dropMessages(agent, letters));
    return done(count, `of ${plain(agent)} forgotten`, drop);
  }
  const { letters, dropped } = await fleet.deadMessages(agent, { count: lines });
  const described = letters.map(describe);
  if (json) for (const letter of described) output.out(record(letter));
  else if (letters.length > 0) output.out(renderTable(headings, described.map(rowOf), output.columns));
  else output.err(`${plain(agent)} has no dead messages`);
  if (dropped > 0) output.err(`${plural(dropped, 'older one')} had to make room`);
  return exitCodes.ok;
}

/** One letter or all of them; how many were there. */
async function each(
  fleet: Fleet,
  agent: string,
  asked: string,
  end: (letters: readonly string[]) => Promise<readonly string[]>,
): Promise<number> {
  if (asked !== 'all') return (await end([asked])).length;
  let count = 0;
  const all = (await lettersOf(fleet, agent)).reverse();
  for (let at = 0; at < all.length; at += pageSize) count += (await end(all.slice(at, at + pageSize))).length;
  return count;
}

/** Newest first. */
async function lettersOf(fleet: Fleet, agent: string): Promise<string[]> {
  const found: string[] = [];
  for (;;) {
    const before = found.at(-1);
    const { letters } = await fleet.deadMessages(agent, { count: pageSize, ...(before !== undefined && { before }) });
    if (letters.length === 0) return found;
    found.push(...letters.map(({ letter }) => letter));
  }
}

const headings = ['LETTER', 'NAME', 'FROM', 'WHEN', 'REASON', 'ERROR'];

type Described = ReturnType<typeof describe>;

function describe({ letter, opId, envelope, diedAt, reason, error }: DeadMessage) {
  const { name = '?', from = '?', data } = readable(envelope);
  return { letter, id: opId, name, from, data, reason, diedAt, error };
}

function rowOf({ letter, name, from, diedAt, reason, error }: Described): string[] {
  return [letter, plain(name), plain(from), dateAndTime(diedAt), plain(reason), plain(error.message)];
}

/** What wrote the envelope may have been anything. */
function readable(envelope: string): Partial<Envelope> {
  try {
    return decodeEnvelope(envelope);
  } catch {
    return {};
  }
}
