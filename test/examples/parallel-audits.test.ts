/**
 * The example of parallel audits, over a folder in which it is known what there is to find.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { runCheck } from '../../agents/checks/catalogue.ts';
import { missingClients } from '../classic/programs.ts';
import { runExample, temporaryFolder } from './run.ts';

const skipped = test.skipIf(missingClients !== undefined);

/** What is planted for the commands in Python, with how often each finds something. */
const planted = {
  files: {
    'good.json': '{"a": [1]}\n',
    'bad.json': '{"a": [1}\n',
    'bad.py': 'def broken(:\n    pass\n',
    'good.py': 'def whole():\n    pass\n',
    'long.txt': `${'x'.repeat(201)}\n${'x'.repeat(200)}\n`,
    'spaces.txt': 'one \ntwo\t\nthree\n',
    'cut.txt': 'in the middle',
    'indent.txt': ' \tboth\n\tone\n',
    'README.md': '# A page\n\n[nowhere](missing.md) and [here](long.txt)\n',
    'sub/copy.md': 'twice the same text, long enough to be worth a look\n',
    'sub/again.md': 'twice the same text, long enough to be worth a look\n',
    'sub/merge.ts': `export const a = 1;\n${'<'.repeat(7)} ours\n${'='.repeat(7)}\n${'>'.repeat(7)} theirs\n`,
    'node_modules/left/out.json': 'no JSON',
    '.hidden/out.json': 'no JSON',
  },
  finds: {
    'json-syntax': 1,
    'python-syntax': 1,
    'long-lines': 1,
    'trailing-spaces': 2,
    'final-newline': 1,
    'mixed-indent': 1,
  },
} as const;

const typescript = [
  'dead-links',
  'secrets',
  'duplicate-files',
  'untested-sources',
  'long-code',
  'merge-markers',
  'encoding',
];

skipped(
  `13 commands are done once each, by workers of both languages, and their results add up (${missingClients ?? 'real clients'})`,
  async () => {
    const folder = temporaryFolder();
    const tree = join(folder, 'tree');
    for (const [path, text] of Object.entries(planted.files)) {
      mkdirSync(dirname(join(tree, path)), { recursive: true });
      writeFileSync(join(tree, path), text);
    }
    const run = runExample(folder, ['parallel-audits', 'tree']);
    expect(await run.ended(), run.err()).toBe(0);

    const ends = run.lines().flatMap((line) => {
      const [, number, command = '', findings, by = ''] =
        /^php +\[ ?(\d+)\/13\] (\S+) +found (\d+), by (\S+)$/.exec(line) ?? [];
      return number === undefined ? [] : [{ number: Number(number), command, findings: Number(findings), by }];
    });
    expect(ends.map(({ number }) => number)).toEqual(Array.from({ length: 13 }, (_, index) => index + 1));
    const expected = new Map<string, number>(Object.entries(planted.finds));
    for (const command of typescript) {
      const { total } = await runCheck(command, tree, { signal: new AbortController().signal });
      expected.set(command, total);
    }
    expect(new Map(ends.map(({ command, findings }) => [command, findings]))).toEqual(expected);
    for (const { command, by } of ends) expect(by).toMatch(typescript.includes(command) ? /^audit@/ : /^py-[12]$/);

    const sumOf = (commands: readonly string[]): number =>
      commands.reduce((sum, command) => sum + (expected.get(command) ?? 0), 0);
    expect(sumOf(typescript)).toBeGreaterThan(3); // the link, the copies, the marker
    expect(run.out()).toContain(
      `TypeScript        ${String(sumOf(typescript)).padStart(4)} findings of 7 commands by `,
    );
    expect(run.out()).toContain(`Python               7 findings of 6 commands by `);
    const all = sumOf([...expected.keys()]);
    expect(run.out()).toContain(`all               ${String(all).padStart(4)} findings of 13 commands, 0 failed`);
  },
);

skipped(`a folder that is not there ends the example with a reason (${missingClients ?? 'real clients'})`, async () => {
  const run = runExample(temporaryFolder(), ['parallel-audits', 'nowhere']);
  expect(await run.ended()).toBe(1);
  expect(run.out()).toMatch(/php +expected a folder to audit, got: .*nowhere/);
  expect(run.err()).toContain('expected php to end well, got: status 64');
});
