/**
 * The page of failures is complete, and every test it names exists.
 */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { pageAt, root } from './pages.ts';

const rows = pageAt('docs/failures.md')
  .text.split('\n')
  .flatMap((line) => {
    const [, number = '', , , tests = ''] = line.split('|').map((cell) => cell.trim());
    return /^\d+$/.test(number) ? [{ number: Number(number), tests }] : [];
  });

test('every failure of the catalogue has its row', () => {
  expect(rows.map(({ number }) => number)).toEqual(Array.from({ length: 34 }, (_, index) => index + 1));
});

describe('the tests that are named', () => {
  for (const { number, tests } of rows)
    test(`for failure ${number} exist, by file and title`, () => {
      const named = tests.split('<br>').map((one) => /^\[(test\/[^\]]+\.test\.ts)\]\(\.\.\/\1\): “([^”]+)”$/.exec(one));
      expect(named.length).toBeGreaterThan(0);
      for (const [index, match] of named.entries()) {
        const [, path = '', title = ''] = match ?? [];
        expect(existsSync(join(root, path)), tests.split('<br>')[index]).toBe(true);
        expect(
          titlesIn(path).filter((one) => one.includes(title)),
          title,
        ).not.toEqual([]);
      }
    });
});

/** What stands in quotes behind `test(` and its like; what a template fills in is left out. */
function titlesIn(path: string): readonly string[] {
  const text = readFileSync(join(root, path), 'utf8');
  return [...text.matchAll(/^ *(?:test|\]\))\(?(['`])(.+?)\1, /gm)].map(([, , title]) => title ?? '');
}
