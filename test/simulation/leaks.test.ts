/**
 * What code of agents does to the machine behind the back of the simulation: routed, listed with its place, or refused.
 */
import { execFile, execFileSync } from 'node:child_process';
import { randomBytes, randomInt } from 'node:crypto';
import { lookup } from 'node:dns';
import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { promisify } from 'node:util';
import { Worker } from 'node:worker_threads';
import { gzip } from 'node:zlib';
import { Agent, onTask, pool, type Task } from 'agent-runtime';
import { describe, expect, test } from 'vitest';
import { type GlobalsMode, simulate } from '../../src/testing.ts';
import type { Simulation } from '../../src/sim/simulation.ts';

const file = import.meta.filename;
const keptTimer = Reflect.get(globalThis, 'setTimeout') as (run: () => void, ms: number) => NodeJS.Timeout;

/** By name, since tests themselves have no use for it. */
const wait = (ms: number): Promise<void> =>
  (Reflect.get(process.getBuiltinModule('node:timers/promises'), 'setTimeout') as (ms: number) => Promise<void>)(ms);

const deeds: Readonly<Record<string, () => unknown>> = {
  'a file': () => void readFile(file),
  'a socket': () => void connect({ host: '127.0.0.1', port: 9 }).on('error', () => {}),
  'a look-up of a name': () => lookup('localhost', () => {}),
  'a child process': () => void execFile(process.execPath, ['--version'], () => {}),
  'a thread': () => void new Worker('', { eval: true }),
  'work outside of virtual time': () => gzip('a', () => {}),
  'a timer of the machine': () => void keptTimer(() => {}, 0),
  'fs.readFileSync': () => readFileSync(file, 'utf8').length > 0,
  'child_process.execFileSync': () => String(execFileSync(process.execPath, ['--version'])),
  nothing: () => console.log('printed'),
};

class LooseAgent extends Agent {
  static readonly role = 'loose';

  @onTask('do', undefined, undefined, { retries: 0 }) do(task: Task): unknown {
    return deeds[String(task.input)]?.() !== undefined;
  }

  @onTask('draw', undefined, undefined, { retries: 0 }) async draw(_task: Task): Promise<unknown> {
    const since = this.clock.now();
    await wait(1_000);
    await promisify(Reflect.get(globalThis, 'setTimeout') as unknown as (ms: number) => void)(0);
    const spanNs = process.hrtime.bigint();
    const bytes = crypto.getRandomValues(new Uint8Array(4));
    const drawn = [randomBytes(4).toString('hex'), randomInt(1_000), [...bytes].join('.'), typeof spanNs];
    return [this.clock.now() - since, ...drawn];
  }
}

const agents = [pool(LooseAgent)];

async function doing(deed: string, globals: GlobalsMode = 'virtual'): Promise<Simulation> {
  const sim = await simulate({ agents, globals });
  await sim.fleet.run(LooseAgent, 'do', deed).catch(() => undefined); // refused
  return sim;
}

describe('what an agent does to the machine', () => {
  for (const deed of Object.keys(deeds).filter((name) => name !== 'nothing'))
    test(`is listed with its place: ${deed}`, async () => {
      const sim = await doing(deed);
      await sim.close();
      expect(sim.leaks.map(({ what }) => what)).toContainEqual(expect.stringMatching(new RegExp(`^${deed}`)));
      for (const { where } of sim.leaks) expect(where).toMatch(/leaks\.test\.ts:\d+:\d+$/);
    });

  test('is not listed when it only prints, or when the test itself does it', async () => {
    const sim = await doing('nothing');
    expect(readFileSync(file, 'utf8')).toContain('nothing');
    await readFile(file);
    await sim.close();
    expect(sim.leaks).toEqual([]);
  });

  test('is refused where that is asked for: on the spot, or by an invariant that is broken', async () => {
    const files = await simulate({ agents, globals: 'refuse' });
    await expect(files.fleet.run(LooseAgent, 'do', 'fs.readFileSync')).rejects.toThrow(
      /to leave the machine alone, got: fs\.readFileSync at .*leaks\.test\.ts/,
    );
    await files.close();
    const sockets = await doing('a socket', 'refuse');
    expect(() => sockets.expect.noViolations()).toThrow(
      /agents leave the machine alone: a socket \(TCP\w*\) at .*leaks/,
    );
    await expect(sockets.advance('1s')).rejects.toThrow('agents leave the machine alone');
    await sockets.close();
  });

  test('is its own affair where the simulation is told so', async () => {
    const sim = await doing('a file', 'real');
    await sim.close();
    expect(sim.leaks).toEqual([]);
  });
});

test('clock and dice that are imported are those of the simulated process, too', async () => {
  const run = async (seed: number): Promise<unknown> => {
    const sim = await simulate({ seed, agents });
    const drawn = await sim.fleet.run(LooseAgent, 'draw', null);
    expect(sim.leaks.map(({ what }) => what)).toEqual(
      expect.arrayContaining(['timers/promises', 'crypto.randomBytes', 'crypto.randomInt', 'crypto.getRandomValues']),
    );
    await sim.close();
    return drawn;
  };
  const drawn = await run(1);
  expect(drawn).toMatchObject({ 0: 1_000 });
  expect(await run(1)).toEqual(drawn);
  expect(await run(2)).not.toEqual(drawn);
  expect(randomBytes(4).toString('hex')).not.toBe(randomBytes(4).toString('hex'));
});
