/**
 * Logs: the newest lines of each agent, newest first.
 */
import { expect, test } from 'vitest';
import type { LogEntry } from '../../src/broker/logs.ts';
import { limits } from '../../src/core/limits.ts';
import { describeBrokers } from './harness.ts';
import { numbered } from './work.ts';

const line = (message: string, options: Partial<LogEntry> = {}): LogEntry => ({
  agent: 'docs',
  level: 'info',
  message,
  at: 1_700_000_000_000,
  ...options,
});

describeBrokers('logs', (open) => {
  test('G1: lines are read newest first, no more than asked for', async () => {
    const fleet = await open();
    const [a, b] = [await fleet.connect(), await fleet.connect()];
    await a.logs.append([line('one'), line('two')]);
    await b.logs.append([line('three')]);
    const messages = async (count: number) => (await b.logs.read('docs', count)).map(({ message }) => message);
    expect(await messages(10)).toEqual(['three', 'two', 'one']);
    expect(await messages(2)).toEqual(['three', 'two']);
  });

  test(`G1: an agent's log keeps its newest ${limits.logEntries} lines`, async () => {
    const fleet = await open();
    const a = await fleet.connect();
    const names = numbered(limits.logEntries + 50);
    for (let from = 0; from < names.length; from += 40)
      await a.logs.append(names.slice(from, from + 40).map((name) => line(name)));
    await a.logs.append([line('other', { agent: 'other' })]);
    const kept = (await a.logs.read('docs', 1_000)).map(({ message }) => message);
    expect(kept).toEqual(names.slice(-limits.logEntries).toReversed());
    expect(await a.logs.read('other', 1_000)).toHaveLength(1);
  });

  test('a line keeps agent, level and message, and its time to the second', async () => {
    const fleet = await open();
    const a = await fleet.connect();
    const message = 'Grüße "quoted" \\ [x] <y> 日本語 🤖';
    for (const level of ['info', 'warn', 'error'] as const)
      await a.logs.append([line(message, { level, at: 1_700_000_001_987 })]);
    const lines = await a.logs.read('docs', 10);
    expect(lines).toEqual(
      ['error', 'warn', 'info'].map((level) => ({ agent: 'docs', level, message, at: 1_700_000_001_000 })),
    );
  });

  test('one append carries lines of many agents, and an unknown agent has none', async () => {
    const fleet = await open();
    const a = await fleet.connect();
    await a.logs.append(numbered(5, 'agent').flatMap((agent) => [line('x', { agent }), line('y', { agent })]));
    for (const agent of numbered(5, 'agent'))
      expect((await a.logs.read(agent, 10)).map(({ message }) => message)).toEqual(['y', 'x']);
    expect(await a.logs.read('nobody', 10)).toEqual([]);
    await a.logs.append([]);
  });
});
