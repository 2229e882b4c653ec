/**
 * One round: load and faults together, then everything healed, then patience, then judgement.
 *
 * Two tracks of faults run side by side, one of nodes and handlers and one of Redis and links, so that they meet in ever new ways.
 */
import { repeat } from '../../../src/core/clock.ts';
import { systemClock } from '../../../src/core/system.ts';
import { SeededRandom } from '../../../src/sim/seeded-random.ts';
import { now, topic } from './contracts.ts';
import type { Violation } from './figures.ts';
import { broadcastsBroken, messagesLost, messagesTwice } from './judge-mail.ts';
import { linesOf, settledTwice, staleTokens, storyOf, unmarkedDuplicates } from './judge-tasks.ts';
import { linkFaults } from './link-faults.ts';
import { type AcceptedTask, Load, type Promises } from './load.ts';
import { type Fault, type FaultScene, nodeFaults, pause } from './node-faults.ts';
import { deal } from './plan.ts';
import { leakedSockets } from './sockets.ts';
import { holds, type Stage } from './stage.ts';

const faults: Readonly<Record<string, Fault>> = { ...nodeFaults, ...linkFaults };
export const faultKinds = { nodes: Object.keys(nodeFaults), links: Object.keys(linkFaults) } as const;

export interface RoundOptions {
  readonly seed: number;
  readonly round: number;
  readonly only: string | undefined;
  readonly nodeFaults: number;
  readonly linkFaults: number;
  readonly tasksPerSecond: number;
}

export interface RoundScene {
  readonly stage: Stage;
  readonly promises: Promises;
  readonly nextNumber: () => number;
  readonly recoveries: number[];
  readonly onFault: (kind: string) => void;
}

const settleLimitMs = 40_000;
const keepEveryMs = 200;

/** Runs a round and answers with everything that is broken on this stage. */
export async function runRound(options: RoundOptions, scene: RoundScene): Promise<readonly Violation[]> {
  const { stage, promises, nextNumber, recoveries } = scene;
  const { seed, round, tasksPerSecond } = options;
  const random = new SeededRandom(seed * 104_729 + round);
  const firstTask = promises.tasks.length;
  const load = new Load({ clients: stage.clients, random, promises, nextNumber, tasksPerSecond });
  load.start();
  try {
    await pause(200);
    const track = async (name: string, kinds: readonly string[]): Promise<void> => {
      for (const [at, kind] of kinds.entries()) {
        const draw = (purpose: string): number => random.fraction(`${name}/${at}/${purpose}`);
        await pause(Math.floor(draw('before') * 400));
        scene.onFault(kind);
        await fire(kind, { stage, load, draw, recoveries });
      }
    };
    await Promise.all([track('nodes', kindsOf(options, 'nodes')), track('links', kindsOf(options, 'links'))]);
    await stage.heal();
    await pause(200);
  } finally {
    load.stop();
  }
  await holds(() => load.unanswered === 0, settleLimitMs);
  return judge(scene, promises.tasks.slice(firstTask));
}

async function fire(kind: string, scene: FaultScene): Promise<void> {
  const fault = faults[kind];
  if (fault === undefined)
    throw new Error(`expected a kind of fault, got: ${kind}\nOne of: ${Object.keys(faults).join(', ')}`);
  await fault(scene);
}

function kindsOf({ seed, round, only, ...counts }: RoundOptions, track: 'nodes' | 'links'): readonly string[] {
  const count = track === 'nodes' ? counts.nodeFaults : counts.linkFaults;
  if (only === undefined) return deal(seed, round, faultKinds[track], count);
  const known = faultKinds[track].includes(only);
  if (!known && !faultKinds.nodes.includes(only) && !faultKinds.links.includes(only)) return [only]; // refused by `fire`
  return known ? Array.from({ length: count }, () => only) : [];
}

/** Waits until everything has come about that was promised, as long as it may take; then says what has not. */
async function judge({ stage, promises }: RoundScene, tasks: readonly AcceptedTask[]): Promise<readonly Violation[]> {
  const { ledger, announced, resource } = stage;
  const direct = await stage.direct();
  const deadline = now() + settleLimitMs;
  const leftMs = (): number => Math.max(100, deadline - now());
  try {
    const lost = await whileKept(stage, () => Promise.all(tasks.map((task) => lostTask(stage, task, leftMs()))));
    await stage.heal();
    const marker = await direct.broadcast(topic, { from: direct.name, seq: 0 });
    await holds(() => hearing(stage, marker).every(({ hasHeard }) => hasHeard), leftMs());
    ledger.read();
    const sent = [...promises.sent, ...linesOf(ledger.lines, 'sent')];
    await holds(() => (ledger.read(), messagesLost(ledger.lines, sent).length === 0), leftMs());
    const alive = new Set(hearing(stage, marker).map(({ inst }) => inst));
    const accepted = [...promises.cast, ...linesOf(ledger.lines, 'cast').map(({ id }) => id), marker];
    promises.cast.push(marker);
    return [
      ...lost.flat(),
      ...settledTwice(ledger.lines, announced),
      ...unmarkedDuplicates(ledger.lines),
      ...messagesLost(ledger.lines, sent),
      ...messagesTwice(ledger.lines),
      ...broadcastsBroken(ledger.lines, [...new Set(accepted)], { insts: alive, marker }),
      ...staleTokens(ledger.lines, resource.violations),
      ...(await leakedSockets(stage, direct.name)),
    ];
  } finally {
    await direct.close();
  }
}

/** A task that takes its process with it may have waited until now: whoever dies is replaced. */
async function whileKept<T>(stage: Stage, work: () => Promise<T>): Promise<T> {
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
