/**
 * `explore()`, `shrink()` and `replay()`: a planted bug is found, becomes small, and can be played again; what no seed repeats is told.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Agent, onTask, pool, type Task } from 'agent-runtime';
import { expect, onTestFinished, test } from 'vitest';
import { artifactOf, explore, readArtifact, replay, saveArtifact, type Scenario, shrink } from '../../src/testing.ts';

const charged: unknown[] = [];

/** Charges before it is safe from being repeated. */
class PayAgent extends Agent {
  static readonly role = 'pay';
  @onTask('pay', undefined, undefined, { retries: 20, backoff: '100ms' }) async pay(task: Task): Promise<void> {
    charged.push(task.input);
    await this.broadcast('paid', task.input);
  }
}

/** Waits for as long as no seed says. */
class LooseAgent extends Agent {
  static readonly role = 'pay';
  @onTask('pay') async pay(_task: Task): Promise<void> {
    const delayMs = 10 + 100 * Math.random();
    await new Promise<void>((resolve) => void this.clock.setTimer(delayMs, resolve));
  }
}

/** Waits for the machine, which no virtual time waits for. */
class FileAgent extends Agent {
  static readonly role = 'pay';
  @onTask('pay') async pay(_task: Task): Promise<void> {
    await stat(import.meta.filename);
    await this.broadcast('paid', null);
  }
}

function paying(
  Class: typeof PayAgent | typeof LooseAgent | typeof FileAgent | typeof GamblingAgent,
  more: Partial<Scenario> = {},
): Scenario {
  return {
    ...more,
    name: 'paying',
    nodes: 3,
    agents: [pool(Class, { size: 2 })],
    faults: { kill: 0.1, 'crash-before-call': 0.01, stall: 0.2, 'lost-reply': 0.02 },
    run: async (sim, size) => {
      charged.length = 0;
      for (let n = 0; n < Math.ceil(6 * size); n++) {
        await sim.fleet.enqueue({ role: 'pay', task: 'pay' }, n);
        await sim.advance('500ms');
      }
    },
    check: () => {
      if (new Set(charged).size < charged.length) throw new Error('somebody was charged twice');
    },
  };
}

test('a planted bug is found, shrunk to what it needs, kept and played again', async () => {
  const scenario = paying(PayAgent);
  const { failures, struck } = await explore({ scenario, seeds: 100 });
  const failure = failures[0] ?? expect.fail('it is found');
  expect(Object.keys(struck).length).toBeGreaterThan(1);
  const shrunk = await shrink(scenario, failure);
  expect(shrunk.attempt.faults.length).toBeLessThanOrEqual(2);
  expect(shrunk.attempt.faults.length).toBeLessThanOrEqual(failure.faults.length);
  const folder = mkdtempSync(join(tmpdir(), 'artifact-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const path = join(folder, 'paying.json');
  await saveArtifact(path, artifactOf(scenario, shrunk));
  const kept = await readArtifact(path);
  const again = await replay(scenario, kept);
  expect(again.violations.map(({ what }) => what)).toEqual(shrunk.attempt.violations.map(({ what }) => what));
  expect(again.hash).toBe(shrunk.attempt.hash);
  expect(again.trace.some(({ text }) => text.startsWith('fault ') || text === 'crash')).toBe(true);
});

test('what a seed does not repeat is told, and chance that agents take from the machine is repeated all the same', async () => {
  const loose = await explore({ scenario: paying(LooseAgent, { globals: 'real' }), seeds: 3 });
  expect(loose.unequal).toEqual([1, 2, 3]);
  const { unequal, leaks } = await explore({ scenario: paying(LooseAgent), seeds: 3 });
  expect(unequal).toEqual([]);
  expect(leaks.map(({ what, where }) => [what, /explore\.test\.ts:\d+:\d+$/.test(where)])).toEqual([
    ['Math.random', true],
  ]);
});

test('files and sockets that agents use are told with their places, also by who waits for them', async () => {
  const { failures, leaks } = await explore({ scenario: paying(FileAgent), seeds: 1 });
  expect(leaks).toMatchObject([{ what: 'a file (FSREQPROMISE)', where: expect.stringContaining('explore.test.ts') }]);
  expect(failures[0]?.violations[0]?.what).toMatch(
    /an agent uses a file .*, for which no virtual time waits, at .*explore/,
  );
});

/** Taken before any simulation could stand between. */
const dice = Math.random;

/** Throws dice of the machine that nobody knows of. */
class GamblingAgent extends Agent {
  static readonly role = 'pay';
  @onTask('pay') async pay(_task: Task): Promise<void> {
    await new Promise<void>((resolve) => void this.clock.setTimer(10 + 100 * dice(), resolve));
  }
}

test('chance that was taken from the machine beforehand makes two runs of a seed unlike', async () => {
  expect((await explore({ scenario: paying(GamblingAgent), seeds: 2 })).unequal).toEqual([1, 2]);
});

test('no two seeds are the same run', async () => {
  const hashes = new Set<string>();
  const seeds = 12;
  await explore({
    scenario: paying(LooseAgent),
    seeds,
    twice: false,
    most: seeds,
    onSeed: ({ hash }) => hashes.add(hash),
  });
  expect(hashes.size).toBe(seeds);
});

test('a file that holds no failure is refused', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'artifact-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const path = join(folder, 'other.json');
  writeFileSync(path, '{ "seed": "one" }');
  await expect(readArtifact(path)).rejects.toThrow('to hold a failure of a simulation');
});
