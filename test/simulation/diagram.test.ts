/**
 * The sequence diagram of a failure: what led to it is there, everything else is folded away, and nothing covers anything.
 */
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pool } from 'agent-runtime';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { attempt } from '../../src/sim/explore.ts';
import { type Attempt, diagramOf, explore, readArtifact, replay, type Scenario, simulate } from '../../src/testing.ts';
import { bank, OrderAgent } from './guide/shop.ts';
import { scenarios } from './scenarios.ts';

const orders: Scenario = {
  name: 'orders',
  nodes: 2,
  agents: [pool(OrderAgent)],
  faults: { kill: 0.1, stall: 0.2, 'lost-reply': 0.02, 'crash-before-call': 0.1 },
  run: async (sim) => {
    bank.charges.length = 0;
    for (const order of ['<a>', 'b', 'c', 'd']) {
      await sim.fleet.enqueue(OrderAgent, 'order', order);
      await sim.advance('1s');
    }
  },
  check: () => {
    if (new Set(bank.charges).size < bank.charges.length) throw new Error('somebody was charged twice');
  },
};

/** Everything happens, and in the end something is said to be broken. */
const wild: Scenario = {
  ...(scenarios.find(({ name }) => name === 'everything') ?? expect.fail('there is one')),
  check: () => {
    throw new Error('planted');
  },
};

interface Label {
  readonly text: string;
  readonly left: number;
  readonly right: number;
  readonly y: number;
}

/** The labels of the drawing, as wide as a monospaced letter of their size makes them. */
function labelsOf(page: string): readonly Label[] {
  const drawing = page.slice(page.indexOf('the sequence of the failure'));
  const pattern = /<text class="([^"]*)" x="([\d.]+)" y="([\d.]+)"(?: text-anchor="(\w+)")?>([^<]*)<\/text>/g;
  return [...drawing.matchAll(pattern)].map(([, name = '', x, y, anchor, text = '']) => {
    const plain = text.replaceAll(/&\w+;/g, '.');
    const width = plain.length * (name === 'time' ? 6.7 : 7.3);
    const left = Number(x) - (anchor === 'end' ? width : anchor === 'middle' ? width / 2 : 0);
    return { text, left, right: left + width, y: Number(y) };
  });
}

function overlaps(page: string): readonly string[] {
  const labels = labelsOf(page).toSorted((a, b) => a.y - b.y);
  return labels.flatMap((one, index) =>
    labels
      .slice(index + 1)
      .filter((other) => other.y - one.y < 11 && other.left < one.right && one.left < other.right)
      .map((other) => `${one.text} / ${other.text}`),
  );
}

function widthOf(page: string): number {
  return Number(/<main style="width:([\d.]+)px">/.exec(page)?.[1]);
}

describe('the diagram of a shrunk failure', () => {
  let found: Attempt;
  let page: string;
  let again: string;
  /** Twice. */
  let charged: string;
  const folder = mkdtempSync(join(tmpdir(), 'diagram-'));
  afterAll(() => rmSync(folder, { recursive: true }));

  beforeAll(async () => {
    const { failures } = await explore({ scenario: orders, seeds: 50, keep: join(folder, 'failures') });
    const { artifact, diagram } = failures[0]?.kept ?? expect.fail('a failure is found and kept');
    page = readFileSync(diagram, 'utf8');
    found = await replay(orders, await readArtifact(artifact), { diagram: join(folder, 'again.html') });
    again = readFileSync(join(folder, 'again.html'), 'utf8');
    charged = bank.charges.find((charge, index) => bank.charges.indexOf(charge) < index) ?? '';
  }, 120_000);

  test('is written beside what is kept, and is the same when it is played again', () => {
    expect(again).toBe(page);
    expect(diagramOf(orders, { attempt: found })).toBe(page);
  });

  test('says what does not hold, what struck, and who ran what', () => {
    expect(page).toContain('<h1>orders: somebody was charged twice</h1>');
    for (const { kind } of found.faults) expect(page).toContain(`⚡ ${kind}: `);
    expect(page).toMatch(/runs order\(&quot;[^&]+&quot;\), attempt 1</);
    expect(page).toMatch(/runs order\(&quot;[^&]+&quot;\), attempt 2, redelivered</);
    expect(page).toMatch(/class="cross death"/);
    expect(page).toMatch(/\d heartbeats and looks/);
  });

  test('leaves out what the failure is not about', () => {
    const drawn = new Set([...page.matchAll(/enqueue order\(&quot;(.+?)&quot;\)/g)].map(([, order]) => order));
    expect([...drawn].map((order) => order?.replace('&lt;', '<').replace('&gt;', '>'))).toContain(charged);
    expect(drawn.size).toBeLessThan(4);
  });

  test('is one file without scripts, in light and dark and on paper, with no node id in it', () => {
    expect(page).not.toMatch(/<script|https?:\/\/(?!www\.w3\.org\/2000\/svg)|src=|url\(/);
    for (const rule of ['prefers-color-scheme: dark', '@media print']) expect(page).toContain(rule);
    for (const entry of found.journal?.entries ?? [])
      if (entry.kind === 'note' && entry.text.startsWith('node.up '))
        expect(page).not.toContain(entry.text.slice('node.up '.length));
    expect(page).not.toContain('<a>');
  });

  test('covers no label with another one, and lets none run out of the page', () => {
    expect(overlaps(page)).toEqual([]);
    for (const { text, right } of labelsOf(page)) expect([text, right <= widthOf(page)]).toEqual([text, true]);
  });
});

describe('the diagram of a run in which everything happens', () => {
  test.each([3, 9])(
    'is bounded, says what it leaves out, and has no two labels in one place (seed %i)',
    async (seed) => {
      const run = await attempt(wild, { seed, size: 2, traced: 5_000 });
      const page = diagramOf(wild, { attempt: run });
      expect(overlaps(page)).toEqual([]);
      for (const { text, right } of labelsOf(page)) expect([text, right <= widthOf(page)]).toEqual([text, true]);
      expect([...page.matchAll(/<g class="(?:arrow|mark|start|band|landing)"/g)].length).toBeLessThanOrEqual(150);
      expect(page).toMatch(/\d+ more steps of this story are left out/);
      expect((await attempt(wild, { seed, size: 2 })).hash).toBe(run.hash); // whoever draws changes nothing
    },
  );

  test('cannot be drawn when no trace was kept', async () => {
    const run = await attempt(orders, { seed: 1 });
    expect(() => diagramOf(orders, { attempt: run })).toThrow('a run of which a trace was kept');
  });
});

test('a failure of a fleet that a test drives is drawn where the options say, and its error names the file', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'diagram-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const diagram = join(folder, 'failure.html');
  const sim = await simulate({ agents: [pool(OrderAgent)], diagram });
  sim.always('nobody is charged', () => bank.charges.length === 0);
  bank.charges.length = 0;
  await sim.fleet.enqueue(OrderAgent, 'order', 'a');
  expect(existsSync(diagram)).toBe(false);
  await expect(sim.settle()).rejects.toThrow(`- nobody is charged: it does not hold\nIt is drawn in ${diagram}.`);
  expect(readFileSync(diagram, 'utf8')).toContain('nobody is charged');
  await sim.close();
});
