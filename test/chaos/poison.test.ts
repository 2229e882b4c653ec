/**
 * A task that kills every process it runs in, among a hundred good ones, on three real processes that are started again when they die.
 *
 * The ledger stands outside the fleet: each start is a line in a file that outlives the process that wrote it.
 */
import { existsSync, readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { connect } from 'agent-runtime';
import { expect, onTestFinished, test } from 'vitest';
import { startRedis } from '../support/redis-server.ts';
import { emptyProject, type Project, spawnNode } from './processes.ts';

const address = { role: 'work', task: 'work' };
const poison = 'poison';

const configOf = (ledger: string): string => `
import { appendFileSync } from 'node:fs';
import { setTimeout as wait } from 'node:timers/promises';
import { Agent, defineConfig, pool, task } from 'agent-runtime';

class WorkAgent extends Agent {
  static role = 'work';
  static handlers = { work: task(undefined, undefined, { retries: 0 }) };
  async work({ input }) {
    appendFileSync(${JSON.stringify(ledger)}, input + ' ' + process.pid + '\\n');
    if (input === '${poison}') process.kill(process.pid, 'SIGKILL');
    await wait(50);
    return input;
  }
}

export default defineConfig({
  agents: [pool(WorkAgent, { size: 4 })],
  timing: { presenceLease: '1s', heartbeat: '300ms' },
});
`;

/** A project of one agent, and the file into which every start of a task is written. */
async function ledgered(): Promise<{ project: Project; ledger: string }> {
  const project = await emptyProject();
  const ledger = join(project.folder, 'ledger');
  await writeFile(join(project.folder, 'runtime.config.js'), configOf(ledger));
  return { project, ledger };
}

/** Keeps a node process alive: whenever it dies, the next one is started. */
function keepAlive(redis: string, project: Project): { readonly deaths: () => number } {
  let deaths = 0;
  let isOver = false;
  const start = (): void => {
    const node = spawnNode(redis, project);
    node.child.once('exit', () => {
      if (isOver) return;
      deaths++;
      start();
    });
  };
  onTestFinished(() => void (isOver = true));
  start();
  return { deaths: () => deaths };
}

test('a task that kills every process is quarantined after three starts, and the hundred tasks beside it complete', async () => {
  const server = await startRedis();
  onTestFinished(() => server.stop());
  const { project, ledger } = await ledgered();
  const fleet = await connect({ redis: server.url });
  onTestFinished(() => fleet.close());
  const inputs = Array.from({ length: 101 }, (_, n) => (n === 50 ? poison : String(n)));
  const handles = await Promise.all(inputs.map((input) => fleet.enqueue(address, input)));
  const nodes = [1, 2, 3].map(() => keepAlive(server.url, project));
  const ends = await Promise.allSettled(handles.map((handle) => handle.result({ timeout: '60s' })));

  const failed = ends.flatMap((end, n) => (end.status === 'rejected' ? [{ input: inputs[n], error: end.reason }] : []));
  expect(failed).toMatchObject([{ input: poison, error: { details: { reason: 'poison' } } }]);
  const started = (existsSync(ledger) ? readFileSync(ledger, 'utf8') : '').trim().split('\n');
  const startsOf = (input: string): number => started.filter((line) => line.startsWith(`${input} `)).length;
  expect(startsOf(poison)).toBe(3);
  expect(nodes.reduce((sum, { deaths }) => sum + deaths(), 0)).toBe(3);
  expect(await fleet.queue('work')).toMatchObject({ waiting: 0, parked: 0, claimed: 0, dead: 1 });
  const again = inputs.filter((input) => input !== poison && startsOf(input) > 1);
  expect(inputs.filter((input) => input !== poison && startsOf(input) > 2)).toEqual([]);
  console.info(`100 good tasks completed, ${again.length} of them started twice; the poison was started 3 times`);
}, 120_000);
