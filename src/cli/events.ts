/**
 * `runtime events`: the last broadcasts of the fleet, and those to come.
 * Apart from the other commands for its one difficulty: the newest events of a stream that is read forwards only.
 */
import { InvalidArgumentError } from 'commander';
import type { FleetEvent } from '../agent/event-verbs.ts';
import { compileTopic } from '../agent/topic.ts';
import type { Fleet } from '../compose/fleet.ts';
import { type CliContext, type CommonOptions, type Registration, withFleetOptions } from './context.ts';
import { name, faint, warning } from './render/colours.ts';
import { cut, inline, plain, record, timeOfDay } from './render/text.ts';
import { exitCodes } from './usage.ts';
import { withFleet } from './with-fleet.ts';

interface Options extends CommonOptions {
  readonly last: number;
  readonly topic?: string;
  readonly follow?: true;
  readonly json?: true;
}

export function registerEvents({ program, context, act }: Registration): void {
  const command = program
    .command('events')
    .description('show the last broadcasts of the fleet')
    .option('-n, --last <count>', 'how many', wholeNumber, 20)
    .option('-f, --follow', 'go on with those to come, until Ctrl-C')
    .option('-t, --topic <pattern>', "only these topics, such as 'audit.**'", topicPattern)
    .option('--json', 'one JSON record per line, for programs');
  withFleetOptions(command).action(
    act((options: Options) =>
      withFleet(context, options, async (fleet) => {
        const print = (event: FleetEvent): void => printEvent(event, options, context);
        const newest = await fleet.events.last();
        const events = await lastEvents(fleet, options);
        for (const event of events) print(event);
        if (options.follow) await follow(fleet, events.at(-1)?.id ?? newest, options, context, print);
        return exitCodes.ok;
      }),
    ),
  );
}

async function follow(
  fleet: Fleet,
  after: string,
  { topic }: Options,
  { signals }: CliContext,
  print: (event: FleetEvent) => void,
): Promise<void> {
  const leaving = new AbortController();
  const unlisten = signals.listen(() => leaving.abort());
  const filter = { after, signal: leaving.signal, ...(topic !== undefined && { topic }) };
  try {
    for await (const event of fleet.events.follow(filter)) print(event);
  } finally {
    unlisten();
  }
}

/**
 * The newest `last` events, oldest first. The stream is read forwards only, so this looks back over a minute, and over
 * ten times as much until there are enough: the newest few of a long stream cost no walk through all of it.
 */
async function lastEvents(fleet: Fleet, { last, topic }: Options): Promise<readonly FleetEvent[]> {
  if (last === 0) return [];
  const newest = Number((await fleet.events.last()).split('-')[0]);
  for (let spanMs = 60_000; ; spanMs *= 10) {
    const from = newest - spanMs;
    const found = await newestBehind(fleet, from > 0 ? String(from) : '0', last, topic);
    if (found.length === last || from <= 0 || spanMs > longestSpanMs) return found;
  }
}

const longestSpanMs = 1e12;
const pageSize = 1_000;

async function newestBehind(fleet: Fleet, start: string, last: number, topic?: string): Promise<FleetEvent[]> {
  const kept: FleetEvent[] = [];
  for (let after = start; ; ) {
    const page = await fleet.events.read({ after, limit: pageSize, ...(topic !== undefined && { topic }) });
    kept.push(...page);
    if (kept.length > last) kept.splice(0, kept.length - last);
    const end = page.at(-1);
    if (end === undefined || page.length < pageSize) return kept;
    after = end.id;
  }
}

function printEvent(event: FleetEvent, { json, follow: live }: Options, { output }: CliContext): void {
  if (json) return output.out(record(event));
  if (event.gap && live) output.out(warning('some events before this one are no longer in the stream'));
  const head = `${timeOfDay(event.sentAt)}  ${plain(event.topic)}  ${plain(event.from)}`;
  const left = output.isTty ? Math.max(20, output.columns - head.length - 2) : Number.POSITIVE_INFINITY;
  const data = event.data === null ? '' : cut(inline(event.data), left);
  output.out(
    `${faint(timeOfDay(event.sentAt))}  ${name(plain(event.topic))}  ${plain(event.from)}  ${faint(data)}`.trimEnd(),
  );
}

function topicPattern(text: string): string {
  const pattern = compileTopic(text);
  if (typeof pattern === 'string') throw new InvalidArgumentError(`Expected ${pattern}.`);
  return text;
}

export function wholeNumber(text: string): number {
  if (!/^\d{1,9}$/.test(text)) throw new InvalidArgumentError('Expected a whole number.');
  return Number(text);
}
