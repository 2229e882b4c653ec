/**
 * Handlers that ask for a thread, under virtual time: in place where nobody hands in threads, and what becomes of one that cannot be
 * ended, which real threads do not show at will.
 */
import { pool, single } from 'agent-runtime';
import { expect, test } from 'vitest';
import { resolveConfig } from '../../src/config/config.ts';
import { Observer } from '../../src/core/observer.ts';
import { MemoryBroker } from '../../src/memory/broker.ts';
import { Node } from '../../src/runtime/node.ts';
import type { ThreadCall, ThreadHost } from '../../src/runtime/thread-runner.ts';
import { DeskAgent, HardAgent } from '../support/hard-agent.ts';
import { ProcessClock, saidOf, World } from './world.ts';

test('a handler with thread: true runs in place, with the whole of its agent', async () => {
  const world = new World();
  const a = await world.start('a', [pool(HardAgent), single(DeskAgent, { id: 'desk' })]);
  const { fleet } = await world.connect();
  const [one, two] = [
    await world.until(fleet.run(HardAgent, 'where', undefined)),
    await world.until(fleet.run(HardAgent, 'where', undefined)),
  ];
  expect(one).toMatchObject({ id: 'hard@a.1', isMainThread: true, calls: 1 });
  expect(two.calls).toBe(2);
  expect(await world.until(fleet.run(HardAgent, 'verbs', undefined))).toMatchObject({ halves: 40, gone: true });
  expect(await world.until(fleet.run(HardAgent, 'locked', undefined))).toMatchObject({ name: 'hard' });
  expect(saidOf(a, 'log').map(({ message }) => message)).toContain('to be seen');
});

test('a thread in native code holds its place no longer than any other handler, and is a zombie until it ends', async () => {
  const world = new World();
  const clock = new ProcessClock(world.clock);
  const observer = new Observer();
  const told: unknown[] = [];
  for (const event of ['handler.given-up', 'task.settled'] as const)
    observer.on(event, (record) => void told.push(record));
  let terminated = 0;
  let thread: ThreadHost | undefined;
  const threads = {
    prepare: () => Promise.resolve(),
    run: ({ host }: ThreadCall) => {
      thread = host;
      return { result: new Promise(() => {}), terminate: () => void terminated++ };
    },
  };
  const config = resolveConfig({ agents: [pool(HardAgent)] });
  const place = { node: 'a', host: 'sim', pid: 1, broker: new MemoryBroker({ fleet: world.fleet, address: 'a' }) };
  const node = new Node({ ...place, clock, random: world.random, observer, config, threads, onEnded: () => {} });
  await world.until(node.start());
  const { fleet } = await world.connect();
  const handle = await world.until(fleet.enqueue(HardAgent, 'spinTooLong', undefined));
  await world.eventually(() => told.length > 0, 'the end of the task');
  expect([told[0], terminated]).toMatchObject([{ task: handle.id, outcome: 'dead' }, 1]);
  await world.eventually(() => told.length > 1, 'the zombie to be told');
  expect(told[1]).toEqual({ agent: 'hard@a.1', name: 'spinTooLong', zombies: 1 });
  const late = thread?.use('send', ['desk', 'hello']) ?? Promise.resolve();
  await expect(world.until(late)).rejects.toMatchObject({ name: 'CancelledError', code: 'given-up' });
  const stopped = clock.monotonic();
  await world.until(node.stop({ graceMs: 0 }));
  expect(clock.monotonic() - stopped).toBeLessThan(1_000);
});
