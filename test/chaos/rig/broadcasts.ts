/**
 * The rig's mode for broadcasts alone: ears behind links that are cut without a pause, while a voice speaks at a steady rate.
 *
 * What is cut is one connection at a time, in whatever it does: before a command, in the middle of one, or in the middle of a reply.
 */
import { systemClock } from '../../../src/core/system.ts';
import { SeededRandom } from '../../../src/sim/seeded-random.ts';
import { startRedis } from '../../support/redis-server.ts';
import { now } from './contracts.ts';
import { type Deafness, Ear } from './ears.ts';
import type { Cut } from './proxy.ts';
import { holds } from './stage.ts';
import { Voice } from './voice.ts';

export interface CutOptions {
  readonly ears: number;
  readonly seconds: number;
  /** Broadcasts. */
  readonly perSecond: number;
  readonly seed: number;
}

export interface CutReport extends Deafness {
  /** Connections that were cut. */
  readonly cuts: number;
  readonly sent: number;
  readonly ears: number;
  readonly seconds: number;
}

const tickMs = 10;
/** An ear that has heard so many gets its next cut: more often, and no connection would ever come up. */
const heardPerCut = 25;
const patienceMs = 60_000;
const kinds: readonly Cut[] = ['reply', 'reply', 'reply', 'command', 'torn'];

/** Speaks and cuts for some seconds, then waits until everything has been heard, or a minute. */
export async function cutLinks({ ears: count, seconds, perSecond, seed }: CutOptions): Promise<CutReport> {
  const server = await startRedis();
  const random = new SeededRandom(seed);
  const ears: Ear[] = [];
  let isCutting = true;
  const voice = await Voice.open(server.url);
  try {
    const onEvent = ({ heard, proxy }: Ear): void => {
      if (isCutting && heard.length % heardPerCut === 0) proxy.cut(pick(random), 1);
    };
    for (let index = 0; index < count; index++) ears.push(await Ear.open(server.port, `ear${index}`, onEvent));
    const startedAt = now();
    await speak(voice, { startedAt, seconds, perSecond });
    isCutting = false;
    await Promise.all(ears.map((ear) => ear.proxy.heal()));
    const isHeard = (): boolean => ears.every((ear) => ear.heard.at(-1) === voice.sent.at(-1));
    await holds(() => Promise.resolve(isHeard()), patienceMs);
    return { ...sum(ears, voice), ears: count, seconds: Math.round((now() - startedAt) / 100) / 10 };
  } finally {
    await Promise.all(ears.map((ear) => ear.close()));
    await voice.close();
    await server.stop();
  }
}

function pick(random: SeededRandom): Cut {
  return kinds[Math.floor(random.fraction('cut') * kinds.length)] ?? 'reply';
}

async function speak(
  voice: Voice,
  { startedAt, seconds, perSecond }: { startedAt: number; seconds: number; perSecond: number },
): Promise<void> {
  const ticks = { spoken: 0 };
  while (now() - startedAt < seconds * 1_000) {
    const due = Math.floor(((now() - startedAt) / 1_000) * perSecond);
    const some = Math.min(128, due - ticks.spoken);
    if (some > 0) await voice.say(some);
    ticks.spoken += Math.max(0, some);
    await new Promise<void>((resolve) => systemClock.setTimer(tickMs, resolve));
  }
}

function sum(ears: readonly Ear[], { sent }: Voice): Deafness & { cuts: number; sent: number } {
  const total = { cuts: 0, sent: sent.length, missing: 0, repeated: 0, outOfOrder: 0 };
  for (const ear of ears) {
    const { missing, repeated, outOfOrder } = ear.judge(sent);
    total.cuts += ear.proxy.cuts;
    total.missing += missing;
    total.repeated += repeated;
    total.outOfOrder += outOfOrder;
  }
  return total;
}
