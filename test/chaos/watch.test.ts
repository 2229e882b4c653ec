/**
 * Processes that are killed and cannot say so: who watches their agents hears of it once, and of several survivors one records it.
 */
import { Agent, type Down, type Message, onDown, onMessage, pool } from 'agent-runtime';
import { expect, onTestFinished, test } from 'vitest';
import type { LifecycleEvent } from '../../src/client/lifecycle-view.ts';
import { project, says } from '../e2e/project.ts';
import { startRedis } from '../support/redis-server.ts';
import { waitFor } from '../support/wait.ts';
import { openClient, startNode, timing } from './fleet-parts.ts';

test('the end of a killed process is recorded once by its survivors, and told once to each agent that watches one of its agents', async () => {
  const server = await startRedis();
  onTestFinished(() => server.stop());
  const told: string[] = [];
  class WatchAgent extends Agent {
    static readonly role = 'watch';
    @onMessage('watch') see(message: Message): Promise<void> {
      return this.watch(String(message.data));
    }
    @onDown() lost({ id, node }: Down): void {
      told.push([this.id, id, node].join(' '));
    }
  }
  const survivors: string[] = [];
  for (let n = 0; n < 4; n++) survivors.push((await startNode(server.url, [pool(WatchAgent)])).node.node);
  const { fleet } = await openClient(server.url);
  const heard: LifecycleEvent[] = [];
  const leaving = new AbortController();
  const followed = (async () => {
    for await (const event of fleet.lifecycle.follow({ since: '1h', signal: leaving.signal })) heard.push(event);
  })();
  onTestFinished(() => (leaving.abort(), followed));
  const { runtime } = await project({
    'runtime.config.ts': `
      import { Agent, defineConfig, onMessage, pool } from 'agent-runtime';
      class PreyAgent extends Agent {
        static role = 'prey';
        @onMessage('hang') hang() { return new Promise(() => {}); }
      }
      export default defineConfig({ redis: '${server.url}', timing: ${JSON.stringify(timing)}, agents: [pool(PreyAgent)] });
    `,
  });
  const killed: string[] = [];
  for (let round = 0; round < 3; round++) {
    const victim = runtime('start', '--plain');
    await says(victim, 'the fleet is up');
    const isNew = ({ kind, node }: LifecycleEvent): boolean =>
      kind === 'agent.up' && !survivors.includes(node) && !killed.includes(node);
    await waitFor(() => heard.some(isNew), { what: 'the agent of the process to be up' });
    const node = String(heard.find(isNew)?.node);
    const prey = `prey@${node}.1`;
    for (const survivor of survivors) await fleet.ask(`watch@${survivor}.1`, 'watch', prey);
    const asked = fleet.ask(prey, 'hang', {}, { deadline: '10m' }).catch((error: unknown) => error);
    victim.child.kill('SIGKILL');
    killed.push(node);
    await waitFor(() => told.length === survivors.length * killed.length, { what: 'all who watch to hear of it' });
    expect(await asked).toMatchObject({ code: 'agent-unavailable' });
  }
  const victims = killed.flatMap((node) => survivors.map((one) => `watch@${one}.1 prey@${node}.1 ${node}`));
  expect(told.toSorted()).toEqual(victims.toSorted());
  const downs = (): LifecycleEvent[] => heard.filter(({ kind }) => kind === 'node.down');
  await waitFor(() => downs().length >= killed.length, { what: 'the records' });
  expect(downs().map(({ node, reason }) => [node, reason])).toEqual(killed.map((node) => [node, 'lease ended']));
  expect(await fleet.lifecycle.read({ limit: 1_000 })).toEqual(heard);
}, 60_000);
