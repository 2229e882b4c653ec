import { expect, test } from 'vitest';
import { heapOptions } from '../../../src/cli/heap-options.ts';

test('a node process has room for the objects of the tasks in its hands', () => {
  expect(heapOptions(undefined, [])).toEqual(['--max-semi-space-size=64']);
  expect(heapOptions(512, ['--import=tsx'])).toEqual(['--max-old-space-size=512', '--max-semi-space-size=64']);
});

test('a small heap keeps the usual room', () => {
  expect(heapOptions(511, [])).toEqual(['--max-old-space-size=511']);
});

test.each(['--max-semi-space-size=32', '--no-warnings --max_semi_space_size=8', '--min-semi-space-size=1'])(
  'what its user has said of it stands: %s',
  (said) => {
    expect(heapOptions(undefined, [said])).toEqual([]);
  },
);
