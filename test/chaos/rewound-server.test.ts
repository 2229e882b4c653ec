/**
 * X10: a server that comes back with a snapshot older than the last grant: who had been granted the agent since works no more, and it runs in
 * one place.
 */
import { Agent, onMessage, single } from 'agent-runtime';
import { Redis } from 'ioredis';
import { expect, onTestFinished, test } from 'vitest';
import { startRedis } from '../support/redis-server.ts';
import { waitFor } from '../support/wait.ts';
import { type Part, startNode } from './fleet-parts.ts';

class DeskAgent extends Agent {
  static readonly role = 'desk';
  @onMessage('who') who(): string {
    return this.id;
  }
}

const desk = single(DeskAgent, { id: 'desk' });
const timesUp = ({ said }: Part): number => said.of('agent.up').length;

test('a node whose grant a snapshot has forgotten is fenced, and comes back by itself', async () => {
  const server = await startRedis();
  onTestFinished(() => server.stop());
  const [first, second] = [await startNode(server.url, [desk]), await startNode(server.url, [desk])];
  const raw = new Redis(server.socketPath);
  await raw.save();
  raw.disconnect();
  await first.node.stop({ graceMs: 0 });
  await waitFor(() => timesUp(second) === 1, { what: 'the second node to take over' });
  await server.restart();
  await waitFor(() => second.said.of('node.fenced').length > 0, { what: 'the second node to be fenced' });
  await waitFor(() => timesUp(second) === 2, { what: 'the second node to come back with the agent' });
  const reasons = second.said.of('node.fenced').map(({ reason }) => reason);
  expect(reasons).toEqual(['by what the broker says, desk is not of this node any more']);
});
