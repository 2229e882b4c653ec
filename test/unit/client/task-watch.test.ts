/**
 * Waiting for the end of tasks: by notice, by reading, and by what came too early (W1, W2).
 */
import { describe, expect, test } from 'vitest';
import type { TaskOutcome } from '../../../src/broker/queues.ts';
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
  const watch = new TaskWatch({ clock, broker: { queues: { outcomes } } as never });
  const heard: string[] = [];
  const listener = (name: string): TaskListener => ({
    onProgress: (body) => void heard.push(`${name} ${body}`),
    onSettled: (outcome) => void heard.push(`${name} ${outcome.kind}`),
    onClosed: () => void heard.push(`${name} closed`),
  });
  return { clock, ended, reads, state, watch, heard, listener };
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
    const id = await watch.duringEnqueue(() => {
      watch.onNotice({ kind: 'settled', taskId: taskId(1), outcome: done });
      return Promise.resolve(taskId(1));
    });
    watch.listen(id, listener('a'), false);
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
