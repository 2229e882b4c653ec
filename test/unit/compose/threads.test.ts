/**
 * Threads without a fleet: the class that one finds, the errors that cross, and that nothing of a terminated one is left.
 */
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { handlersOf } from '../../../src/agent/handlers.ts';
import type { ThreadPlace } from '../../../src/agent/threads.ts';
import { findClass } from '../../../src/compose/thread-class.ts';
import { fromWire, toWire } from '../../../src/compose/thread-errors.ts';
import { Threads } from '../../../src/compose/threads.ts';
import {
  AgentUnavailable,
  BrokerError,
  CancelledError,
  DeliveryError,
  describeError,
  HandlerError,
  InvariantError,
  OwnershipError,
  RetryableError,
  RuntimeError,
  TerminalError,
} from '../../../src/core/errors.ts';
import { Observer } from '../../../src/core/observer.ts';
import { systemClock } from '../../../src/core/system.ts';
import type { ThreadCall } from '../../../src/runtime/thread-runner.ts';
import { HardAgent, hidden } from '../../support/hard-agent.ts';
import { waitFor } from '../../support/wait.ts';

/** A thread compiles and loads the whole package: seconds on a machine that is busy. */
const patience = 60_000;
vi.setConfig({ testTimeout: patience });

function placeOf(task: string, Class: Parameters<typeof handlersOf>[0] = HardAgent): ThreadPlace {
  const place = handlersOf(Class).tasks.get(task)?.thread;
  if (place === undefined) throw new Error(`expected task "${task}" to run in a thread`);
  return place;
}

describe('the class of a thread', () => {
  test('is the one of its role among the exports of the module that registered the handler', async () => {
    const found = await findClass(placeOf('where'));
    expect(typeof found === 'function' && found.name).toBe('HardAgent');
  });

  test.each([
    ['is not exported', placeOf('hide', hidden.agent), /to export class HiddenAgent.*got: .*HardAgent/],
    ['has no module', { ...placeOf('where'), module: undefined }, /got: no module in its call stack/],
    [
      'has a module that cannot be loaded',
      { ...placeOf('where'), module: 'file:///nowhere.js' },
      /nowhere\.js to export/,
    ],
    ['has a module without agents', { ...placeOf('where'), module: import.meta.resolve('zod') }, /got: no agent class/],
  ])('is missing, and the way out is told, when it %s', async (_why, place, message) => {
    const found = await findClass(place);
    expect(found).toMatch(message);
    expect(found).toContain('static readonly module = import.meta.url');
  });
});

describe('an error that crosses', () => {
  const details = { page: 7 };
  const errors: readonly (readonly [string, Error])[] = [
    ['terminal', new TerminalError('never', { details, cause: new TypeError('inner') })],
    ['retryable', new RetryableError('later', { afterMs: 250 })],
    ['unavailable', new AgentUnavailable('docs', 'nobody runs it')],
    ['delivery', new DeliveryError('inbox-full', 'full', { details })],
    ['broker', new BrokerError('unreachable', 'away')],
    ['ownership', new OwnershipError('lock-lost', 'gone', details)],
    ['cancelled', new CancelledError('given-up', 'too late')],
    ['handler', new HandlerError('it threw', { cause: new TerminalError('never') })],
    ['invariant', new InvariantError('a bug', details)],
  ];

  test.each(errors)('of the runtime keeps its class, and all that it carries: %s', (_kind, error) => {
    const crossed = fromWire(structuredClone(toWire(error)));
    expect(describeError(crossed)).toEqual(describeError(error));
    const Base = error instanceof InvariantError ? RuntimeError : error.constructor;
    expect(crossed).toBeInstanceOf(Base);
    expect(Reflect.get(crossed, 'afterMs')).toBe(Reflect.get(error, 'afterMs'));
    if (error.cause instanceof Error) expect(crossed.cause).toMatchObject({ message: error.cause.message });
  });

  test('of a user keeps its name, code and details, and what is no error becomes one', () => {
    class QuotaError extends Error {
      readonly code = 'quota';
      readonly details = { left: 0, at: () => 1 };
    }
    for (const thrown of [new QuotaError('spent'), new TypeError('odd'), 'a text', undefined, { a: 1 }])
      expect(describeError(fromWire(structuredClone(toWire(thrown))))).toEqual({
        stack: expect.any(String),
        ...describeError(thrown),
      });
    const endless = new Error('again');
    endless.cause = endless;
    expect(fromWire(toWire(endless)).message).toBe('again');
  });
});

function call(method: string, input: unknown, signal = new AbortController().signal): ThreadCall {
  const trace = { id: 't', asks: [] };
  const task = { id: '1', name: method, input, attempt: 1, redelivered: false, from: 'test', trace };
  const host = { use: () => Promise.resolve(), log: () => {}, setStatus: () => {} };
  return { place: placeOf(method), agent: 'hard@n1.1', method, task, signal, host };
}

test('a terminated thread computes nothing any more, also when its handler never looks up', async () => {
  const threads = new Threads({ clock: systemClock, observer: new Observer() });
  onTestFinished(() => threads.close());
  const beats = new Int32Array(new SharedArrayBuffer(4));
  const run = threads.run(call('beat', beats.buffer));
  const ended = expect(run.result).rejects.toThrow('the thread was ended');
  await waitFor(() => Atomics.load(beats, 0) > 0, { what: 'the thread to compute', timeoutMs: patience / 2 });
  run.terminate();
  await ended;
  const last = Atomics.load(beats, 0);
  const other = threads.run(call('where', undefined)); // as long as a new thread needs to come up
  expect(await other.result).toMatchObject({ isMainThread: false });
  expect(Atomics.load(beats, 0)).toBe(last);
});

test('a task whose class no thread can load has failed for good', async () => {
  const threads = new Threads({ clock: systemClock, observer: new Observer() });
  onTestFinished(() => threads.close());
  const place = { ...placeOf('where'), module: new URL('./nowhere.ts', import.meta.url).href };
  const { result } = threads.run({ ...call('where', undefined), place });
  await expect(result).rejects.toBeInstanceOf(TerminalError);
});
