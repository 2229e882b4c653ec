/**
 * A user's vitest project outside of this repository, with the package as it is published: with the plug-in its decorated agents run in
 * simulation, also where nothing else lowers decorators.
 */
import { spawn } from 'node:child_process';
import { readFileSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { project, root } from './project.ts';

const agent = `
import { Agent, onTask, type Task } from 'agent-runtime';

export class CountAgent extends Agent {
  @onTask('count') count(task: Task): number {
    return String(task.input).length;
  }
  @onTask('fail', undefined, undefined, { retries: 0 }) fail(_task: Task): void {
    throw new Error('it cannot be counted');
  }
}
`;
const passing = `
import { pool } from 'agent-runtime';
import { simulate } from 'agent-runtime/testing';
import { expect, test } from 'vitest';
import { CountAgent } from './count-agent.ts';

test('it counts', async () => {
  const sim = await simulate({ nodes: 2, agents: [pool(CountAgent)] });
  expect(await sim.fleet.run(CountAgent, 'count', 'four')).toBe(4);
  await sim.advance('1m');
  await sim.close();
});

test('an error has its place in the source', async () => {
  const sim = await simulate({ agents: [pool(CountAgent)] });
  const handle = await sim.fleet.enqueue(CountAgent, 'fail', null);
  await handle.result();
});
`;

interface Outcome {
  readonly code: number | null;
  readonly out: string;
}

async function runVitest(files: Readonly<Record<string, string>>): Promise<Outcome> {
  const { folder } = await project(files);
  for (const name of ['vitest', 'vite'])
    symlinkSync(join(root, 'node_modules', name), join(folder, 'node_modules', name));
  const { REDIS_URL: _, VITEST: __, NODE_OPTIONS: ___, ...env } = process.env;
  const child = spawn(process.execPath, [join(root, 'node_modules', 'vitest', 'vitest.mjs'), 'run'], {
    cwd: folder,
    env: { ...env, NO_COLOR: '1' },
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: 50_000,
  });
  let out = '';
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text) => (out += text));
  const code = await new Promise<number | null>((resolve) => child.on('close', resolve));
  return { code, out };
}

const guide = readFileSync(join(root, 'test', 'simulation', 'guide', 'vitest.config.ts'), 'utf8');

test('a project with the configuration of the guide runs decorated agents, and errors name their lines', async () => {
  const { out } = await runVitest({ 'vitest.config.ts': guide, 'count-agent.ts': agent, 'count.test.ts': passing });
  expect(out).toContain('✓ it counts');
  expect(out).toContain('count-agent.ts:9:11');
});

test('where nothing lowers decorators, the plug-in is what makes them run', async () => {
  // Vite 7 leaves those of JavaScript alone, Vite 8 those of TypeScript too.
  const untyped = {
    'count-agent.js': agent.replace(/, type Task/, '').replaceAll(/: (?:Task|number|void)/g, ''),
    'count.test.js': passing.replace('.ts', '.js'),
  };
  const without = await runVitest(untyped);
  expect(without.code).toBe(1);
  expect(without.out).toContain('SyntaxError: Invalid or unexpected token');
  expect((await runVitest({ ...untyped, 'vitest.config.ts': guide })).out).toContain('✓ it counts');
});
