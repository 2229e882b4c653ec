/**
 * The guide to simulation: its files are those of test/simulation/guide, which run with the tests.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { faultKinds } from '../../src/testing.ts';
import { blocksOf, pageAt, root } from './pages.ts';

const page = pageAt('docs/simulation.md');

test('what the guide shows is what runs', () => {
  const shown = blocksOf(page, 'ts').map(({ words: [name = ''], text }) => [name, text.trim()] as const);
  expect(shown.map(([name]) => name)).toEqual([
    'shop.ts',
    'shop.test.ts',
    'vitest.config.ts',
    'charge.ts',
    'charge.test.ts',
  ]);
  for (const [name, text] of shown)
    expect(text).toBe(readFileSync(join(root, 'test', 'simulation', 'guide', name), 'utf8').trim());
});

test('the guide names every kind of fault, and no other', () => {
  const table = page.text.slice(page.text.indexOf('| strikes'), page.text.indexOf('## What always holds'));
  const named = [...table.matchAll(/`([a-z-]+)`/g)].map(([, name = '']) => name);
  expect(named.toSorted()).toEqual(Object.keys(faultKinds).toSorted());
});
