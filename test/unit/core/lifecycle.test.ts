/**
 * Starting parts in order and stopping them in reverse, also when some of them fail.
 */
import { expect, test } from 'vitest';
import { type Part, startInOrder, stopInReverse } from '../../../src/core/lifecycle.ts';

function parts(failing: readonly string[]): { list: Part[]; did: string[] } {
  const did: string[] = [];
  const act = async (what: string): Promise<void> => {
    await Promise.resolve();
    did.push(what);
    if (failing.includes(what)) throw new Error(`${what} failed`);
  };
  const list = ['a', 'b', 'c'].map((name) => ({
    name,
    start: () => act(`start ${name}`),
    stop: () => act(`stop ${name}`),
  }));
  return { list, did };
}

test('parts start in order, one after the other, and stop in reverse', async () => {
  const { list, did } = parts([]);
  await startInOrder(list);
  await stopInReverse(list);
  expect(did).toEqual(['start a', 'start b', 'start c', 'stop c', 'stop b', 'stop a']);
});

test('when one fails to start, those before it are stopped in reverse and the failure is thrown', async () => {
  const { list, did } = parts(['start c']);
  await expect(startInOrder(list)).rejects.toThrow('start c failed');
  expect(did).toEqual(['start a', 'start b', 'start c', 'stop b', 'stop a']);
});

test('when stopping fails too after a failed start, both failures are thrown', async () => {
  const { list, did } = parts(['start c', 'stop b']);
  const failure: unknown = await startInOrder(list).catch((error: unknown) => error);
  expect(failure).toBeInstanceOf(AggregateError);
  expect(failure).toMatchObject({
    message: 'c failed to start, and stopping the others failed too',
    errors: [{ message: 'start c failed' }, { message: 'stop b failed' }],
  });
  expect(did.at(-1)).toBe('stop a');
});

test('every part is stopped even when one fails, then the failure is thrown', async () => {
  const { list, did } = parts(['stop b']);
  await expect(stopInReverse(list)).rejects.toThrow('stop b failed');
  expect(did).toEqual(['stop c', 'stop b', 'stop a']);
});

test('several failures to stop are thrown together', async () => {
  const { list } = parts(['stop c', 'stop a']);
  await expect(stopInReverse(list)).rejects.toMatchObject({
    message: '2 parts failed to stop',
    errors: [{ message: 'stop c failed' }, { message: 'stop a failed' }],
  });
});

test('nothing to start or stop is no failure', async () => {
  await startInOrder([]);
  await stopInReverse([]);
});
