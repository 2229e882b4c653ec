/**
 * The client of the soak: every verb in a fixed mix, at a steady rate or as fast as it goes, and every outcome checked.
 */
import { connect } from '../../../src/compose/connect.ts';
import { repeat } from '../../../src/core/clock.ts';
import { HandlerError } from '../../../src/core/errors.ts';
import { systemClock } from '../../../src/core/system.ts';
import type { EnqueueOptions } from '../../../src/agent/task-verbs.ts';
import { now } from '../rig/contracts.ts';
import { parametersOf, tell } from './child.ts';
import {
  echoIds,
  fleetName,
  type LoadTotals,
  mixedTask,
  type Mood,
  note,
  question,
  sampleProcess,
  type SoakOrder,
  type SoakParameters,
} from './soak-parts.ts';

const tickMs = 10;
const mostWaiting = 20_000;
const outcomeLimit = '60s';

const { redis } = parametersOf<SoakParameters>();
const fleet = await connect({ redis, fleet: fleetName });
const totals = { done: 0, accepted: 0, settled: 0, wrong: 0, refused: 0 };
const waiting = new Set<Promise<void>>();
let asked = 0;
let order: Extract<SoakOrder, { t: 'load' }> | undefined;
let begun = { at: now(), asked: 0 };

async function task(n: number, mood: Mood, options: EnqueueOptions = {}): Promise<void> {
  const handle = await fleet.enqueue(mixedTask, { n, mood }, options);
  totals.accepted++;
  const outcome = await handle.result({ timeout: outcomeLimit }).then(
    (result) => (result.n === n ? 'completed' : 'mixed up'),
    (error: unknown) => (error instanceof HandlerError ? String(error.details.reason) : String(error)),
  );
  const right = mood === 'dies' ? 'terminal' : 'completed';
  if (outcome === right) totals.settled++;
  else if (outcome === 'completed' || outcome === 'retries-exhausted') totals.wrong++;
  if (outcome !== right) console.error(`task ${n} (${mood}) ended as ${outcome}`);
}

/** One of a hundred in turn. */
async function operation(n: number): Promise<void> {
  const part = n % 100;
  const echo = echoIds[n % 2] ?? echoIds[0];
  if (part < 50) return await task(n, n % 1_000 === 49 ? 'dies' : 'plain');
  if (part < 54) return await task(n, 'retries');
  if (part < 58) return await task(n, 'plain', { key: `key-${n}`, keyTtl: '20s' });
  if (part < 62) return await task(n, 'plain', { delay: '400ms', priority: 'high' });
  if (part < 66) return await task(n, 'plain', { concurrencyKey: `turn-${n % 7}`, priority: 'low' });
  if (part < 69) return await task(n, 'progresses');
  if (part < 70) return await task(n, 'logs');
  if (part < 72) return await task(n, 'locks');
  if (part < 76) return await task(n, 'casts');
  if (part < 86)
    return void (await fleet.send(echo, note, { n }, part < 78 ? { key: `note-${n}`, keyTtl: '20s' } : {}));
  if (part < 97) return void (await fleet.ask(echo, question, { n }, { deadline: '10s' }));
  await fleet.withLock(`lock-${n % 8}`, () => undefined);
}

function begin(): void {
  const work = operation(++asked)
    .then(
      () => void totals.done++,
      () => void totals.refused++, // nobody relies on it
    )
    .finally(() => waiting.delete(work));
  waiting.add(work);
}

function due(): number {
  if (order === undefined) return 0;
  if (order.rate === 0) return order.atATime - waiting.size;
  const missing = begun.asked + ((now() - begun.at) / 1_000) * order.rate - asked;
  return Math.min(missing, mostWaiting - waiting.size);
}

repeat(
  systemClock,
  () => tickMs,
  () => {
    for (let left = due(); left >= 1; left--) begin();
    return Promise.resolve();
  },
);

process.on('message', (message: SoakOrder) => {
  if (message.t === 'sample') {
    const sum: LoadTotals = { ...totals, waiting: waiting.size };
    tell({ id: message.id, ...sampleProcess(), totals: sum });
    return;
  }
  order = message.t === 'load' ? message : undefined;
  begun = { at: now(), asked };
});
process.on('SIGTERM', () => void fleet.close().then(() => process.exit(0)));
tell('ready');
