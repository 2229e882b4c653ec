/**
 * The judgement of a stage whose data was destroyed: what is gone has been told, and everything else holds as ever.
 *
 * Tasks: each caller waits from the start and gets the result, or is told that the task is gone; that is right when no settle of it
 * outlived the last destruction, and it had been accepted long before. A settle that was destroyed may be followed by another one.
 * Messages and broadcasts: their senders lived and had them acknowledged a moment ago, so nothing of them may be missing; told apart by
 * what they say, since what is sent again gets a new place in the stream.
 */
import { compareEntryIds } from '../../../src/broker/entry-id.ts';
import { type Line, now, type Numbered, topic } from './contracts.ts';
import type { Tally, Violation } from './figures.ts';
import { listeners, whileKept } from './judge.ts';
import { messagesLost, messagesTwice } from './judge-mail.ts';
import { groupBy, linesOf, settledTwice, staleTokens, storyOf, unmarkedDuplicates } from './judge-tasks.ts';
import type { AcceptedCast, AcceptedTask, Promises, TaskEnd } from './load.ts';
import { pause } from './node-faults.ts';
import { leakedSockets } from './sockets.ts';
import { holds, type Stage } from './stage.ts';

/** Parked tasks, the patience of those who wait for what may still come back, and some rounds of looking for it. */
const limitMs = 70_000;
/** What is lost so soon after it was accepted is surely kept still by who sent it, and has to come back. */
const youngMs = 6_000;
/** A lock that went with the data is missed by its next renewal. */
const misledMs = 1_500;
/** From an agent being up to it hearing everything. */
const earsOpenMs = 1_000;

export interface Destroyed extends Pick<Tally, 'destroyed' | 'destroyedReported'> {
  readonly violations: readonly Violation[];
}

/** Waits until every caller knows what has become of its task, then judges all rounds of the stage. */
export async function judgeDestroyed(stage: Stage, promises: Promises): Promise<Destroyed> {
  const { ledger, announced, resource, destructions } = stage;
  const direct = await stage.direct();
  const deadline = now() + limitMs;
  const leftMs = (): number => Math.max(100, deadline - now());
  try {
    const ends = await whileKept(stage, () => endsOf(promises.tasks, leftMs()));
    await stage.heal();
    const marker = {
      from: direct.name,
      seq: 0,
      id: await direct.broadcast(topic, { from: direct.name, seq: 0 }),
      at: now(),
    };
    const alive = await listeners(stage, marker.id, leftMs());
    ledger.read();
    const sent = [...promises.sent, ...linesOf(ledger.lines, 'sent')];
    await holds(() => (ledger.read(), messagesLost(ledger.lines, sent).length === 0), 10_000);
    const { lines } = ledger;
    const tasks = await judgeTasks(stage, promises.tasks, ends);
    const isExcused = (at: number): boolean => destructions.some((struck) => struck < at && at < struck + misledMs);
    const violations = [
      ...tasks.violations,
      ...settledTwice(lines, announced, { destructions }),
      ...unmarkedDuplicates(lines),
      ...messagesLost(lines, sent),
      ...messagesTwice(lines),
      ...broadcastsDestroyed(lines, [...promises.cast, ...linesOf(lines, 'cast'), marker], alive),
      ...staleTokens(lines, resource.violations, isExcused),
      ...(await leakedSockets(stage, direct.name)),
    ];
    return { ...tasks, violations };
  } finally {
    await direct.close();
  }
}

function endsOf(tasks: readonly AcceptedTask[], timeoutMs: number): Promise<readonly TaskEnd[]> {
  const late = pause(timeoutMs).then((): TaskEnd => ({ kind: 'failed', why: 'nothing was told in time' }));
  return Promise.all(tasks.map(({ end }) => Promise.race([end ?? late, late])));
}

async function judgeTasks(stage: Stage, tasks: readonly AcceptedTask[], ends: readonly TaskEnd[]): Promise<Destroyed> {
  const { lines } = stage.ledger;
  const lastBlow = stage.destructions.at(-1) ?? Infinity;
  const outlived = new Set(
    linesOf(lines, 'settled')
      .filter(({ outcome, at }) => (outcome === 'complete' || outcome === 'dead') && at > lastBlow)
      .map(({ task }) => task),
  );
  const sum = { destroyed: 0, destroyedReported: 0 };
  const violations: Violation[] = [];
  const tell = (figure: Violation['figure'], { n, handle }: AcceptedTask, what: string): void => {
    const story = `task ${handle.id} (${n}) ${what}\n${storyOf(lines, handle.id)}`;
    violations.push({ figure, key: `${figure} ${handle.id}`, story });
  };
  for (const [at, task] of tasks.entries()) {
    const end = ends[at] ?? { kind: 'failed', why: 'nobody waited for it' };
    if (end.kind === 'result') {
      if (end.n !== task.n) tell('lost', task, `got the result of task ${end.n}`);
      continue;
    }
    const isGone = !outlived.has(task.handle.id) && (await task.handle.state().catch(String)) === 'unknown';
    const isYoung = task.at > lastBlow - youngMs && task.at < lastBlow;
    if (isGone) sum.destroyed++;
    if (isGone && isYoung)
      tell('lost', task, `went ${Math.round(lastBlow - task.at)} ms after it was accepted, and did not come back`);
    if (end.kind === 'gone') {
      sum.destroyedReported++;
      if (!isGone) tell('destroyedReported', task, 'was told to be gone, and is not');
    } else if (isGone) tell('destroyedReported', task, `is gone, and its caller was not told: ${end.why}`);
    else tell('lost', task, `has no result: ${end.why}`);
  }
  return { ...sum, violations };
}

type Heard = Extract<Line, { t: 'heard' | 'gap' }>;
const wordsOf = ({ from, seq }: Numbered): string => `${from}#${seq}`;

/** Whoever is up hears everything that was accepted since it was, once, and in the order of the stream. */
export function broadcastsDestroyed(
  lines: readonly Line[],
  accepted: readonly (AcceptedCast | Extract<Line, { t: 'cast' }>)[],
  alive: ReadonlySet<string>,
): Violation[] {
  const upAt = new Map(linesOf(lines, 'up').map(({ inst, at }) => [inst, at]));
  const firstHeard = new Map(
    linesOf(lines, 'heard')
      .toReversed()
      .map((line) => [wordsOf(line), line.at]),
  );
  // A sender that stands still writes down late what was in the stream long before.
  const castAt = (cast: AcceptedCast): number => Math.min(cast.at, firstHeard.get(wordsOf(cast)) ?? cast.at);
  const heard = groupBy(
    lines.filter((line): line is Heard => line.t === 'heard' || line.t === 'gap'),
    ({ inst }) => inst,
  );
  const violation = (figure: Violation['figure'], inst: string, what: string): Violation => ({
    figure,
    key: `${figure} ${inst} ${what}`,
    story: `${figure}: listener ${inst}: ${what}`,
  });
  const missing = [...alive].flatMap((inst) => {
    const own = heard.get(inst) ?? [];
    const words = new Set(linesOf(own, 'heard').map(wordsOf));
    const gapAt = linesOf(own, 'gap').at(-1)?.at ?? 0;
    const since = Math.max((upAt.get(inst) ?? 0) + earsOpenMs, gapAt);
    return accepted
      .filter((cast) => castAt(cast) > since && !words.has(wordsOf(cast)))
      .map((cast) => violation('broadcastsMissing', inst, `${wordsOf(cast)}, ${cast.id}, is missing`));
  });
  const disordered = [...heard].flatMap(([inst, own]) => {
    const seen = new Map<string, string>();
    return linesOf(own, 'heard').flatMap((line, at, all) => {
      const [words, before] = [wordsOf(line), all[at - 1]];
      const first = seen.get(words);
      seen.set(words, line.id);
      if (first !== undefined && !line.again)
        return [violation('broadcastsRepeated', inst, `${words} came as ${first} and as ${line.id}`)];
      if (before !== undefined && compareEntryIds(line.id, before.id) <= 0)
        return [violation('broadcastsOutOfOrder', inst, `${line.id} came behind ${before.id}`)];
      return [];
    });
  });
  return [...missing, ...disordered];
}
