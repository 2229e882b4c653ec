/**
 * An agent of which there is one in the fleet: who runs it, who stands by, and who takes over when.
 */
import { Agent, type Message, onMessage, onStart, onStop, onTask, single } from 'agent-runtime';
import { describe, expect, test } from 'vitest';
import { gate, saidOf, World } from './world.ts';

function docs() {
  const log: string[] = [];
  class DocsAgent extends Agent {
    static readonly role = 'docs';
    #node = '';
    @onStart() begin(): void {
      this.#node = this.id;
      log.push('start');
    }
    @onStop() end(): void {
      log.push('stop');
    }
    @onMessage('where') where(message: Message): string {
      log.push(`asked by ${message.from}`);
      return this.#node;
    }
    @onTask('work') work(): string {
      return 'done';
    }
  }
  return { log, DocsAgent };
}

describe('a single', () => {
  test('lives on one of two nodes; the other stands by and says whom it waits for', async () => {
    const world = new World();
    const [one, two] = [docs(), docs()];
    const first = await world.start('n1', [single(one.DocsAgent)]);
    const second = await world.start('n2', [single(two.DocsAgent)]);
    await world.advance(60_000);
    expect([one.log, two.log]).toEqual([['start'], []]);
    expect(saidOf(first, 'agent.up')).toMatchObject([{ agent: 'docs' }]);
    expect(saidOf(second, 'agent.standby')).toMatchObject([{ agent: 'docs', owner: 'n1' }]);
  });

  test('is taken over with a greater epoch when its node crashes, once its presence has ended', async () => {
    const world = new World();
    const [one, two] = [docs(), docs()];
    const first = await world.start('n1', [single(one.DocsAgent)]);
    const second = await world.start('n2', [single(two.DocsAgent)]);
    const { fleet, broker } = await world.connect();
    const [before] = await world.until(broker.presence.lookup(['docs']));
    const crashedAt = world.clock.monotonic();
    world.crash(first);
    await world.eventually(() => two.log.length > 0, 'the take-over');
    expect(world.clock.monotonic() - crashedAt).toBeGreaterThanOrEqual(3_000);
    expect(world.clock.monotonic() - crashedAt).toBeLessThanOrEqual(7_000);
    const [after] = await world.until(broker.presence.lookup(['docs']));
    expect(after?.owner).toBe('n2');
    expect(Number(after?.epoch)).toBeGreaterThan(Number(before?.epoch));
    expect(await world.until(fleet.ask('docs', 'where'))).toBe('docs');
    expect(saidOf(second, 'agent.up')).toHaveLength(1);
    expect(one.log).toEqual(['start']);
  });

  test('is taken over at once when its node drains, after its onStop', async () => {
    const world = new World();
    const order: string[] = [];
    const made = (name: string) => {
      class DocsAgent extends Agent {
        static readonly role = 'docs';
        @onStart() begin(): void {
          order.push(`${name} start`);
        }
        @onStop() end(): void {
          order.push(`${name} stop`);
        }
      }
      return single(DocsAgent);
    };
    const first = await world.start('n1', [made('one')]);
    await world.start('n2', [made('two')]);
    const drainedAt = world.clock.monotonic();
    await world.until(first.node.stop());
    await world.eventually(() => order.includes('two start'), 'the take-over');
    expect(order).toEqual(['one start', 'one stop', 'two start']);
    expect(world.clock.monotonic() - drainedAt).toBeLessThan(500);
  });

  test('serves tasks for its role and for its own id', async () => {
    const world = new World();
    const { DocsAgent } = docs();
    await world.start('n1', [single(DocsAgent, { id: 'handbook' })]);
    const { fleet } = await world.connect();
    expect(await world.until(fleet.run({ role: 'docs', task: 'work' }, {}))).toBe('done');
    expect(await world.until(fleet.run({ role: 'docs', task: 'work' }, {}, { to: 'handbook' }))).toBe('done');
  });

  test('of a fenced node is told to stop before another node runs it', async () => {
    const world = new World();
    const [told, live] = [[] as number[], [] as number[]];
    class DocsAgent extends Agent {
      static readonly role = 'docs';
      @onStart() begin(): void {
        live.push(this.clock.monotonic());
        this.signal.addEventListener('abort', () => told.push(this.clock.monotonic()));
      }
      @onMessage('hang') hang(): Promise<void> {
        return gate().passed;
      }
    }
    const first = await world.start('n1', [single(DocsAgent)]);
    await world.start('n2', [single(DocsAgent)]);
    first.broker.cutLink();
    await world.eventually(() => live.length === 2, 'the take-over');
    expect(told).toHaveLength(1);
    expect(Number(told[0])).toBeLessThanOrEqual(Number(live[1]));
  });

  test('of which many nodes fight for the id is never run by two at a time', async () => {
    const world = new World({ seed: 5 });
    let [running, most, turns] = [0, 0, 0];
    class DocsAgent extends Agent {
      static readonly role = 'docs';
      @onStart() begin(): void {
        turns++;
        most = Math.max(most, ++running);
        this.signal.addEventListener('abort', () => running--);
      }
      @onMessage('x') x(): void {}
    }
    const nodes = [];
    for (let index = 0; index < 5; index++) nodes.push(await world.start(`n${index}`, [single(DocsAgent)]));
    for (let round = 0; round < 4; round++) {
      const [owner] = await world.until(nodes[4]!.broker.presence.lookup(['docs']));
      const node = nodes.find(({ id }) => id === owner?.owner);
      if (node === undefined || node === nodes[4]) break;
      node.broker.cutLink();
      const before = turns;
      await world.eventually(() => turns > before, 'the next owner');
    }
    expect([turns > 3, most]).toEqual([true, 1]);
  });
});
