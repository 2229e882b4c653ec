/**
 * Many tasks by one call: all checked before any is sent, and whoever sent them hears exactly what was stored.
 */
import { Agent, DeliveryError, defineTask, onTask, pool, type Task, type TaskHandle } from 'agent-runtime';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import type { Frame } from '../../src/broker/frame.ts';
import type { EnqueueOp, EnqueueReply } from '../../src/broker/tasks.ts';
import { type SimClient, World } from './world.ts';

const double = defineTask('double', { role: 'work', input: z.int(), output: z.int(), resultTtl: '1m' });

class WorkAgent extends Agent {
  static readonly role = 'work';
  @onTask(double) double(task: Task<typeof double>): number {
    return 2 * task.input;
  }
}

/** The frames that a client sends. */
function framesOf({ broker }: SimClient): number[] {
  const sizes: number[] = [];
  const enqueue = broker.tasks.enqueue.bind(broker.tasks);
  broker.tasks.enqueue = (frame: Frame<EnqueueOp>): Promise<readonly EnqueueReply[]> => {
    sizes.push(frame.ops.length);
    return enqueue(frame);
  };
  return sizes;
}

const upTo = (count: number): number[] => Array.from({ length: count }, (_, index) => index);

async function failureOf(world: World, promise: Promise<unknown>): Promise<DeliveryError> {
  const error = await world.until(promise.catch((caught: unknown) => caught));
  if (error instanceof DeliveryError) return error;
  throw new Error(`expected a DeliveryError, got: ${String(error)}`);
}

describe('enqueueMany', () => {
  test('resolves to the handles in the order of the inputs, and travels in few frames', async () => {
    const world = new World();
    await world.start('n1', [pool(WorkAgent)]);
    const client = await world.connect();
    const sizes = framesOf(client);
    const handles = await world.until(client.fleet.enqueueMany(double, upTo(300)));
    expect(sizes).toEqual([32, 32, 128, 108]);
    const results = await world.until(Promise.all(handles.map((handle) => handle.result())));
    expect(results).toEqual(upTo(300).map((input) => 2 * input));
  });

  test('goes by class and by address, with options for all or for each', async () => {
    const world = new World();
    const { fleet } = await world.connect();
    const idsOf = (handles: readonly TaskHandle[]): string[] => handles.map(({ id }) => id.slice(0, 'work.n'.length));
    expect(idsOf(await world.until(fleet.enqueueMany(WorkAgent, 'double', [1, 2], { priority: 'low' })))).toEqual([
      'work.l',
      'work.l',
    ]);
    const address = { role: 'work', task: 'double' };
    const each = fleet.enqueueMany(address, ['a', 'b'], (input, index) => ({
      priority: input === 'a' ? 'high' : 'normal',
      key: `key ${index}`,
    }));
    expect(idsOf(await world.until(each))).toEqual(['work.h', 'work.n']);
    const again = await world.until(fleet.enqueueMany(address, ['c'], { key: 'key 1' }));
    expect(again.map(({ id }) => id)).toEqual([(await each)[1]?.id]);
    expect(await world.until(fleet.enqueueMany(address, []))).toEqual([]);
  });

  test('sends nothing when one input does not fit, leads nowhere, or when they are too many', async () => {
    const world = new World();
    const client = await world.connect();
    const sizes = framesOf(client);
    const wrong = [...upTo(500), 'text' as never];
    const failure = await failureOf(world, client.fleet.enqueueMany(double, wrong));
    expect(failure).toMatchObject({ code: 'invalid-payload' });
    expect(failure.message).toContain('input 500 of task "double"');
    expect(await failureOf(world, client.fleet.enqueueMany(double, upTo(10_001)))).toMatchObject({ code: 'malformed' });
    expect(await failureOf(world, client.fleet.enqueueMany(double, 3 as never))).toMatchObject({ code: 'malformed' });
    const nowhere = client.fleet.enqueueMany(WorkAgent, 'triple' as never, [1]);
    expect(await failureOf(world, nowhere)).toMatchObject({ code: 'no-handler' });
    expect(sizes).toEqual([]);
  });

  test('tells which tasks were stored when the queue gets full in the middle, and sends no more', async () => {
    const world = new World();
    const client = await world.connect('limited', { maxWaiting: 2_000 });
    const sizes = framesOf(client);
    const failure = await failureOf(world, client.fleet.enqueueMany(double, upTo(5_000)));
    expect(failure.code).toBe('queue-full');
    expect(failure.message).toContain('Of 5000 tasks 2000 were stored');
    const accepted = failure.details['accepted'] as { index: number; handle: TaskHandle }[];
    expect(accepted.map(({ index }) => index)).toEqual(upTo(2_000));
    expect(failure.details['refused']).toBe(3_000);
    expect(sizes.reduce((sum, size) => sum + size, 0)).toBe(2_048);
    expect(await world.until(client.fleet.queue('work'))).toMatchObject({ waiting: 2_000 });
    const last = accepted.at(-1)?.handle;
    expect(await world.until((last as TaskHandle).cancel())).toBe('cancelled');
  });
});
