/**
 * The command line itself: help, mistakes, exit codes, signals; no node is started.
 */
import { describe, expect, test } from 'vitest';
import { runCommand } from '../../../src/cli/main.ts';
import { listenForStop } from '../../../src/cli/stop-signals.ts';
import { watchTask } from '../../../src/cli/task-progress.ts';
import { parseJson, tellError } from '../../../src/cli/usage.ts';
import { BrokerError, ConfigError } from '../../../src/core/errors.ts';
import { files, recording } from './recording.ts';

async function run(...argv: readonly string[]) {
  const context = recording({ cwd: await files({}) });
  const code = await runCommand(argv, context);
  return { code, out: context.lines.out.join('\n'), err: context.lines.err.join('\n') };
}

describe('a command line', () => {
  test('asks for help and gets it', async () => {
    const help = await run('--help');
    expect(help.code).toBe(0);
    for (const name of ['start', 'status', 'events', 'logs', 'enqueue', 'send', 'ask', 'broadcast', 'Examples:'])
      expect(help.out).toContain(name);
    expect((await run('start', '--help')).out).toContain('--run <task>');
    expect((await run('--version')).out).toMatch(/^\d+\.\d+\.\d+$/);
  });

  test('with a mistake in it exits with 64 and says what may have been meant', async () => {
    expect(await run('statuss')).toMatchObject({ code: 64, err: expect.stringContaining('Did you mean status?') });
    expect(await run('start', '--inptu', '{}')).toMatchObject({ code: 64, err: expect.stringContaining('--input') });
    expect(await run('logs')).toMatchObject({
      code: 64,
      err: expect.stringContaining("missing required argument 'agent'"),
    });
    expect(await run('events', '--last', 'x')).toMatchObject({ code: 64 });
    expect(await run('events', '--topic', 'a**b')).toMatchObject({ code: 64 });
    expect(await run('events', '--since', 'yesterday')).toMatchObject({
      code: 64,
      err: expect.stringContaining("a span such as '10m'"),
    });
    expect(await run('events', '--lifecycle', '--topic', 'a')).toMatchObject({ code: 64 });
    expect(await run('events', '--until', '10 parsecs')).toMatchObject({ code: 64 });
    expect(await run('enqueue', 'a', 'b', '{x}')).toMatchObject({
      code: 64,
      err: expect.stringContaining('to be JSON'),
    });
    expect(await run('enqueue', 'a', 'b', '--priority', 'huge')).toMatchObject({ code: 64 });
    for (const at of ['2026-12-01T09:00:00', 'tomorrow', '2026-13-01T09:00:00Z'])
      expect(await run('enqueue', 'a', 'b', '--at', at)).toMatchObject({
        code: 64,
        err: expect.stringContaining("such as '2026-12-01T09:00:00Z'"),
      });
    expect(await run('enqueue', 'a', 'b', '--at', '2026-12-01T09:00:00Z', '--delay', '1s')).toMatchObject({ code: 64 });
    expect(await run('ask', 'a', 'b', '--deadline', 'soon')).toMatchObject({ code: 64 });
    expect(await run('enqueue', 'a', 'b', '--wait', '--follow')).toMatchObject({ code: 64 });
    expect(await run()).toMatchObject({ code: 64 });
  });

  test('without a fleet to be found says so in one sentence and exits with 69', async () => {
    for (const argv of [['status'], ['events'], ['logs', 'docs'], ['send', 'a', 'b'], ['enqueue', 'a', 'b']]) {
      const { code, err } = await run(...argv);
      expect(code).toBe(69);
      expect(err).toContain('no Redis is configured and no private server runs in');
    }
  });

  test('without a configuration start exits with 78', async () => {
    expect(await run('start')).toMatchObject({ code: 78, err: expect.stringContaining('no runtime.config.ts there') });
  });
});

describe('an error', () => {
  const tell = (error: unknown, verbose = false) => {
    const { output, lines } = recording();
    return { code: tellError(error, output, verbose), err: lines.err };
  };

  test('is told without stack and without secrets, and has its exit code', () => {
    const { code, err } = tell(new BrokerError('unreachable', 'no redis://me:pw@host\nStart it.'));
    expect([code, ...err]).toEqual([69, 'error: no redis://***@host', '  Start it.']);
    expect(tell(new ConfigError(['a', 'b']))).toEqual({ code: 78, err: ['error: 2 problems:', '  - a', '  - b'] });
    expect(tell(new AggregateError([new Error('connect ECONNREFUSED')], '')).err).toEqual([
      'error: connect ECONNREFUSED',
    ]);
    expect(tell('thrown')).toEqual({ code: 1, err: ['error: thrown'] });
  });

  test('has its stack and its causes when everything is wanted', () => {
    const { err } = tell(new Error('outer', { cause: new Error('inner rediss://u:p@h') }), true);
    expect(err.join('\n')).toMatch(/outer[\s\S]*at [\s\S]*caused by: Error: inner rediss:\/\/\*\*\*@h/);
  });

  test('in JSON names the argument', () => {
    expect(() => parseJson('{path:1}', '--input')).toThrow(/^expected --input to be JSON, got: \{path:1\}/);
  });
});

test('the first signal drains, and the second one ends the process at once', () => {
  const context = recording();
  const { signal } = listenForStop(context);
  context.press();
  expect([signal.aborted, context.exits]).toEqual([true, []]);
  context.press();
  expect(context.exits).toEqual([130]);
});

test('under npm, the echo of a press within a moment is the same press', async () => {
  const context = { ...recording(), env: { npm_lifecycle_event: 'start' } };
  const { signal, close } = listenForStop(context);
  context.press('SIGTERM');
  context.press('SIGINT');
  expect(signal.aborted).toBe(true);
  expect(context.lines.out).toEqual(['draining, press Ctrl-C again to stop at once']);
  expect(context.exits).toEqual([]);
  await context.clock.advance(400);
  context.press();
  expect(context.exits).toEqual([130]);
  close();
  context.press();
  expect(context.exits).toEqual([130]);
});

test('a watched task shows each report, and a broken progress does not hide its result', async () => {
  const { output, clock, lines } = recording();
  const handle = {
    id: 't',
    result: () => Promise.resolve('done'),
    state: () => Promise.resolve('completed' as const),
    cancel: () => Promise.resolve('ended' as const),
    stream: () => expect.fail('nobody reads its parts'),
    async *progress() {
      yield { done: 1, total: 2, at: 0 };
      throw new Error('the link is gone');
    },
  };
  const say = (line: string): void => output.out(line);
  expect(await watchTask(handle, { name: 'audit', clock, output, say })).toBe('done');
  expect(lines.out).toEqual(['audit  1/2']);
});
