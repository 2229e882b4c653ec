/**
 * `runtime quarantine`: what classic agents wrote and nobody can read, with reason and origin: listed, shown, given back, forgotten.
 *
 * Like with dead letters, "all" means those that were there when it began; they go back oldest first.
 */
import type { Quarantined } from '../broker/quarantine.ts';
import type { Fleet } from '../compose/fleet.ts';
import { type CommonOptions, type Registration, withFleetOptions } from './context.ts';
import { wholeNumber } from './events.ts';
import { renderTable } from './render/table.ts';
import { dateAndTime, plain, plural, record } from './render/text.ts';
import type { Output } from './output.ts';
import { exitCodes, UsageError } from './usage.ts';
import { withFleet } from './with-fleet.ts';

interface Options extends CommonOptions {
  readonly lines: number;
  readonly json?: true;
}

const pageSize = 128;
const shownBytes = 16 * 1024 * 1024;

export function registerQuarantine({ program, context, act }: Registration): void {
  const command = program
    .command('quarantine')
    .description('what classic agents wrote and nobody can read: list it, show it, give it back or forget it')
    .argument('[action]', 'list, show, release (give back to where it came from) or drop (forget)', 'list')
    .argument('[id]', 'of one entry; release and drop take "all", too')
    .option('-n, --lines <count>', 'how many to list', wholeNumber, 20)
    .option('--json', 'one JSON record per line, for programs');
  withFleetOptions(command).action(
    act((action: string, id: string | undefined, options: Options) => {
      const run = actionOf(action, id, options, context.output);
      return withFleet(context, options, run);
    }),
  );
}

type Run = (fleet: Fleet) => Promise<number>;

/** Throws `UsageError`. */
function actionOf(action: string, id: string | undefined, options: Options, output: Output): Run {
  if (action === 'list') return (fleet) => list(fleet, options, output);
  if (action !== 'show' && action !== 'release' && action !== 'drop')
    throw new UsageError(`expected the action to be list, show, release or drop, got: ${plain(action)}`);
  if (id === undefined) throw new UsageError(`expected the id of what to ${action}, got: nothing`);
  if (action === 'show') return (fleet) => show(fleet, id, options, output);
  const [end, what]: readonly [End, string] =
    action === 'release'
      ? [(fleet, ids) => fleet.quarantine.release(ids), 'given back']
      : [(fleet, ids) => fleet.quarantine.drop(ids), 'forgotten'];
  return async (fleet) => {
    const count = await each(fleet, id, end);
    output.out(`${plural(count, 'entry', 'entries')} ${what}`);
    return count > 0 || id === 'all' ? exitCodes.ok : exitCodes.failed;
  };
}

async function list(fleet: Fleet, { lines, json }: Options, output: Output): Promise<number> {
  const { entries, total, dropped } = await fleet.quarantine.list({ count: lines });
  if (json) for (const entry of entries) output.out(record(entry));
  else if (entries.length > 0) output.out(renderTable(headings, entries.map(rowOf), output.columns));
  else output.err('nothing is in quarantine');
  if (total > entries.length) output.err(`${plural(total - entries.length, 'older one')} not listed`);
  if (dropped > 0) output.err(`${plural(dropped, 'older one')} had to make room`);
  return exitCodes.ok;
}

/** Without what would steer a terminal; with `--json` as it came. */
async function show(fleet: Fleet, id: string, { json }: Options, output: Output): Promise<number> {
  const entry = await find(fleet, id);
  if (entry === undefined) {
    output.err(`nothing of the id ${plain(id)} is in quarantine`);
    return exitCodes.failed;
  }
  if (!json) output.err(`${plain(entry.origin)}: ${plain(entry.reason)}`);
  output.out(json ? record(entry) : plain(entry.text));
  return exitCodes.ok;
}

type End = (fleet: Fleet, ids: readonly string[]) => Promise<readonly string[]>;

async function find(fleet: Fleet, id: string): Promise<Quarantined | undefined> {
  const [ms = '', seq = ''] = id.split('-');
  if (!/^\d+$/.test(ms) || !/^\d+$/.test(seq)) return undefined;
  const { entries } = await fleet.quarantine.list({
    count: 1,
    before: `${ms}-${BigInt(seq) + 1n}`,
    textBytes: shownBytes,
  });
  return entries.find((entry) => entry.id === id);
}

/** One entry or all of them; how many it was done to. */
async function each(fleet: Fleet, asked: string, end: End): Promise<number> {
  if (asked !== 'all') return (await end(fleet, [asked])).length;
  let count = 0;
  const all = (await idsOf(fleet)).reverse();
  for (let at = 0; at < all.length; at += pageSize) count += (await end(fleet, all.slice(at, at + pageSize))).length;
  return count;
}

/** Newest first. */
async function idsOf(fleet: Fleet): Promise<string[]> {
  const found: string[] = [];
  for (;;) {
    const before = found.at(-1);
    const page = { count: pageSize, textBytes: 0, ...(before !== undefined && { before }) };
    const { entries } = await fleet.quarantine.list(page);
    if (entries.length === 0) return found;
    found.push(...entries.map(({ id }) => id));
  }
}

const headings = ['ID', 'ORIGIN', 'WHEN', 'BYTES', 'KEPT', 'REASON', 'TEXT'];
const kept = { list: 'taken', channel: 'heard', copy: 'copied' } as const;

function rowOf({ id, origin, at, bytes, left, reason, text }: Quarantined): string[] {
  return [id, plain(origin), dateAndTime(at), String(bytes), kept[left], plain(reason), plain(text.slice(0, 200))];
}
