/**
 * The command line of the rig, behind `npm run chaos`: options in, stories and figures out.
 */
import { parseArgs } from 'node:util';
import { prove } from '../proofs/main.ts';
import { cutLinks } from './broadcasts.ts';
import type { Report } from './figures.ts';
import { groundNames } from './ground.ts';
import { defaults, run } from './run.ts';

export const mustBeZero = [
  'lost',
  'settledTwice',
  'unmarkedDuplicates',
  'broadcastsMissing',
  'broadcastsRepeated',
  'broadcastsOutOfOrder',
  'staleTokensAccepted',
  'messagesLost',
  'messagesTwice',
  'socketsLeaked',
] as const satisfies readonly (keyof Report)[];

/** Resolves to the exit code: 1 when a figure that must be zero is not. */
export async function main(args: readonly string[]): Promise<number> {
  const proven = await prove(args);
  if (proven !== undefined) return proven;
  const { values } = parseArgs({
    args: [...args],
    options: {
      rounds: { type: 'string', default: String(defaults.rounds) },
      seed: { type: 'string', default: String(Date.now() % 1_000_000) },
      from: { type: 'string', default: '0' },
      rate: { type: 'string', default: String(defaults.tasksPerSecond) },
      only: { type: 'string' },
      on: { type: 'string', default: defaults.on },
      patience: { type: 'string', default: String(defaults.patienceMs / 1_000) },
      abreast: { type: 'string' },
      json: { type: 'boolean', default: false },
      broadcasts: { type: 'boolean', default: false },
      seconds: { type: 'string', default: '60' },
      ears: { type: 'string', default: '12' },
    },
  });
  if (values.broadcasts) return await cutBroadcasts(values);
  const on = groundNames.find((name) => name === values.on);
  if (on === undefined) throw new Error(`expected --on to be ${groundNames.join(', ')}, got: ${values.on}`);
  const abreast = Number(values.abreast ?? (on === 'server' ? defaults.abreast : 1));
  const numbers = { rounds: Number(values.rounds), seed: Number(values.seed), from: Number(values.from) };
  const tasksPerSecond = Number(values.rate);
  const { report, failures } = await run({
    ...defaults,
    ...numbers,
    tasksPerSecond,
    patienceMs: Number(values.patience) * 1_000,
    abreast,
    on,
    only: values.only,
    print: console.log,
  });
  const broken = [...brokenFigures(report), ...failures.map(() => 'a round that failed')];
  console.log(broken.length === 0 ? 'no promise was broken' : `broken: ${broken.join(', ')}`);
  console.log(values.json ? JSON.stringify(report) : report);
  return broken.length === 0 ? 0 : 1;
}

/** `--broadcasts`: a thousand a second over links that are cut all the time; one line of JSON. */
async function cutBroadcasts(values: { seconds: string; ears: string; seed: string }): Promise<number> {
  const [seconds, ears, seed] = [Number(values.seconds), Number(values.ears), Number(values.seed)];
  const report = await cutLinks({ ears, seconds, perSecond: 1_000, seed });
  console.log(JSON.stringify(report));
  return report.missing + report.repeated + report.outOfOrder === 0 ? 0 : 1;
}

/** The figures that must be zero and are not. */
export function brokenFigures(report: Report): readonly string[] {
  const figures = mustBeZero.filter((name) => report[name] !== 0).map((name) => `${name} ${report[name]}`);
  return report.destroyed === report.destroyedReported ? figures : [...figures, 'destroyedReported'];
}
