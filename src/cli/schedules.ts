/**
 * `runtime schedules`: the tasks that the fleet repeats, when they come next, and what was missed. Its subcommands steer one of them.
 *
 * Setting schedules is for the configuration and for programs: a task's input is checked against its schema there.
 */
import type { Command } from 'commander';
import type { Schedule } from '../agent/schedule-verbs.ts';
import type { Fleet } from '../compose/fleet.ts';
import { type CommonOptions, type Registration, withFleetOptions } from './context.ts';
import { renderTable } from './render/table.ts';
import { dateAndTime, plain, record, span } from './render/text.ts';
import { exitCodes } from './usage.ts';
import { withFleet } from './with-fleet.ts';

interface Options extends CommonOptions {
  readonly json?: true;
}

export function registerSchedules(registration: Registration): void {
  const { program, context, act } = registration;
  const { output } = context;
  const command = program
    .command('schedules')
    .description('show the tasks that the fleet repeats by itself')
    .option('--json', 'one JSON record per line, for programs');
  withFleetOptions(command).action(
    act((options: Options) =>
      withFleet(context, options, async (fleet) => {
        const all = await fleet.schedules.list();
        if (options.json) for (const schedule of all) output.out(record(schedule));
        else if (all.length > 0) output.out(renderTable(headings, all.map(rowOf), output.columns));
        else output.err('the fleet has no schedules');
        return exitCodes.ok;
      }),
    ),
  );
  for (const verb of verbs) registerVerb(command, verb, registration);
}

interface Verb {
  readonly name: string;
  readonly about: string;
  /** What it says. */
  readonly run: (fleet: Fleet, schedule: string) => Promise<string>;
}

const verbs: readonly Verb[] = [
  {
    name: 'remove',
    about: 'end a schedule; tasks that it made go on',
    run: async ({ schedules }, name) => ((await schedules.remove(name)) ? `${name} is removed` : `there is no ${name}`),
  },
  {
    name: 'pause',
    about: 'make no more runs until it is resumed; they are not missed',
    run: async ({ schedules }, name) => `${name} is ${(await schedules.pause(name)) ? 'now' : 'already'} paused`,
  },
  {
    name: 'resume',
    about: 'go on with the next regular time',
    run: async ({ schedules }, name) => `${name} is ${(await schedules.resume(name)) ? 'now' : 'already'} running`,
  },
  {
    name: 'run',
    about: 'make one run now, beside the regular ones; prints the id of its task',
    run: async ({ schedules }, name) => (await schedules.run(name)).id,
  },
];

function registerVerb(parent: Command, { name, about, run }: Verb, { context, act }: Registration): void {
  const command = parent.command(name).description(about).argument('<name>', 'of the schedule');
  withFleetOptions(command).action(
    act((schedule: string, _: CommonOptions, own: Command) =>
      withFleet(context, own.optsWithGlobals<CommonOptions>(), async (fleet) => {
        context.output.out(plain(await run(fleet, schedule)));
        return exitCodes.ok;
      }),
    ),
  );
}

const headings = ['NAME', 'WHEN', 'NEXT', 'LAST', 'RUNS', 'MISSED', 'SKIPPED', 'TASK'];

function rowOf({
  name,
  when,
  nextAt,
  paused,
  last,
  runs,
  missed,
  skipped,
  queue,
  task,
}: Schedule): (string | number)[] {
  const next = paused || nextAt === undefined ? 'paused' : dateAndTime(nextAt);
  const times = [next, last === undefined ? '-' : dateAndTime(last.dueAt)];
  return [plain(name), plain(whenText(when)), ...times, runs, missed, skipped, `${plain(queue)} ${plain(task)}`];
}

function whenText(when: Schedule['when']): string {
  return 'cron' in when ? `${when.cron} ${when.timeZone}` : `every ${span(when.everyMs)}`;
}
