/**
 * Streams as a user sees them: a fleet in a process of its own, and the answers of its agents in a terminal and in a program.
 */
import { connect } from 'agent-runtime';
import { expect, test } from 'vitest';
import { runCommand } from '../../src/cli/main.ts';
import { findEmbedded } from '../../src/compose/embedded.ts';
import { Observer } from '../../src/core/observer.ts';
import { waitFor } from '../support/wait.ts';
import { recording } from '../unit/cli/recording.ts';
import { project, says } from './project.ts';

const writerProject = {
  'runtime.config.ts': `
    import { defineConfig } from 'agent-runtime';
    export default defineConfig({ agents: './agents' });
  `,
  'agents/writer-agent.ts': `
    import { Agent, onMessage, onTask, type Message, type Task } from 'agent-runtime';
    const pause = () => new Promise((resolve) => setTimeout(resolve, 5));
    export class WriterAgent extends Agent {
      static hosting = { kind: 'single', id: 'writer' };
      @onMessage('count') async *count(message: Message) {
        try {
          for (let n = 1; n <= Number(message.data); n++) { yield n; if (n % 10 === 0) await pause(); }
        } finally {
          this.log.info('put the pen down');
        }
      }
      @onMessage('fail') async *fail() { yield 1; await pause(); throw new Error('out of ink'); }
      @onTask('draft') async *draft(task: Task) {
        for (const word of ['to', 'be']) { yield word; await pause(); }
        if (task.attempt === 1) throw new Error('out of ink');
        return 'done';
      }
    }
  `,
};

test('an answer is printed part by part, a task is followed, and a program leaves a loop', async () => {
  const { folder, runtime } = await project(writerProject);
  const fleet = runtime('start');
  await says(fleet, 'the fleet is up');
  const run = async (args: readonly string[]) => {
    const context = recording({ cwd: folder });
    const code = await runCommand(args, context);
    return { code, out: context.lines.out, err: context.lines.err.join('\n') };
  };
  const numbers = Array.from({ length: 500 }, (_, index) => String(index + 1));
  expect(await run(['ask', 'writer', 'count', '500', '--stream'])).toEqual({ code: 0, out: numbers, err: '' });
  const failed = await run(['ask', 'writer', 'fail', '--stream']);
  expect(failed).toMatchObject({ code: 1, out: ['1'], err: expect.stringContaining('out of ink') as string });
  const followed = await run(['enqueue', 'writer', 'draft', '--follow']);
  expect(followed).toMatchObject({ code: 0, out: ['"to"', '"be"', '"to"', '"be"'] });
  expect(followed.err).toContain('begun anew, attempt 2');

  const troubles: string[] = [];
  const observer = new Observer();
  observer.on('broker.trouble', ({ what }) => void troubles.push(what));
  const client = await connect({ redis: await findEmbedded(folder), observer });
  let last: unknown;
  for await (const part of client.stream('writer', 'count', 100_000)) if ((last = part) === 100) break;
  expect(last).toBe(100);
  const pens = async (): Promise<boolean> =>
    (await client.logs('writer')).filter(({ message }) => message === 'put the pen down').length === 2;
  await waitFor(pens, { what: 'the handler to end' });
  const open = client.stream('writer', 'count', 100_000)[Symbol.asyncIterator]();
  await open.next();
  await client.close();
  const readOn = async (): Promise<void> => {
    while (!(await open.next()).done);
  };
  await expect(readOn()).rejects.toMatchObject({ code: 'closed' });
  expect(troubles).toEqual([]);
});
