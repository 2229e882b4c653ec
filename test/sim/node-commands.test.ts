/**
 * What the fleet asks a node itself: that it answers, and how such an ask ends when it does not.
 */
import { Agent, AgentUnavailable, DeliveryError, onTask, pool } from 'agent-runtime';
import { describe, expect, test } from 'vitest';
import { commandNode, type NodeCommands } from '../../src/client/commands.ts';
import { gate, type SimClient, World } from './world.ts';

class IdleAgent extends Agent {
  static readonly role = 'idle';
  @onTask('work') work(): void {}
}

function commander({ member, fleet }: SimClient) {
  const identity = { name: fleet.name, isAgent: false, scope: () => undefined };
  const settings = { askDeadlineMs: 30_000, lockLeaseMs: 1, inboxLimit: 1, maxWaiting: 1, resultTtlMs: 1 };
  return (node: string, name: string, options: { signal?: AbortSignal } = {}) =>
    commandNode({ member, identity, settings }, node, name as keyof NodeCommands, {}, options);
}

describe('a node command', () => {
  test('is answered by the node, whatever its agents do', async () => {
    const world = new World();
    class HangingAgent extends Agent {
      static readonly role = 'idle';
      @onTask('work') work(): Promise<void> {
        return gate().passed;
      }
    }
    await world.start('n1', [pool(HangingAgent)]);
    const client = await world.connect();
    await world.until(client.fleet.enqueue({ role: 'idle', task: 'work' }, {}));
    await world.advance(100);
    const health = await world.until(commander(client)('n1', 'health'));
    expect(health).toEqual({ node: 'n1', state: 'up', agents: 1, running: 1 });
  });

  test('of a name that the node does not know fails at once and says which it knows', async () => {
    const world = new World();
    await world.start('n1', [pool(IdleAgent)]);
    const client = await world.connect();
    for (const name of ['dance', 'constructor', '__proto__']) {
      const failed = await world.until(commander(client)('n1', name).catch((error: unknown) => error));
      expect(failed).toBeInstanceOf(DeliveryError);
      expect(failed).toMatchObject({ code: 'no-handler', message: expect.stringContaining('drain, restart, health') });
    }
  });

  test('to a node that is not there fails at once, and is told to nobody', async () => {
    const world = new World();
    const client = await world.connect();
    const before = world.clock.monotonic();
    const failed = await world.until(commander(client)('n9', 'health').catch((error: unknown) => error));
    expect(failed).toBeInstanceOf(AgentUnavailable);
    expect(String(failed)).toContain('expected node "n9" to be present');
    expect(world.clock.monotonic() - before).toBeLessThan(1_000);
  });

  test('to a node that crashes fails when its presence has ended, without the deadline', async () => {
    const world = new World();
    const node = await world.start('n1', [pool(IdleAgent)]);
    const client = await world.connect();
    const asked = commander(client)('n1', 'until-gone').catch((error: unknown) => error);
    await world.advance(100);
    const crashedAt = world.clock.monotonic();
    world.crash(node);
    expect(await world.until(asked)).toBeInstanceOf(AgentUnavailable);
    expect(world.clock.monotonic() - crashedAt).toBeLessThanOrEqual(7_000);
  });

  test('ends with the signal of whoever gave it', async () => {
    const world = new World();
    await world.start('n1', [pool(IdleAgent)]);
    const client = await world.connect();
    const enough = new AbortController();
    const asked = commander(client)('n1', 'until-gone', { signal: enough.signal }).catch((error: unknown) => error);
    await world.advance(100);
    enough.abort(new Error('enough'));
    expect(await world.until(asked)).toMatchObject({ message: 'enough' });
  });
});
