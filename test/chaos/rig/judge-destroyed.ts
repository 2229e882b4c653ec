/**
 * The judgement of a stage whose data was destroyed: what is gone has been told, and everything else holds as ever.
 *
 * Tasks: each caller waits from the start and gets the result, or is told that the task is gone; that is right when no settle of it
 * outlived the last destruction, and it had been accepted long before. A settle that was destroyed may be followed by another one.
 * Messages and broadcasts: their senders lived and had them acknowledged a moment ago, so nothing of them may be missing; told apart by
 * what they say, since what is sent again gets a new place in the stream.
 */
import { now, topic } from './contracts.ts';
import type { Tally, Violation } from './figures.ts';
import { listeners, whileKept } from './judge.ts';
import { broadcastsDestroyed, messagesLost, messagesTwice } from './judge-mail.ts';
import { linesOf, misledMs, settledTwice, staleTokens, storyOf, unmarkedDuplicates } from './judge-tasks.ts';
import type { AcceptedTask, Promises, TaskEnd } from './load.ts';
import { pause } from './node-faults.ts';
import { leakedSockets } from './sockets.ts';
import { holds, type Stage } from './stage.ts';

/** Parked tasks, the patience of those who wait for what may still come back, and some rounds of looking for it. */
const limitMs = 70_000;
/** What is lost so soon after it was accepted is surely kept still by who sent it, and has to come back. */
const youngMs = 6_000;

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
