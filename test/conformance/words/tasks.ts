/**
 * The words of the task port: tasks of every sort go in, are taken, kept, ended rightly and wrongly, and taken over.
 */
import type { Frame } from '../../../src/broker/frame.ts';
import { priorities } from '../../../src/broker/task-id.ts';
import type {
  ClaimedTask,
  Claims,
  EnqueueOp,
  EnqueueReply,
  HeldReceipt,
  Outcome,
  Receipt,
  SettleOp,
  SettleReply,
} from '../../../src/broker/tasks.ts';
import type { Chance } from '../chance.ts';
import { longMs, middleMs, queues, remember, shortMs, type World } from '../world.ts';
import { processOf, type Word } from './word.ts';

export const failure = { name: 'Error', code: 'error', message: 'it broke' } as const;

export const taskWords: readonly Word[] = [
  {
    port: 'tasks',
    method: 'enqueue',
    weight: 14,
    say(world, chance) {
      const tag = chance.of(...queues);
      const count = chance.is(0.05) ? 12 : 1 + chance.below(3);
      const make = chance.is(0.06) ? lostTask : newTask;
      const ops = Array.from({ length: count }, () => make(world, chance, tag));
      const leased = chance.is(0.3);
      const sender = leased ? world.node(chance) : 'c';
      const frame = world.frame(chance, 'enqueue', { tag, sender, leased, ops });
      return { by: leased ? processOf(sender) : 'c', args: [frame] };
    },
    learn(world, { args }, replies: readonly EnqueueReply[]) {
      const frame = args[0] as Frame<EnqueueOp>;
      world.noteFrame('enqueue', frame);
      for (const [index, reply] of replies.entries()) {
        if (reply.kind !== 'enqueued') continue;
        const { priority = 'normal', taskId } = frame.ops[index] ?? {};
        remember(world.tasks, reply.taskId);
        if (taskId === undefined) world.places.set(reply.taskId, { queue: frame.tag, priority });
      }
    },
  },
  {
    port: 'tasks',
    method: 'claim',
    weight: 12,
    say(world, chance) {
      const node = world.node(chance);
      return { by: processOf(node), args: [{ queue: chance.of(...queues), node, count: chance.of(0, 1, 1, 2, 3, 9) }] };
    },
    learn: (world, _, { tasks }: Claims) => remember(world.claims, ...tasks),
  },
  {
    port: 'tasks',
    method: 'wait',
    weight: 2,
    say(world, chance) {
      const node = world.node(chance);
      if (world.waiting.has(processOf(node))) return undefined;
      const some = chance.of(['q1'], ['q2'], ['q1', 'q2'], ['q2', 'q1'], []);
      const request = {
        queues: some,
        node,
        count: chance.of(0, 1, 1, 3),
        timeoutMs: chance.of(0, 2_000, 2_000, 2_000),
      };
      return { by: processOf(node), args: [request] };
    },
  },
  {
    port: 'tasks',
    method: 'settle',
    weight: 14,
    say(world, chance) {
      const first = chance.recent(world.claims);
      if (first === undefined) return undefined;
      const { queue } = first;
      const others = world.claims.filter((claim) => claim.queue === queue);
      const claims = chance.is(0.8) ? [first] : chance.some(others, 3);
      const sender = world.node(chance);
      const ops = claims.map((claim) => settleOne(chance, claim));
      const frame = world.frame(chance, 'settle', { tag: queue, sender, leased: true, ops });
      return { by: processOf(sender), args: [frame] };
    },
    learn(world, { args }, replies: readonly SettleReply[]) {
      const frame = args[0] as Frame<SettleOp>;
      world.noteFrame('settle', frame);
      for (const [
        index,
        {
          receipt,
          outcome: { kind },
        },
      ] of frame.ops.entries())
        if (kind === 'dead' && replies[index] === 'settled') remember(world.dead, receipt.taskId);
    },
  },
  {
    port: 'tasks',
    method: 'renew',
    weight: 5,
    say(world, chance) {
      const first = chance.recent(world.claims);
      if (first === undefined) return undefined;
      const node = world.node(chance);
      const receipts: HeldReceipt[] = chance.some(world.claims, 3).map(({ receipt }) => {
        const handler = chance.of('waits', 'begun', undefined);
        return { ...bent(chance, receipt), ...(handler && { handler }) };
      });
      return { by: processOf(node), args: [{ queue: first.queue, node, receipts }] };
    },
  },
  {
    port: 'tasks',
    method: 'recover',
    weight: 6,
    say(world, chance) {
      const node = world.node(chance);
      const gone = chance.is(0.6) ? chance.some(world.nodes, 2) : [];
      const leaseMs = chance.of(0, shortMs, middleMs, longMs);
      const request = { queue: chance.of(...queues), node, count: chance.of(0, 1, 2, 9), leaseMs, gone };
      return { by: processOf(node), args: [request] };
    },
    learn: (world, _, tasks: readonly ClaimedTask[]) => remember(world.claims, ...tasks),
  },
  {
    port: 'tasks',
    method: 'promote',
    weight: 5,
    say(world, chance) {
      const node = world.node(chance);
      return { by: processOf(node), args: [{ queue: chance.of(...queues), node, count: chance.of(0, 1, 9, 9) }] };
    },
  },
];

function newTask(world: World, chance: Chance): EnqueueOp {
  const key = chance.is(0.2)
    ? { name: chance.of('k1', 'k2'), ttlMs: chance.of(0, shortMs, middleMs, longMs) }
    : undefined;
  const concurrencyKey = chance.is(0.25) ? chance.of('x', 'y') : undefined;
  return {
    priority: chance.of(...priorities, 'normal'),
    delayMs: chance.is(0.25) ? chance.of(shortMs, middleMs) : 0,
    envelope: world.name('e'),
    maxWaiting: chance.of(2, 5, 12, 1_000_000, 1_000_000),
    ...(key && { key }),
    ...(concurrencyKey && { concurrencyKey }),
  };
}

/** T9: one that is there, or one that the broker never heard of. */
function lostTask(world: World, chance: Chance, queue: string): EnqueueOp {
  const op = newTask(world, chance);
  const known = chance.recent([...world.places].filter(([, place]) => place.queue === queue));
  if (known !== undefined && chance.is(0.5)) return { ...op, priority: known[1].priority, taskId: known[0] };
  const number = priorities.indexOf(op.priority) + priorities.length * chance.below(3); // no two tasks have the same
  return { ...op, taskId: `${queue}.${op.priority.charAt(0)}.1600000000000-${number}` };
}

function settleOne(chance: Chance, { receipt }: ClaimedTask): SettleOp {
  const notify = chance.of('a1', 'c', '*', undefined);
  return { receipt: bent(chance, receipt), outcome: outcome(chance), ...(notify && { notify }) };
}

/** T2: now and then a field is not that of the claim. */
function bent(chance: Chance, receipt: Receipt): Receipt {
  if (chance.is(0.93)) return receipt;
  return chance.of(
    { ...receipt, deliveries: receipt.deliveries + 1 },
    { ...receipt, priority: 'low' as const },
    { ...receipt, entry: '1-1' },
    { ...receipt, taskId: 'q1.n.1-1' },
  );
}

function outcome(chance: Chance): Outcome {
  const resultTtlMs = chance.of(0, shortMs, middleMs, longMs);
  return chance.of<Outcome>(
    { kind: 'complete', result: '"done"', resultTtlMs },
    { kind: 'dead', reason: 'attempts', error: failure, resultTtlMs },
    { kind: 'retry', delayMs: chance.of(0, shortMs, middleMs), error: failure },
    { kind: 'release' },
    { kind: 'release', begun: true },
    { kind: 'release', delayMs: chance.of(shortMs, middleMs) },
  );
}
