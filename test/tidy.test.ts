/**
 * The house rules, kept by a test: layers, sizes, style, banned globals, words. Each rule has two tests: the code keeps
 * it, and it has teeth, which is to say that it reports what is planted for it.
 */
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { globalRules } from './tidy/globals.ts';
import { layerRules } from './tidy/layers.ts';
import { sizeRules } from './tidy/sizes.ts';
import { type Finding, readTree, sourceFile } from './tidy/source.ts';
import { styleRules } from './tidy/style.ts';
import { wordRules } from './tidy/words.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const code = [
  'src',
  'agents',
  'examples',
  'test',
  'scripts',
  'bin',
  ...['run', 'growth', 'loads', 'systems'].map((room) => `bench/${room}`),
];
const files = readTree(root, code).filter(({ path }) => !path.endsWith('.md')); // pages are the affair of docs.test.ts
const rules = [...layerRules, ...sizeRules, ...styleRules, ...globalRules, ...wordRules];

describe('the code keeps the house rules', () => {
  test('there is code to look at', () => {
    expect(files.filter((file) => file.path.startsWith('src/')).length).toBeGreaterThan(0);
  });

  for (const { title, check } of rules) {
    test(title, () => {
      expect(check(files).map(describeFinding).join('\n')).toBe('');
    });
  }
});

describe('each rule reports what is planted for it', () => {
  for (const { title, check, planted } of rules) {
    test(title, () => {
      const missed = planted.filter(([path, text]) =>
        check([sourceFile(path, text)]).every(({ file }) => file !== path),
      );
      expect(planted.length).toBeGreaterThan(0);
      expect(missed).toEqual([]);
    });
  }

  test('and a file that keeps them all is left alone', () => {
    const tidy = sourceFile(
      'src/runtime/pulse.ts',
      [
        '/**',
        ' * Beats once a second,',
        ' * so that others know.',
        ' */',
        "import type { Clock } from '../core/clock.ts';",
        'export interface Timers { setTimeout: number; now(): number }',
        'export const at = (clock: Clock): Date => new Date(clock.now());',
        'export const timers = { setTimeout: 1 };',
        'export const read = (t: Timers): number => t.setTimeout;',
      ].join('\n'),
    );
    expect(rules.flatMap(({ check }) => check([tidy])).map(describeFinding)).toEqual([]);
  });
});

function describeFinding({ file, line, message }: Finding): string {
  return `${file}:${line} ${message}`;
}
