/**
 * `runtime events`: the last broadcasts of the fleet, and those to come. What becomes of nodes and agents is in lifecycle-events.ts.
 * Apart from the other commands for its one difficulty: the newest events of a stream that is read forwards only.
 */
import { InvalidArgumentError } from 'commander';
import type { EventFilter, FleetEvent, Moment } from '../agent/event-verbs.ts';
import { compileTopic } from '../agent/topic.ts';
import type { Fleet } from '../compose/fleet.ts';
import { parseDuration } from '../core/duration.ts';
import { type CliContext, type CommonOptions, type Registration, withFleetOptions } from './context.ts';
import { name, faint, warning } from './render/colours.ts';
import { cut, inline, plain, record, timeOfDay } from './render/text.ts';
import { showLifecycle } from './lifecycle-events.ts';
import { exitCodes, UsageError } from './usage.ts';
import { withFleet } from './with-fleet.ts';

interface Options extends CommonOptions {
  readonly last?: number;
  readonly since?: EventFilter;
  readonly until?: Moment;
  readonly topic?: string;
  readonly from?: string;
  readonly follow?: true;
  readonly json?: true;
  readonly lifecycle?: true;
}

export function registerEvents({ program, context, act }: Registration): void {
  const command = program
    .command('events')
    .description('show the last broadcasts of the fleet')
    .option('-n, --last <count>', 'how many (default: 20, or all since then)', wholeNumber)
    .option(
      '-s, --since <time>',
      "from then on: '10m' ago, a time as in 2030-01-31T12:00, or behind the id of an event",
      start,
    )
    .option('-u, --until <time>', "up to then: '5m' ago, or a time", moment)
    .option('-f, --follow', 'go on with those to come, until Ctrl-C')
    .option('-t, --topic <pattern>', "only these topics, such as 'audit.**'", topicPattern)
    .option('--from <sender>', 'only those of this agent or client')
    .option('-l, --lifecycle', 'instead of broadcasts: nodes and agents that came up, went down or were restarted')
    .option('--json', 'one JSON record per line, for programs');
  withFleetOptions(command).action(
    act((options: Options) => {
      if (options.lifecycle) checkLifecycle(options);
      return withFleet(context, options, async (fleet) => {
        if (options.lifecycle) {
          await showLifecycle(fleet, options, context);
          return exitCodes.ok;
        }
        const print = (event: FleetEvent): void => printEvent(event, options, context);
        const newest = await fleet.events.last();
        const shown = await showStored(fleet, options, print);
        if (options.follow) await follow(fleet, shown ?? newest, options, context, print);
        return exitCodes.ok;
      });
    }),
  );
}

function checkLifecycle({ topic, from, until }: Options): void {
  if (topic === undefined && from === undefined && until === undefined) return;
  throw new UsageError(
    'expected --topic, --from and --until to choose among broadcasts, got: --lifecycle with one of them\nUse --since, --last and --follow.',
  );
}

/** Prints what is stored and asked for; the id of the last one. */
async function showStored(
  fleet: Fleet,
  options: Options,
  print: (event: FleetEvent) => void,
): Promise<string | undefined> {
  const { since, last } = options;
  let shown: string | undefined;
  const all = since !== undefined && last === undefined;
  for await (const event of all ? fleet.events.replay(rangeOf(options)) : await lastEvents(fleet, options)) {
    print(event);
    shown = event.id;
  }
  return shown;
}

/** The filters that were given, and the range with them. */
function rangeOf({ since, until, topic, from }: Options) {
  const chosen = { ...(topic !== undefined && { topic }), ...(from !== undefined && { from }) };
  return { ...since, ...chosen, ...(until !== undefined && { until }) };
}

async function follow(
  fleet: Fleet,
  after: string,
  options: Options,
  { signals }: CliContext,
  print: (event: FleetEvent) => void,
): Promise<void> {
  const leaving = new AbortController();
  const unlisten = signals.listen(() => leaving.abort());
  const { since: _, ...range } = options;
  const filter = { ...rangeOf(range), after, signal: leaving.signal };
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
async function lastEvents(fleet: Fleet, options: Options): Promise<readonly FleetEvent[]> {
  const { last = 20, since } = options;
  if (last === 0) return [];
  if (since !== undefined || options.until !== undefined) return newestOf(fleet, rangeOf(options), last);
  const newest = Number((await fleet.events.last()).split('-')[0]);
  for (let spanMs = 60_000; ; spanMs *= 10) {
    const from = newest - spanMs;
    const found = await newestOf(fleet, { ...rangeOf(options), since: Math.max(0, from) }, last);
    if (found.length === last || from <= 0 || spanMs > longestSpanMs) return found;
  }
}

const longestSpanMs = 1e12;

async function newestOf(fleet: Fleet, range: ReturnType<typeof rangeOf>, last: number): Promise<FleetEvent[]> {
  const kept: FleetEvent[] = [];
  for await (const event of fleet.events.replay(range)) {
    kept.push(event);
    if (kept.length > 2 * last) kept.splice(0, kept.length - last);
  }
  return kept.slice(-last);
}

function printEvent(event: FleetEvent, { json, follow: live, since }: Options, { output }: CliContext): void {
  if (json) return output.out(record(event));
  if (event.gap && (live || since !== undefined))
    output.out(warning('some events before this one are no longer in the stream'));
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

/** Where to begin: behind an event, or at a time. */
function start(text: string): EventFilter {
  return /^\d+-\d+$/.test(text) ? { after: text } : { since: moment(text) };
}

function moment(text: string): Moment {
  if (/^\d+$/.test(text)) return Number(text);
  if (parseDuration(text) !== undefined) return text as Moment;
  const ms = Date.parse(text);
  if (Number.isNaN(ms))
    throw new InvalidArgumentError("Expected a span such as '10m', or a time as in 2030-01-31T12:00.");
  return ms;
}

export function wholeNumber(text: string): number {
  if (!/^\d{1,9}$/.test(text)) throw new InvalidArgumentError('Expected a whole number.');
  return Number(text);
}
