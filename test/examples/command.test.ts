/**
 * `npm run example` as a command: what it says to a name that it does not know, and where something is missing.
 */
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { runExample, temporaryFolder } from './run.ts';

test.each([
  [['paralel-audits'], 'expected the name of an example, got: "paralel-audits"'],
  [['constructor'], 'expected the name of an example, got: "constructor"'],
  [[], 'expected the name of an example, got: nothing'],
  [['shared-file', 'a', 'b'], 'expected NAME and at most one FOLDER, got: "shared-file" "a" "b"'],
])('of the arguments %j it says what is wrong, and lists the examples', async (args, problem) => {
  const run = runExample(temporaryFolder(), args);
  expect(await run.ended()).toBe(64);
  const [first, , ...names] = run.err().trim().split('\n');
  expect(first).toBe(problem);
  expect(names.map((line) => line.trim().split(' ')[0])).toEqual([
    'parallel-audits',
    'shared-file',
    'work-distribution',
  ]);
  expect(run.out()).toBe('');
});

test('without the clients of PHP and Python it says in one line what to install', async () => {
  const folder = temporaryFolder();
  const bin = join(folder, 'bin');
  mkdirSync(bin);
  writeFileSync(join(bin, 'redis-server'), '#!/bin/sh\necho "Redis server v=7.0.0"\n');
  chmodSync(join(bin, 'redis-server'), 0o755);
  const run = runExample(folder, ['shared-file'], { PATH: bin });
  expect(await run.ended()).toBe(69);
  expect(run.err()).toBe(
    'The examples need PHP with Predis and Python with redis-py: install php-cli, php-predis, python3-redis (as Debian and Ubuntu call them).\n',
  );
});

test('without a redis-server it says so', async () => {
  const folder = temporaryFolder();
  const run = runExample(folder, ['shared-file'], { PATH: folder });
  expect(await run.ended()).toBe(69);
  expect(run.err()).toMatch(/^The examples start a private Redis: install redis-server .*\n$/);
});
