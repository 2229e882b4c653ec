/**
 * The command line behind `npm run conformance`: options in, differences and figures out.
 *
 * Several processes share the histories, each with a server of its own: one has enough to do with the two sides of sixteen.
 */
import { spawn } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { systemClock } from '../../src/core/system.ts';
import { blockSize, playAll, type Plan, type Report } from './run.ts';
import { shrink } from './shrink.ts';
import { Stage } from './stage.ts';
import { describe } from './steps.ts';

interface Figures {
  readonly histories: number;
  readonly operations: number;
  readonly differences: number;
}

/** Resolves to the exit code: 1 when the brokers differ. */
export async function main(args: readonly string[]): Promise<number> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      histories: { type: 'string', default: '200' },
      length: { type: 'string', default: '100' },
      seed: { type: 'string', default: '0' },
      processes: { type: 'string', default: String(availableParallelism()) },
      json: { type: 'boolean', default: false },
    },
  });
  const plan = { seed: Number(values.seed), histories: Number(values.histories), length: Number(values.length) };
  const shares = sharesOf(plan, Number(values.processes));
  const began = systemClock.monotonic();
  const figures = shares.length === 1 ? await play(plan) : sum(await Promise.all(shares.map(playElsewhere)));
  const seconds = (systemClock.monotonic() - began) / 1_000;
  const rate = Math.round(figures.operations / seconds);
  console.log(`${shares.length} processes, ${Math.round(seconds)} s with their start, ${rate} operations a second`);
  console.log(values.json ? JSON.stringify(figures) : figures);
  return figures.differences === 0 ? 0 : 1;
}

/** Whole blocks of histories for each process. */
function sharesOf({ seed, histories, length }: Plan, processes: number): readonly Plan[] {
  const each = Math.max(1, Math.ceil(histories / processes / blockSize)) * blockSize;
  const shares: Plan[] = [];
  for (let done = 0; done < histories; done += each)
    shares.push({ seed: seed + done, histories: Math.min(each, histories - done), length });
  return shares;
}

async function play(plan: Plan): Promise<Figures> {
  const stage = new Stage();
  try {
    await stage.start(Math.min(blockSize, plan.histories));
    const report = await playAll(stage, plan);
    tell(report);
    await tellFirst(stage, report);
    return { histories: report.histories, operations: report.operations, differences: report.found.length };
  } finally {
    await stage.stop();
  }
}

/** What a process of its own has to say is passed on, but for its figures, the last two lines. */
async function playElsewhere({ seed, histories, length }: Plan): Promise<Figures> {
  const options = { seed, histories, length, processes: 1 };
  const args = Object.entries(options).flatMap(([name, value]) => [`--${name}`, String(value)]);
  const run = [process.argv[1] ?? '', ...args, '--json'];
  const child = spawn(process.execPath, run, { stdio: ['ignore', 'pipe', 'inherit'] });
  let text = '';
  for await (const piece of child.stdout.setEncoding('utf8')) text += String(piece);
  const lines = text.trimEnd().split('\n');
  const [, last = ''] = lines.splice(-2);
  if (!last.startsWith('{')) throw new Error(`expected a process to tell its figures, got: ${last}`);
  console.log(lines.join('\n'));
  return JSON.parse(last) as Figures;
}

function sum(all: readonly Figures[]): Figures {
  const total = (name: keyof Figures): number => all.reduce((whole, figures) => whole + figures[name], 0);
  return { histories: total('histories'), operations: total('operations'), differences: total('differences') };
}

function tell({ histories, traits, found }: Report): void {
  const shares = Object.entries(traits).map(
    ([name, count]) => `${name} in ${((count * 100) / histories).toFixed(1)} %`,
  );
  console.log(`of ${histories} histories ${shares.join(', ')}`);
  for (const { seed, difference } of found) console.log(`seed ${seed}: ${difference.message}`);
}

/** The first difference with the shortest history that shows it. */
async function tellFirst(stage: Stage, { found: [first] }: Report): Promise<void> {
  if (first === undefined) return;
  const shrunk = await shrink(stage, first);
  const { steps, difference } = shrunk ?? first;
  console.log(shrunk === undefined ? 'it did not come again when it was played alone:' : 'the shortest history:');
  for (const step of steps) console.log(`  ${describe(step)}`);
  console.log(`  ${difference.message}`);
}
