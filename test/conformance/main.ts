/**
 * The command line behind `npm run conformance`: options in, differences and figures out.
 */
import { parseArgs } from 'node:util';
import { systemClock } from '../../src/core/system.ts';
import { blockSize, playAll, type Report } from './run.ts';
import { shrink } from './shrink.ts';
import { Stage } from './stage.ts';
import { describe } from './steps.ts';

const defaults = { histories: '200', length: '100', seed: '1' };

/** Resolves to the exit code: 1 when the brokers differ. */
export async function main(args: readonly string[]): Promise<number> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      histories: { type: 'string', default: defaults.histories },
      length: { type: 'string', default: defaults.length },
      seed: { type: 'string', default: defaults.seed },
      json: { type: 'boolean', default: false },
    },
  });
  const [histories, length, seed] = [Number(values.histories), Number(values.length), Number(values.seed)];
  const stage = new Stage();
  let report: Report;
  try {
    await stage.start(Math.min(blockSize, histories));
    const began = systemClock.monotonic();
    report = await playAll(stage, { seed, histories, length });
    tell(report, systemClock.monotonic() - began);
    await tellFirst(stage, report);
  } finally {
    await stage.stop();
  }
  const { operations, found } = report;
  const line = { histories: report.histories, operations, differences: found.length };
  console.log(values.json ? JSON.stringify(line) : line);
  return found.length === 0 ? 0 : 1;
}

function tell({ histories, operations, traits, found }: Report, tookMs: number): void {
  const perSecond = Math.round((operations * 1_000) / tookMs);
  console.log(
    `${histories} histories, ${operations} operations in ${Math.round(tookMs / 1_000)} s, ${perSecond} a second`,
  );
  for (const [name, count] of Object.entries(traits))
    console.log(`${name} in ${((count * 100) / histories).toFixed(1)} % of them`);
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
