/**
 * The loop around a user's generator: asked for no more than there is room for (J7), and always ended (J8).
 */
import { expect, test } from 'vitest';
import { drain, isStream, type PartSink, pump } from '../../../src/runtime/pump.ts';

function numbers() {
  const log: string[] = [];
  async function* generate(): AsyncGenerator<number, string> {
    try {
      for (let number = 1; number <= 3; number++) {
        log.push(`made ${number}`);
        yield number;
      }
      return 'done';
    } finally {
      await Promise.resolve();
      log.push('closed');
    }
  }
  return { log, generate };
}

const never = new AbortController().signal;

test('J7: a part is asked for only when there is room for it', async () => {
  const { log, generate } = numbers();
  const sink: PartSink = {
    room: () => Promise.resolve(void log.push('room')),
    put: (value) => Promise.resolve(void log.push(`put ${String(value)}`)),
  };
  expect(await pump(generate(), sink, never)).toBe('done');
  const turn = (number: number): string[] => ['room', `made ${number}`, `put ${number}`];
  expect(log).toEqual([...turn(1), ...turn(2), ...turn(3), 'room', 'closed']);
});

test('J8: a generator whose part is refused, or whose call has ended, runs its finally', async () => {
  const refusing = numbers();
  const put = (): Promise<void> => Promise.reject(new Error('refused'));
  await expect(pump(refusing.generate(), { ...drain, put }, never)).rejects.toThrow('refused');
  expect(refusing.log).toEqual(['made 1', 'closed']);

  const full = numbers();
  const abort = new AbortController();
  let rooms = 0;
  const room = (): Promise<void> => (++rooms > 2 ? new Promise(() => {}) : Promise.resolve());
  const running = pump(full.generate(), { ...drain, room }, abort.signal);
  while (rooms < 3) await Promise.resolve();
  abort.abort(new Error('enough'));
  await expect(running).rejects.toThrow('enough');
  expect(full.log).toEqual(['made 1', 'made 2', 'closed']);

  const late = numbers();
  const ended = new AbortController();
  const stop = (): Promise<void> => Promise.resolve(ended.abort(new Error('late')));
  await expect(pump(late.generate(), { ...drain, put: stop }, ended.signal)).rejects.toThrow('late');
  expect(late.log.at(-1)).toBe('closed');
});

test('what the generator throws is what the call ends with, and it is not closed again', async () => {
  let returns = 0;
  const broken = {
    [Symbol.asyncIterator]: () => ({
      next: () => Promise.reject(new TypeError('mine')),
      return: () => Promise.resolve({ done: true, value: ++returns }),
    }),
  } as AsyncIterable<unknown>;
  await expect(pump(broken, drain, never)).rejects.toThrow(TypeError);
  expect([returns, isStream(broken), isStream([1]), isStream(null)]).toEqual([0, true, false, false]);
});
