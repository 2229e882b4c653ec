/**
 * The example of a shared file: whatever becomes of the holders of its lock, each accepted edit stands in it once.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { missingClients } from '../classic/programs.ts';
import { waitFor } from '../support/wait.ts';
import { alive, root, runExample, temporaryFolder } from './run.ts';

const skipped = test.skipIf(missingClients !== undefined);

skipped(
  `every edit stands in the file once, none of a holder that was killed or too slow (${missingClients ?? 'real clients'})`,
  async () => {
    const folder = temporaryFolder();
    const run = runExample(folder, ['shared-file', 'out']);
    expect(await run.ended(), run.err()).toBe(0);

    const sources = readdirSync(join(root, 'src', 'agent')).map((name) => `src/agent/${name}`);
    const text = readFileSync(join(folder, 'out', 'journal.md'), 'utf8');
    const notes = [...text.matchAll(/^- (\S+) has (\d+) lines \((\S+)\)$/gm)].map(
      ([, source = '', lines, by = '']) => ({
        source,
        lines: Number(lines),
        by,
      }),
    );
    const inOrder = [...notes].sort((one, other) => (one.source < other.source ? -1 : 1));
    expect(inOrder.map(({ source, lines }) => ({ source, lines }))).toEqual(
      sources.sort().map((source) => ({ source, lines: linesOf(join(root, source)) })),
    );
    expect(text).toMatch(
      new RegExp(`^# Journal\n\nedits: ${sources.length}\ntoken: \\d+\n\n(- .*\n){${sources.length}}$`),
    );
    const writers = new Set(notes.map(({ by }) => by.replace(/@.*/, '')));
    expect(writers).toEqual(new Set(['editor', 'php-1', 'php-2']));

    const tokens = [...run.out().matchAll(/wrote about \S+, with token (\d+)/g)].map(([, token]) => Number(token));
    expect(new Set(tokens).size).toBe(tokens.length);
    const slow = Number(/slow +holds the lock with token (\d+)/.exec(run.out())?.[1]);
    expect(tokens.filter((token) => token > slow)).toHaveLength(2); // what was written while it stood still
    expect(text).toContain(`token: ${Math.max(...tokens)}\n`);
    expect(run.out()).toMatch(/slow +was refused: expected to hold lock "journal", got: /);
    expect(readdirSync(join(folder, 'out')).sort()).toEqual(['journal.md', 'journal.md.ghost.draft']);
  },
);

skipped(`Ctrl-C in the middle ends all that was started (${missingClients ?? 'real clients'})`, async () => {
  const folder = temporaryFolder();
  const run = runExample(folder, ['shared-file', 'out']);
  await waitFor(() => run.out().includes('php-1 is'), { what: 'the second act', timeoutMs: 30_000 });
  const started = alive(run);
  expect(started).toEqual(expect.arrayContaining(['a Redis of its own', 'slow', 'php-1']));
  expect(started).not.toContain('ghost');
  run.signal('SIGINT');
  expect(await run.ended()).toBe(130);
  expect(alive(run)).toEqual([]);
  const socket = /unix:\/\/(\S+)/.exec(run.out())?.[1] ?? '';
  expect(existsSync(dirname(socket))).toBe(false);
});

function linesOf(path: string): number {
  return readFileSync(path, 'utf8').split('\n').length - 1;
}
