/**
 * The judgement of an ordinary round: patience until everything has come about that was promised, then what has not.
 *
 * Where a server may have been replaced by its copy, a settle and the hold of a lock may be lost in that time, and a broadcast that was
 * not accepted yet may come back under a new id; what was accepted is there as ever. Rounds that destroy data are judged by judge-destroyed.ts.
 */
import { repeat } from '../../../src/core/clock.ts';
import { systemClock } from '../../../src/core/system.ts';
import { now, topic } from './contracts.ts';
import type { Violation } from './figures.ts';
import { broadcastsBroken, broadcastsDestroyed, messagesLost, messagesTwice } from './judge-mail.ts';
import { linesOf, misledMs, settledTwice, staleTokens, storyOf, unmarkedDuplicates } from './judge-tasks.ts';
import type { AcceptedTask, Promises } from './load.ts';
import { leakedSockets } from './sockets.ts';
import { holds, type Stage } from './stage.ts';

const keepEveryMs = 200;
/** For messages that were sent a moment ago, however long everything else took. */
const messagesMs = 10_000;

/** Waits until everything has come about that was promised, as long as it may take; then says what has not. */
export async function judge(
  { stage, promises, patienceMs }: { readonly stage: Stage; readonly promises: Promises; readonly patienceMs: number },
  tasks: readonly AcceptedTask[],
): Promise<readonly Violation[]> {
  const { ledger, announced, resource } = stage;
  const direct = await stage.direct();
  const deadline = now() + patienceMs;
  const leftMs = (): number => Math.max(100, deadline - now());
  try {
    const lost = await whileKept(stage, () => Promise.all(tasks.map((task) => lostTask(stage, task, leftMs()))));
    await stage.heal();
    const marker = await direct.broadcast(topic, { from: direct.name, seq: 0 });
    const alive = await listeners(stage, marker, leftMs());
    ledger.read();
    const sent = [...promises.sent, ...linesOf(ledger.lines, 'sent')];
    await holds(() => (ledger.read(), messagesLost(ledger.lines, sent).length === 0), Math.max(leftMs(), messagesMs));
    promises.cast.push({ from: direct.name, seq: 0, id: marker, at: now() });
    const cast = [...promises.cast, ...linesOf(ledger.lines, 'cast')];
    const { kills } = stage;
    const promotions = (await stage.ground.promotions?.()) ?? [];
    const isExcused = (at: number): boolean => promotions.some(({ from, to }) => from < at && at < to + misledMs);
    return [
      ...lost.flat(),
      ...settledTwice(ledger.lines, announced, { kills, promotions }),
      ...unmarkedDuplicates(ledger.lines),
      ...messagesLost(ledger.lines, sent),
      ...messagesTwice(ledger.lines),
      ...(promotions.length > 0
        ? broadcastsDestroyed(ledger.lines, cast, alive)
        : broadcastsBroken(ledger.lines, [...new Set(cast.map(({ id }) => id))], { insts: alive, marker })),
      ...staleTokens(ledger.lines, resource.violations, isExcused),
      ...(await leakedSockets(stage, direct.name)),
    ];
  } finally {
    await direct.close();
  }
}

/** A task that takes its process with it may have waited until now: whoever dies is replaced. */
export async function whileKept<T>(stage: Stage, work: () => Promise<T>): Promise<T> {
  const keeper = repeat(
    systemClock,
    () => keepEveryMs,
    async () => stage.slots.forEach((slot) => slot.start()),
  );
  try {
    return await work();
  } finally {
    keeper.cancel();
  }
}

async function lostTask({ ledger }: Stage, { n, handle }: AcceptedTask, timeoutMs: number): Promise<Violation[]> {
  try {
    const result = await handle.result({ timeout: Math.ceil(timeoutMs) });
    if (result.n === n) return [];
    throw new Error(`its result is of task ${result.n}`);
  } catch (error) {
    const state = await handle.state().catch(String);
    const story = `task ${handle.id} (${n}) has no result, its state is ${state}: ${String(error)}\n${storyOf(ledger.lines, handle.id)}`;
    return [{ figure: 'lost', key: `lost ${handle.id}`, story }];
  }
}

/** The listeners that are up, once all of them have come as far as `id` or the time is over; what comes up later is not among them. */
export async function listeners(stage: Stage, id: string, timeoutMs: number): Promise<ReadonlySet<string>> {
  let last = hearing(stage, id);
  await holds(() => (last = hearing(stage, id)).every(({ hasHeard }) => hasHeard), timeoutMs);
  return new Set(last.map(({ inst }) => inst));
}

/** The listeners that are up, one in each process, and whether they have come as far as `id`. */
function hearing(stage: Stage, id: string): readonly { readonly inst: string; readonly hasHeard: boolean }[] {
  stage.ledger.read();
  const { lines } = stage.ledger;
  return stage.slots.map(({ pid }) => {
    const up = lines.findLast((line) => line.t === 'up' && line.pid === pid && line.agent.startsWith('ear@'));
    const inst = up?.t === 'up' ? up.inst : `none of ${pid}`;
    return { inst, hasHeard: lines.some((line) => line.t === 'heard' && line.inst === inst && line.id === id) };
  });
}
