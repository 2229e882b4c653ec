/**
 * F6 where the server is another one: frames whose outcome is unknown are refused once, so that they are repeated marked.
 */
import { expect, test } from 'vitest';
import { BrokerError } from '../../../src/core/errors.ts';
import { OpenFrames } from '../../../src/redis/open-frames.ts';

const frame = (seq: number) => ({ tag: 't', sender: 'me', seq, prev: 0, known: 3, leased: false, ops: [] });

function open() {
  const runs = { since: 0 };
  const frames = new OpenFrames({ runs });
  const lost = new BrokerError('unknown-outcome', 'the reply was lost');
  const carry = async (seq: number, run: () => Promise<unknown> = () => Promise.resolve('done')): Promise<unknown> =>
    frames.carry('line', frame(seq), { reach: () => Promise.resolve(), run }).catch((error: unknown) => error);
  return { runs, carry, lose: (seq: number) => carry(seq, () => Promise.reject(lost)) };
}

test('what was tried on the server before is refused once, with what is known of its line', async () => {
  const { runs, carry, lose } = open();
  await lose(4);
  runs.since++;
  expect(await carry(4)).toMatchObject({ code: 'forgotten', details: { last: 3 } });
  expect(await carry(4)).toBe('done');
  expect(await carry(4)).toBe('done');
});

test('while the server is the same, and of what was never tried, nothing is refused', async () => {
  const { runs, carry, lose } = open();
  await lose(4);
  await lose(4);
  expect(await carry(4)).toBe('done');
  runs.since++;
  expect(await carry(4)).toBe('done');
  expect(await carry(5)).toBe('done');
});

test('what is lost again on the new server is refused only when that one is replaced, too', async () => {
  const { runs, carry, lose } = open();
  await lose(4);
  runs.since++;
  expect(await lose(4)).toMatchObject({ code: 'forgotten' });
  expect(await lose(4)).toMatchObject({ code: 'unknown-outcome' });
  expect(await lose(4)).toMatchObject({ code: 'unknown-outcome' });
  runs.since++;
  expect(await carry(4)).toMatchObject({ code: 'forgotten' });
});
