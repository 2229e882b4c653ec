/**
 * `runtime dev`: the code of now, in one copy, and nothing left behind.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { isAlive } from '../../src/compose/file-lock.ts';
import { waitFor } from '../support/wait.ts';
import { project, says } from './project.ts';

const agent = (answer: string): string => `
  import { Agent, onMessage } from 'agent-runtime';
  export class EchoAgent extends Agent {
    static hosting = { kind: 'single', id: 'echo' };
    @onMessage('answer') answer() { return '${answer}'; }
  }
`;

test('a change brings the new code, a syntax error waits for the next change, one copy runs at a time, and nothing outlives it', async () => {
  const { runtime, folder } = await project({
    'runtime.config.ts': `
      import { defineConfig } from 'agent-runtime';
      if (process.argv[2] === 'start') console.log('copy ' + process.pid);
      export default defineConfig({ agents: './agents' });
    `,
    'agents/echo-agent.ts': agent('first'),
  });
  const file = join(folder, 'agents', 'echo-agent.ts');
  const dev = runtime('dev', '--plain');
  const copies = (): number[] => [...dev.out().matchAll(/^copy (\d+)$/gm)].map(([, pid]) => Number(pid));
  const ups = (): number => dev.out().split('up after').length - 1;
  const patience = { timeoutMs: 30_000 };
  await waitFor(() => ups() === 1, { what: 'the fleet to come up', ...patience });

  writeFileSync(file, agent('second'));
  await waitFor(() => ups() === 2, { what: 'the new code to come up', ...patience });
  const asked = runtime('ask', 'echo', 'answer');
  expect(await asked.ended(), asked.err()).toBe(0);
  expect(JSON.parse(asked.out())).toBe('second');

  writeFileSync(file, agent('third').replace('class', 'clas'));
  await says(dev, 'the fleet ended with status 78; it starts anew at the next change');
  expect(dev.err()).toContain('expected agents/echo-agent.ts to load');
  writeFileSync(file, agent('third'));
  await waitFor(() => ups() === 3, { what: 'the mended code to come up', ...patience });

  expect(copies()).toHaveLength(4);
  expect(copies().filter(isAlive)).toEqual(copies().slice(-1));
  dev.child.kill('SIGKILL');
  await waitFor(() => !copies().some(isAlive), { what: 'the last copy to end', ...patience });
}, 120_000);
