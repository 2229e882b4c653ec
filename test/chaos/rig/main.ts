/**
 * The command line of the rig, behind `npm run chaos`: options in, stories and figures out.
 */
import { parseArgs } from 'node:util';
import type { Report } from './figures.ts';
import { defaults, run } from './run.ts';

const mustBeZero = [
  'lost',
  'settledTwice',
  'unmarkedDuplicates',
  'broadcastsMissed',
  'broadcastsRepeated',
  'broadcastsOutOfOrder',
  'staleTokensAccepted',
  'messagesLost',
  'messagesTwice',
  'socketsLeaked',
] as const satisfies readonly (keyof Report)[];

/** Resolves to the exit code: 1 when a figure that must be zero is not. */
export async function main(args: readonly string[]): Promise<number> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      rounds: { type: 'string', default: String(defaults.rounds) },
      seed: { type: 'string', default: String(Date.now() % 1_000_000) },
      from: { type: 'string', default: '0' },
      rate: { type: 'string', default: String(defaults.tasksPerSecond) },
      only: { type: 'string' },
      json: { type: 'boolean', default: false },
    },
  });
  const numbers = { rounds: Number(values.rounds), seed: Number(values.seed), from: Number(values.from) };
  const tasksPerSecond = Number(values.rate);
  const { report, failures } = await run({
    ...defaults,
    ...numbers,
    tasksPerSecond,
    only: values.only,
    print: console.log,
  });
  const broken = [...brokenFigures(report), ...failures.map(() => 'a round that failed')];
  console.log(broken.length === 0 ? 'no promise was broken' : `broken: ${broken.join(', ')}`);
  console.log(values.json ? JSON.stringify(report) : report);
  return broken.length === 0 ? 0 : 1;
}

/** The figures that must be zero and are not. */
export function brokenFigures(report: Report): readonly string[] {
  const figures = mustBeZero.filter((name) => report[name] !== 0).map((name) => `${name} ${report[name]}`);
  return report.destroyed === report.destroyedReported ? figures : [...figures, 'destroyedReported'];
}
