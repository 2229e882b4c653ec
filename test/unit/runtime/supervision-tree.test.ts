/**
 * What follows from the end of an agent, as a table against the rules of OTP's `supervisor` (U11 to U16).
 */
import { describe, expect, test } from 'vitest';
import {
  agentsOf,
  aloneInGroup,
  decideEnd,
  type Group,
  type Histories,
  type Member,
  type RestartType,
  type Strategy,
} from '../../../src/runtime/supervision-tree.ts';
import { SeededRandom } from '../../../src/sim/seeded-random.ts';

const random = new SeededRandom(1);
const types: readonly RestartType[] = ['permanent', 'transient', 'temporary'];
const strategies: readonly Strategy[] = ['one-for-one', 'one-for-all', 'rest-for-one'];

function agent(id: string, restart: RestartType = 'permanent'): Member {
  return { kind: 'agent', id, restart };
}

function group(name: string, strategy: Strategy, members: readonly Member[], intensity = 5, periodMs = 1_000): Group {
  const backoff = { kind: 'exponential', baseMs: 100, maxMs: 1_000, jitter: false } as const;
  return { kind: 'group', name, strategy, policy: { intensity, periodMs, backoff }, members };
}

function decide(tree: Group, id: string, options: { abnormal?: boolean; now?: number; before?: Histories } = {}) {
  const { abnormal = true, now = 0, before = new Map() } = options;
  return decideEnd(tree, before, { id, abnormal }, now, random);
}

/** The decision as one line: who goes down, who comes up. */
function line(tree: Group, id: string, options: Parameters<typeof decide>[2] = {}): string {
  const decision = decide(tree, id, options);
  if (decision.kind === 'rest') return 'rest';
  const down = `down ${decision.terminate.join(' ') || '-'}`;
  return decision.kind === 'escalate'
    ? `${down}, ${decision.group.name} gives up`
    : `${down}, up ${decision.start.join(' ') || '-'}`;
}

describe('U11: an agent alone', () => {
  const table: Readonly<Record<RestartType, readonly [abnormal: string, normal: string]>> = {
    permanent: ['down -, up a', 'down -, up a'],
    transient: ['down -, up a', 'rest'],
    temporary: ['rest', 'rest'],
  };
  for (const type of types)
    test(`that is ${type} is started again as OTP does`, () => {
      const tree = group('g', 'one-for-one', [agent('x'), agent('a', type), agent('y')]);
      expect([line(tree, 'a'), line(tree, 'a', { abnormal: false })]).toEqual(table[type]);
    });
});

describe('U12: a group of a, b, c and d, of which c is temporary and d transient', () => {
  const members = [agent('a'), agent('b'), agent('c', 'temporary'), agent('d', 'transient')];
  const table: Readonly<Record<Strategy, Readonly<Record<string, readonly [abnormal: string, normal: string]>>>> = {
    'one-for-one': {
      a: ['down -, up a', 'down -, up a'],
      b: ['down -, up b', 'down -, up b'],
      c: ['rest', 'rest'],
      d: ['down -, up d', 'rest'],
    },
    'one-for-all': {
      a: ['down d c b, up a b d', 'down d c b, up a b d'],
      b: ['down d c a, up a b d', 'down d c a, up a b d'],
      c: ['rest', 'rest'],
      d: ['down c b a, up a b d', 'rest'],
    },
    'rest-for-one': {
      a: ['down d c b, up a b d', 'down d c b, up a b d'],
      b: ['down d c, up b d', 'down d c, up b d'],
      c: ['rest', 'rest'],
      d: ['down -, up d', 'rest'],
    },
  };
  for (const strategy of strategies)
    for (const id of ['a', 'b', 'c', 'd'])
      test(`${strategy}: ${id} ends`, () => {
        const tree = group('g', strategy, members);
        expect([line(tree, id), line(tree, id, { abnormal: false })]).toEqual(table[strategy][id]);
      });
});

describe('U13: intensity', () => {
  const tree = (intensity: number, strategy: Strategy = 'one-for-one') =>
    group('g', strategy, [agent('a'), agent('b')], intensity);

  /** Ends of agents one after the other; what became of each. */
  function run(of: Group, ends: readonly (readonly [id: string, now: number, abnormal?: boolean])[]): string[] {
    let before: Histories = new Map();
    return ends.map(([id, now, abnormal = true]) => {
      const decision = decide(of, id, { now, before, abnormal });
      if (decision.kind === 'restart') before = decision.histories;
      return decision.kind;
    });
  }

  test('of 3 allows exactly three restarts within the period, and the fourth end makes the group give up', () => {
    const ends = [0, 10, 20, 30].map((now) => ['a', now] as const);
    expect(run(tree(3), ends)).toEqual(['restart', 'restart', 'restart', 'escalate']);
  });

  test.each([
    ['a restart exactly one period ago still counts', 1_000, 'escalate'],
    ['a restart longer ago than the period does not', 1_001, 'restart'],
  ])('slides: %s', (_, now, outcome) => {
    expect(
      run(tree(1), [
        ['a', 0],
        ['a', now],
      ]),
    ).toEqual(['restart', outcome]);
  });

  test('slides: what has left the window makes room for one more each', () => {
    const ends = [0, 900, 1_001, 1_500, 1_902, 1_950].map((now) => ['a', now] as const);
    expect(run(tree(2), ends)).toEqual(['restart', 'restart', 'restart', 'escalate', 'restart', 'escalate']);
  });

  test('of 0 allows none', () => {
    expect(run(tree(0), [['a', 0]])).toEqual(['escalate']);
  });

  test('counts the restarts of all members together, and whoever is taken along not at all', () => {
    expect(
      run(tree(2), [
        ['a', 0],
        ['b', 1],
        ['a', 2],
      ]),
    ).toEqual(['restart', 'restart', 'escalate']);
    expect(
      run(tree(2, 'one-for-all'), [
        ['a', 0],
        ['a', 1],
      ]),
    ).toEqual(['restart', 'restart']);
  });

  test('counts the normal ends of a permanent agent, and no end that is not followed by a restart', () => {
    expect(
      run(tree(1), [
        ['a', 0, false],
        ['a', 1, false],
      ]),
    ).toEqual(['restart', 'escalate']);
    const mixed = group('g', 'one-for-one', [agent('a', 'transient'), agent('b', 'temporary'), agent('c')], 1);
    const ends = [
      ['a', 0, false],
      ['b', 1],
      ['b', 2, false],
      ['c', 3],
      ['a', 4, false],
      ['c', 5],
    ] as const;
    expect(run(mixed, ends)).toEqual(['rest', 'rest', 'rest', 'restart', 'rest', 'escalate']);
  });

  test('sets the pause: it grows with the restarts in the window', () => {
    const of = tree(5);
    let before: Histories = new Map();
    const pauses = [0, 1, 2, 5_000].map((now) => {
      const decision = decide(of, 'a', { now, before });
      if (decision.kind !== 'restart') return decision.kind;
      before = decision.histories;
      return decision.afterMs;
    });
    expect(pauses).toEqual([100, 200, 400, 100]);
  });
});

describe('U14: a group within a group', () => {
  const inner = (strategy: Strategy, intensity: number) =>
    group('inner', strategy, [agent('b'), agent('c', 'temporary'), agent('d')], intensity);
  const outer = (strategy: Strategy, within: Group, intensity = 5) =>
    group('outer', strategy, [agent('a'), within, agent('e', 'temporary'), agent('f')], intensity);

  test('settles among its own members what it can', () => {
    expect(line(outer('one-for-all', inner('one-for-all', 5)), 'd')).toBe('down c b, up b d');
    expect(line(outer('one-for-all', inner('one-for-one', 5)), 'd')).toBe('down -, up d');
  });

  test.each([
    ['one-for-one', 'down c b, up b c d'],
    ['one-for-all', 'down c b f e a, up a b c d f'],
    ['rest-for-one', 'down c b f e, up b c d f'],
  ] as const)('that gives up is the failed member of %s, and is started whole', (strategy, expected) => {
    for (const own of strategies) expect(line(outer(strategy, inner(own, 0)), 'd')).toBe(expected);
  });

  test('that is only taken along is started whole, too', () => {
    expect(line(outer('one-for-all', inner('one-for-one', 5)), 'a')).toBe('down f e d c b, up a b c d f');
    expect(line(outer('rest-for-one', inner('one-for-one', 5)), 'f')).toBe('down -, up f');
  });

  test('begins with an empty history when it is started again, and the group around it remembers', () => {
    const tree = outer('one-for-one', inner('one-for-one', 1));
    const kinds: string[] = [];
    let before: Histories = new Map();
    for (const now of [0, 1, 2, 3]) {
      const decision = decide(tree, 'b', { now, before });
      kinds.push(decision.kind === 'restart' ? decision.start.join(' ') : decision.kind);
      if (decision.kind === 'restart') before = decision.histories;
    }
    expect(kinds).toEqual(['b', 'b c d', 'b', 'b c d']);
    expect([...before.values()]).toEqual([[1, 3]]);
  });

  test('U15: that gives up again and again takes the outermost group with it, all of it in reverse start order', () => {
    const tree = outer('one-for-one', inner('one-for-one', 0), 0);
    expect(line(tree, 'd')).toBe('down c b f e a, outer gives up');
    expect(line(tree, 'a')).toBe('down f e d c b, outer gives up');
  });

  test('goes as deep as it is written', () => {
    const deep = group(
      '1',
      'one-for-one',
      [group('2', 'one-for-one', [group('3', 'one-for-all', [agent('a'), agent('b')], 0)], 0)],
      1,
    );
    expect(line(deep, 'b')).toBe('down a, up a b');
    const { histories } = decide(deep, 'b') as { histories: Histories };
    expect(line(deep, 'a', { before: histories })).toBe('down b, 1 gives up');
  });
});

test('U16: an agent in no group gives up by itself, under its own name', () => {
  const policy = {
    intensity: 0,
    periodMs: 1_000,
    backoff: { kind: 'fixed', baseMs: 1, maxMs: 1, jitter: false },
  } as const;
  const tree = aloneInGroup('docs', 'transient', policy);
  expect([line(tree, 'docs'), line(tree, 'docs', { abnormal: false })]).toEqual(['down -, docs gives up', 'rest']);
  expect(agentsOf(tree).map(({ id }) => id)).toEqual(['docs']);
});

test('who is not in the tree touches nobody', () => {
  expect(line(group('g', 'one-for-all', [agent('a')]), 'z')).toBe('rest');
});
