/**
 * Handlers in threads, in a real fleet: what they compute holds up nobody, what ends them ends them, and what they throw, report and
 * ask for is the same as in place.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Agent, onTask, pool, single, startFleet, type Task } from 'agent-runtime';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import type { TaskHandle } from '../../src/agent/task-handle.ts';
import type { RunningFleet } from '../../src/compose/start-fleet.ts';
import { HandlerError } from '../../src/core/errors.ts';
import { Observer, type RuntimeEvents } from '../../src/core/observer.ts';
import { DeskAgent, HardAgent } from '../support/hard-agent.ts';
import { waitFor } from '../support/wait.ts';

/** A thread compiles and loads the whole package: seconds on a machine that is busy. */
const patience = 60_000;
vi.setConfig({ testTimeout: patience, hookTimeout: patience });

const projectDir = mkdtempSync(join(tmpdir(), 'threads-'));
const observer = new Observer();
const settled: RuntimeEvents['task.settled'][0][] = [];
const lines: RuntimeEvents['log'][0][] = [];
observer.on('task.settled', (record) => void settled.push(record));
observer.on('log', (record) => void lines.push(record));
const deps = { projectDir, env: {}, observer }; // no redis-server on the PATH: in memory
let running: RunningFleet;

beforeAll(async () => {
  const timing = { presenceLease: '1s', heartbeat: '250ms' } as const;
  running = await startFleet({ agents: [pool(HardAgent), single(DeskAgent, { id: 'desk' })], timing }, deps);
});
afterAll(async () => {
  await running.stop();
  rmSync(projectDir, { recursive: true, force: true });
});

async function firstStep(handle: TaskHandle): Promise<string | undefined> {
  for await (const step of handle.progress()) return step.note;
  return undefined;
}

/** Resolves when the lease of the node was renewed once more. */
async function heartbeat(): Promise<void> {
  const left = async (): Promise<number> => (await running.fleet.nodes())[0]?.leaseLeftMs ?? 0;
  let before = await left();
  const renewed = async (): Promise<boolean> => {
    const now = await left();
    const isRenewed = now > before;
    before = now;
    return isRenewed;
  };
  await waitFor(renewed, { what: 'a heartbeat' });
}

async function failureOf(result: Promise<unknown>): Promise<HandlerError> {
  const error: unknown = await result.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (error instanceof HandlerError) return error;
  throw new Error(`expected the task to fail, got: ${String(error)}`);
}

describe('a handler that computes without end', () => {
  test('holds up neither the heartbeat nor other agents, and a cancel ends it', async () => {
    const { fleet } = running;
    const handle = await fleet.enqueue(HardAgent, 'spin', undefined);
    expect(await firstStep(handle)).toBe('spinning');
    await heartbeat();
    await heartbeat();
    expect(await fleet.ask('desk', 'who-is', { name: 'it' })).toBe('it, asks 0');
    expect(await handle.cancel('enough')).toBe('requested');
    expect((await failureOf(handle.result())).message).toContain('enough');
    expect((await fleet.run(HardAgent, 'where', undefined)).isMainThread).toBe(false); // its place is free
    expect((await fleet.nodes())[0]?.status).not.toContain('"zombies":1');
  });

  test('ends at its timeout', async () => {
    const error = await failureOf(running.fleet.run(HardAgent, 'spinTooLong', undefined));
    expect(error.message).toContain('longer than its timeout of 50 ms');
  });
});

describe('inside a thread', () => {
  test('a handler that listens to its signal ends in order, and says what it has to say', async () => {
    const handle = await running.fleet.enqueue(HardAgent, 'waitForEnd', undefined);
    expect(await firstStep(handle)).toBe('waiting');
    await handle.cancel('no longer needed');
    await failureOf(handle.result());
    expect(lines.map(({ message }) => message)).toContainEqual(expect.stringMatching(/^ended in order: .*no longer/));
  });

  test('each call has an instance of its own, and the next one the thread of the one before', async () => {
    const one = await running.fleet.run(HardAgent, 'where', { a: [1] });
    const two = await running.fleet.run(HardAgent, 'where', undefined);
    expect(one).toEqual({ ...one, role: 'hard', isMainThread: false, calls: 1, attempt: 1, input: { a: [1] } });
    expect(one.id).toMatch(/^hard@.*\.1$/);
    expect([two.calls, two.threadId]).toEqual([1, one.threadId]);
  });

  test('the verbs work in the name of the agent, with contracts and classes', async () => {
    const { halves, task, ...rest } = await running.fleet.run(HardAgent, 'verbs', undefined);
    expect(halves).toBe(40);
    expect(rest).toMatchObject({ who: 'hard, asks 1', stored: true, gone: true });
    await waitFor(() => settled.some((one) => one.task === task && one.outcome === 'complete'), { what: 'the note' });
    const [event] = await running.fleet.events.read({ topic: 'hard.done' });
    expect(event).toMatchObject({ id: rest.event, from: expect.stringMatching(/^hard@/) });
    expect(lines).toContainEqual(
      expect.objectContaining({ level: 'warn', message: 'to be seen', data: { in: 'the log' } }),
    );
  });

  test('a lock of the option is held, and its token is known', async () => {
    expect(await running.fleet.run(HardAgent, 'locked', undefined)).toEqual({
      name: 'hard',
      token: expect.any(Number),
    });
    expect(await running.fleet.locks.inspect('hard')).toBeUndefined();
  });

  test.each([
    ['lock', 'got: this.lock'],
    ['fanOut', 'got: task.fanOut'],
    ['handle', 'got: result of the handle that this.enqueue gave'],
    ['arguments', 'expected what is given to send to be plain data in a thread'],
    ['result', 'expected the result of refused to be plain data in a thread'],
  ])('what is not available there is refused by name and not tried again: %s', async (what, message) => {
    const error = await failureOf(running.fleet.run(HardAgent, 'refused', what));
    expect(error.message).toContain(message);
    expect(error.cause).toMatchObject({ name: 'TerminalError' });
  });
});

describe('what a handler throws in a thread', () => {
  test('is retried or not by its class, and keeps name, code, details and stack', async () => {
    const { fleet } = running;
    const terminal = await failureOf(fleet.run(HardAgent, 'fail', 'terminal'));
    expect(terminal.cause).toMatchObject({ name: 'TerminalError', message: 'never again', details: { page: 7 } });
    const retried = await failureOf(fleet.run(HardAgent, 'fail', 'retryable'));
    const quota = { name: 'QuotaError', code: 'quota', message: 'attempt 2', details: { left: 0 } };
    expect(retried.cause).toMatchObject({ ...quota, stack: expect.stringContaining('hard-agent') });
  });

  test('or how it ends its thread is the failure of an attempt, and the process goes on', async () => {
    const { fleet } = running;
    expect((await failureOf(fleet.run(HardAgent, 'fail', 'quit'))).message).toContain('ended with exit code 3');
    const hungry = await failureOf(fleet.run(HardAgent, 'hoard', undefined));
    expect(hungry.message).toContain('expected the handler to need at most 64 MB');
  });
});

test('a fleet whose threads cannot load a class does not start', async () => {
  class LostAgent extends Agent {
    static readonly module = new URL('./nowhere.ts', import.meta.url).href;
    @onTask('lose', undefined, undefined, { thread: true }) lose(_task: Task): void {}
  }
  const starting = startFleet({ agents: [pool(LostAgent)] }, deps);
  await expect(starting).rejects.toThrow(
    /^expected .*nowhere.ts to export class LostAgent of role "lost" to its threads/,
  );
});

test('a handler that computes without end is ended by a drain, and its task is released', async () => {
  const handle = await running.fleet.enqueue(HardAgent, 'spin', undefined);
  expect(await firstStep(handle)).toBe('spinning');
  await running.stop({ graceMs: 0 });
  expect(settled.at(-1)).toMatchObject({ task: handle.id, outcome: 'release' });
});
