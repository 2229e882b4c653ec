/**
 * Nodes and agents that come and go by the command line: drain, restart, stop, spawn, scale. The fleet is real processes.
 */
import { expect, test } from 'vitest';
import { runCommand } from '../../src/cli/main.ts';
import { waitFor } from '../support/wait.ts';
import { recording } from '../unit/cli/recording.ts';
import { type Project, project, type Run, says } from './project.ts';

const files = {
  'runtime.config.ts': `
    import { defineConfig, pool } from 'agent-runtime';
    import { HelperAgent } from './helper-agent.ts';
    import { StubbornAgent } from './stubborn-agent.ts';
    export default defineConfig({
      agents: [pool(HelperAgent, { size: 0 }), pool(StubbornAgent)],
      timing: { drainGrace: '1s' },
    });
  `,
  'helper-agent.ts': `
    import { Agent, onMessage, onTask } from 'agent-runtime';
    export class HelperAgent extends Agent {
      @onMessage('who') who() { return this.id; }
      @onTask('work') work() { return this.id; }
    }
  `,
  'stubborn-agent.ts': `
    import { Agent, onStop, onTask } from 'agent-runtime';
    export class StubbornAgent extends Agent {
      @onTask('hang', undefined, undefined, { grace: '1m' }) async hang() {
        this.log.info('hanging');
        setInterval(() => {}, 1_000);
        await new Promise(() => {});
      }
      @onStop() async end() { await new Promise(() => {}); }
    }
  `,
};

interface Status {
  readonly nodes: readonly { readonly node: string; readonly alive: boolean }[];
}

async function fleetOf({ folder, runtime }: Project) {
  const first = runtime('start');
  await says(first, 'the fleet is up');
  /** What the command printed for programs. */
  const printed = async (args: readonly string[], code = 0): Promise<string> => {
    const context = recording({ cwd: folder });
    expect(await runCommand(args, context), context.lines.err.join('\n')).toBe(code);
    return context.lines.out.join('\n');
  };
  const nodes = async (): Promise<readonly string[]> => {
    const status = JSON.parse(await printed(['status', '--json'])) as Status;
    return status.nodes.filter(({ alive }) => alive).map(({ node }) => node);
  };
  return { first, printed, nodes };
}

test('a node is drained and its process ends with 0, however stubborn its agents are', async () => {
  const made = await project(files);
  const { first, printed, nodes } = await fleetOf(made);
  const second: Run = made.runtime('start');
  await says(second, 'the fleet is up');
  const [oldest = '', newest = ''] = await waitFor(
    async () => {
      const all = await nodes();
      return all.length === 2 && all;
    },
    { what: 'both nodes' },
  );
  await printed(['enqueue', 'stubborn', 'hang']);
  await printed(['enqueue', 'stubborn', 'hang']);
  await Promise.all([says(first, 'hanging'), says(second, 'hanging')]);
  expect(await printed(['drain', newest])).toBe(`${newest} drains\n${newest} has left`);
  expect(await second.ended()).toBe(0);
  expect(second.out()).toContain('told to drain by cli');
  expect(await nodes()).toEqual([oldest]);
  await printed(['drain', newest], 69);
  await printed(['stop'], 64);
  expect(await printed(['stop', '--yes', '--grace', '0s'])).toBe(`1 node drains\n${oldest} has left`);
  expect(await first.ended()).toBe(0);
}, 60_000);

test('a fleet is restarted node by node, each in its own process', async () => {
  const { printed, nodes } = await fleetOf(await project(files));
  const before = await nodes();
  const lines = (await printed(['restart', '--rolling', '--json'])).split('\n');
  const told = lines.map((line) => JSON.parse(line) as { node: string; successor: string });
  expect(told.map(({ node }) => node)).toEqual(before);
  expect(await nodes()).toEqual(told.map(({ successor }) => successor));
  const [id = ''] = await nodes();
  expect(await printed(['restart', id])).toMatch(/1\/1 n\w+ is up in its place after/);
  await printed(['restart'], 64);
}, 60_000);

test('agents are spawned, scaled and stopped', async () => {
  const { printed } = await fleetOf(await project(files));
  const id = await printed(['spawn', 'helper']);
  expect(id).toMatch(/^helper\.[a-z0-9]+$/);
  expect(await printed(['ask', id, 'who'])).toContain(id);
  expect(await printed(['spawn', 'helper', '--id', 'mine'])).toBe('mine');
  await printed(['spawn', 'helper', '--id', 'mine'], 1);
  await printed(['spawn', 'stranger'], 1);
  expect(await printed(['stop', id])).toBe(`${id} has ended`);
  await printed(['stop', id], 1);
  expect(await printed(['stop', 'mine'])).toBe('mine has ended');
  expect(await printed(['scale', 'helper', '2'])).toBe('helper: 2 agents');
  expect(await printed(['enqueue', 'helper', 'work', '--wait'])).toContain('helper@');
  expect(await printed(['scale', 'helper', '--configured'])).toContain('as each node is configured');
  await printed(['scale', 'helper', 'many'], 64);
  await printed(['scale', 'helper'], 64);
}, 60_000);
