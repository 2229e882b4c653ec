/**
 * Waiting for the end of tasks: by notice, by reading, and by what came too early (W1, W2).
 */
import { describe, expect, test } from 'vitest';
import type { TaskOutcome, TaskState } from '../../../src/broker/queues.ts';
import { type TaskListener, TaskWatch } from '../../../src/client/task-watch.ts';
import { BrokerError } from '../../../src/core/errors.ts';
import { VirtualClock } from '../../../src/sim/virtual-clock.ts';

const taskId = (number: number): string => `q.n.1-${number}`;

function open() {
  const clock = new VirtualClock();
  const ended = new Map<string, TaskOutcome>();
  const reads: string[][] = [];
  const state = { failing: false };
  const outcomes = (_: string, taskIds: readonly string[]): Promise<readonly (TaskOutcome | undefined)[]> => {
    reads.push([...taskIds]);
    if (state.failing) return Promise.reject(new BrokerError('unreachable', 'no link'));
    return Promise.resolve(taskIds.map((id) => ended.get(id)));
  };
  const unknown = new Set<string>();
  const stateOf = (id: string): Promise<TaskState> =>
    Promise.resolve(unknown.has(id) ? 'unknown' : (ended.get(id)?.kind ?? 'waiting'));
  const missed = { times: 0 };
  const onMissed = (): void => void missed.times++;
  const sender = { isBusy: false };
  const isBringingBack = (): boolean => sender.isBusy;
  const watch = new TaskWatch({
    clock,
    onMissed,
    isBringingBack,
    broker: { queues: { outcomes, state: stateOf } } as never,
  });
  const heard: string[] = [];
  const listener = (name: string): TaskListener => ({
    onProgress: (body) => void heard.push(`${name} ${body}`),
    onSettled: (outcome) => void heard.push(`${name} ${outcome.kind}`),
    onClosed: (error) => void heard.push(`${name} ${(error as { code?: string }).code}`),
  });
  return { clock, ended, reads, state, unknown, missed, sender, watch, heard, listener };
}

const done: TaskOutcome = { kind: 'completed', result: '1', attempts: 1 };

describe('a waiter', () => {
  test('W1: is resolved by the notice, once, and nothing is read', async () => {
    const { clock, watch, heard, listener, reads } = open();
    watch.listen(taskId(1), listener('a'), false);
    watch.listen(taskId(1), listener('b'), false);
    watch.onNotice({ kind: 'progress', taskId: taskId(1), body: 'half' });
    watch.onNotice({ kind: 'settled', taskId: taskId(1), outcome: done });
    watch.onNotice({ kind: 'settled', taskId: taskId(1), outcome: done });
    await clock.advance(60_000);
    expect(heard).toEqual(['a half', 'b half', 'a completed', 'b completed']);
    expect([reads, clock.pending]).toEqual([[], 0]);
  });

  test('W1: is resolved by reading when it joins late, after a restored link, and every few seconds', async () => {
    const { clock, ended, watch, heard, listener } = open();
    ended.set(taskId(1), done);
    watch.listen(taskId(1), listener('late'), true);
    await clock.settle();
    watch.listen(taskId(2), listener('reset'), false);
    ended.set(taskId(2), done);
    watch.onReset();
    await clock.settle();
    watch.listen(taskId(3), listener('look'), false);
    ended.set(taskId(3), done);
    expect(heard).toEqual(['late completed', 'reset completed']);
    await clock.advance(5_000);
    expect(heard).toEqual(['late completed', 'reset completed', 'look completed']);
  });

  test('W1: asks again soon when its question after a restored link found no link yet', async () => {
    const { clock, ended, state, watch, heard, listener } = open();
    watch.listen(taskId(1), listener('a'), false);
    ended.set(taskId(1), done);
    state.failing = true;
    watch.onReset();
    await clock.advance(1_000);
    expect(heard).toEqual([]);
    state.failing = false;
    await clock.advance(300);
    expect(heard).toEqual(['a completed']);
    watch.stop(new BrokerError('closed', 'left'));
    expect(clock.pending).toBe(0);
  });

  test('W1: reads on after reads that failed, in pages', async () => {
    const { clock, ended, reads, state, watch, heard, listener } = open();
    for (let number = 0; number < 300; number++) {
      watch.listen(taskId(number), listener(String(number)), false);
      ended.set(taskId(number), done);
    }
    state.failing = true;
    await clock.advance(11_000);
    state.failing = false;
    reads.length = 0;
    await clock.advance(5_000);
    expect([heard.length, reads.map((page) => page.length)]).toEqual([300, [128, 128, 44]]);
  });

  test('W2: gets an outcome that overtook the reply to its enqueue', async () => {
    const { clock, watch, heard, listener } = open();
    watch.beginEnqueue();
    watch.onNotice({ kind: 'settled', taskId: taskId(1), outcome: done });
    watch.endEnqueue();
    watch.listen(taskId(1), listener('a'), false);
    expect(heard).toEqual(['a completed']);
    await clock.settle();
    watch.listen(taskId(1), listener('b'), false);
    expect(heard).toEqual(['a completed']);
  });

  test('W2: nothing is kept for tasks nobody here enqueues', () => {
    const { watch, heard, listener } = open();
    watch.onNotice({ kind: 'settled', taskId: taskId(1), outcome: done });
    watch.listen(taskId(1), listener('a'), false);
    expect(heard).toEqual([]);
  });

  test('W3: is told that nobody knows its task, by the second look and not by the first', async () => {
    const { clock, unknown, watch, heard, listener } = open();
    unknown.add(taskId(1));
    watch.listen(taskId(1), listener('late'), true);
    watch.listen(taskId(2), listener('other'), true);
    await clock.advance(200);
    expect(heard).toEqual([]);
    await clock.advance(100);
    expect(heard).toEqual(['late unknown-task']);
    watch.onNotice({ kind: 'settled', taskId: taskId(2), outcome: done });
    await clock.advance(10_000);
    expect([heard, clock.pending]).toEqual([['late unknown-task', 'other completed'], 0]);
  });

  test('W3: asks whether data was lost, and where it was, is told only when senders had their time', async () => {
    const { clock, unknown, missed, watch, heard, listener } = open();
    unknown.add(taskId(1)).add(taskId(2));
    watch.listen(taskId(1), listener('lost'), true);
    watch.listen(taskId(2), listener('back'), true);
    await clock.advance(100);
    expect(missed.times).toBe(1);
    watch.onDataLost();
    await clock.advance(9_000);
    expect(heard).toEqual([]);
    unknown.delete(taskId(2));
    await clock.advance(6_000);
    expect(heard).toEqual(['lost unknown-task']);
  });

  test('W3: is told nothing when data is lost again at the moment in which senders have had their time', async () => {
    const { clock, unknown, missed, watch, heard, listener } = open();
    unknown.add(taskId(1));
    watch.listen(taskId(1), listener('back'), true);
    await clock.advance(100);
    watch.onDataLost();
    await clock.advance(9_990);
    // Now it comes back, and is lost again, which nobody has said yet.
    const before = missed.times;
    await clock.advance(100);
    expect([heard, missed.times]).toEqual([[], before + 1]);
    watch.onDataLost();
    unknown.delete(taskId(1));
    await clock.advance(30_000);
    expect(heard).toEqual([]);
  });

  test('W3: is told nothing as long as this process itself is sending again what was lost', async () => {
    const { clock, unknown, sender, watch, heard, listener } = open();
    unknown.add(taskId(1)).add(taskId(2));
    watch.listen(taskId(1), listener('lost'), true);
    watch.listen(taskId(2), listener('back'), true);
    sender.isBusy = true;
    watch.onDataLost();
    await clock.advance(60_000);
    expect(heard).toEqual([]);
    unknown.delete(taskId(2));
    sender.isBusy = false;
    await clock.advance(6_000);
    expect(heard).toEqual(['lost unknown-task']);
  });

  test('W3: hears of the outcome that came between the look that missed it and the next one', async () => {
    const { clock, ended, unknown, watch, heard, listener } = open();
    for (const number of [1, 2]) {
      unknown.add(taskId(number));
      watch.listen(taskId(number), listener(String(number)), true);
    }
    await clock.advance(100);
    watch.onNotice({ kind: 'settled', taskId: taskId(1), outcome: done });
    unknown.delete(taskId(2));
    ended.set(taskId(2), done);
    await clock.advance(10_000);
    expect(heard).toEqual(['1 completed', '2 completed']);
  });

  test('W3: is told by the regular looks, which ask for some states each and for all in turn', async () => {
    const { clock, unknown, watch, heard, listener } = open();
    for (let number = 0; number < 300; number++) watch.listen(taskId(number), listener(String(number)), false);
    for (const number of [150, 299]) unknown.add(taskId(number));
    await clock.advance(5_500);
    expect(heard).toEqual([]);
    await clock.advance(15_000);
    expect(heard.toSorted()).toEqual(['150 unknown-task', '299 unknown-task']);
  });

  test('W3: is told within seconds, however many have lost theirs at the same time', async () => {
    const { clock, watch, heard, listener, unknown } = open();
    for (let number = 1; number <= 5_000; number++) {
      watch.listen(taskId(number), listener('a'), false);
      unknown.add(taskId(number));
    }
    await clock.advance(10_000);
    expect(heard).toEqual(Array.from({ length: 5_000 }, () => 'a unknown-task'));
  });

  test('that left hears nothing, and does not take a later one with it', async () => {
    const { clock, watch, heard, listener } = open();
    const leave = watch.listen(taskId(1), listener('a'), false);
    watch.onNotice({ kind: 'settled', taskId: taskId(1), outcome: done });
    watch.listen(taskId(1), listener('b'), false);
    leave();
    leave();
    watch.onNotice({ kind: 'settled', taskId: taskId(1), outcome: done });
    expect(heard).toEqual(['a completed', 'b completed']);
    watch.listen(taskId(2), listener('c'), false)();
    await clock.advance(10_000);
    expect(clock.pending).toBe(0);
  });

  test('is told when the process leaves, also when it comes after that, and no timer is left', async () => {
    const { clock, watch, heard, listener } = open();
    watch.listen(taskId(1), listener('a'), false);
    watch.stop(new BrokerError('closed', 'left'));
    watch.listen(taskId(2), listener('b'), true);
    await clock.settle();
    expect([heard, clock.pending]).toEqual([['a closed', 'b closed'], 0]);
  });
});
