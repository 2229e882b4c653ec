/**
 * The death watch: an agent hears once of the end of each activation that it watches, however that ends, and of nothing else.
 */
import { Agent, type Message, onDown, onMessage, onStart, onTask, pool, single, type Down } from 'agent-runtime';
import { describe, expect, test } from 'vitest';
import { sleep } from '../../src/core/clock.ts';
import { gate, saidOf, type SimClient, type SimNode, World } from './world.ts';

/** An agent that watches whom it is told to, and what it was told then. */
function watcher(options: { mailbox?: number; watchAtStart?: readonly string[] } = {}) {
  const told: (Down & { readonly at: number })[] = [];
  const failures: unknown[] = [];
  const hold = gate();
  class WatchAgent extends Agent {
    static readonly role = 'watch';
    @onStart() async begin(): Promise<void> {
      for (const id of options.watchAtStart ?? []) await this.watch(id);
    }
    @onMessage('watch') async see(message: Message): Promise<void> {
      await this.watch(String(message.data)).catch((error: unknown) => failures.push(error));
    }
    @onMessage('unwatch') async leave(message: Message): Promise<void> {
      await this.unwatch(String(message.data));
    }
    @onMessage('hang') hang(): Promise<void> {
      return hold.passed;
    }
    @onDown() lost(down: Down): void {
      told.push({ ...down, at: this.clock.monotonic() });
    }
  }
  const hosting = single(WatchAgent, options.mailbox === undefined ? {} : { mailbox: options.mailbox });
  return { told, failures, hold, hosting };
}

class DocsAgent extends Agent {
  static readonly role: string = 'docs';
  @onMessage('who') who(): string {
    return this.id;
  }
}

/** Fails in `onStart` whenever `fails` says so; asked to, its handlers are given up until it is restarted. */
function fragile(fails: (start: number) => boolean) {
  let starts = 0;
  class FragileAgent extends Agent {
    static readonly role = 'docs';
    @onStart() begin(): void {
      if (fails(++starts)) throw new Error(`start ${starts} failed`);
    }
    @onTask('ignore', undefined, undefined, { timeout: '1s', grace: '1s', retries: 0 })
    async ignore(): Promise<void> {
      await sleep(this.clock, 3_600_000);
    }
  }
  return { hosting: single(FragileAgent, { concurrency: 4 }), starts: () => starts };
}

async function say(world: World, { fleet }: SimClient, name: string, id: string): Promise<void> {
  await world.until(fleet.send('watch', name, id));
  await world.advance(50);
}

async function epochOf(world: World, { broker }: SimClient, id: string): Promise<number> {
  return (await world.until(broker.presence.lookup([id])))[0]?.epoch ?? 0;
}

/** A watcher on n1, `docs` on n2, and the watch holds. */
async function watched(hosting = single(DocsAgent)) {
  const world = new World();
  const { told, ...rest } = watcher();
  const [near, far] = [await world.start('n1', [rest.hosting]), await world.start('n2', [hosting])];
  const client = await world.connect();
  await say(world, client, 'watch', 'docs');
  return { world, near, far, client, told, ...rest, epoch: await epochOf(world, client, 'docs') };
}

const retire = (node: SimNode, id: string, reason: string): Promise<boolean> =>
  node.node.population.remove(id, 1_000, reason);

describe('an agent that watches another one', () => {
  test('W10: is told once when that one is stopped on its living node', async () => {
    const { world, far, told, epoch } = await watched();
    await world.until(retire(far, 'docs', 'not needed any more'));
    await world.advance(10_000);
    expect(told).toMatchObject([{ id: 'docs', node: 'n2', epoch, reason: 'not needed any more' }]);
  });

  test('W10: is told at once when its node drains, before it hears of the node, also when another node takes the id over', async () => {
    const { world, far, told, epoch } = await watched();
    await world.start('n3', [single(DocsAgent)]);
    const startedAt = world.clock.monotonic();
    await world.until(far.node.stop());
    await world.advance(10_000);
    expect(told).toMatchObject([{ id: 'docs', node: 'n2', epoch, reason: 'stopped' }]);
    expect(Number(told[0]?.at) - startedAt).toBeLessThan(100);
  });

  test('W10: is told once when the node of that one is killed, within its lease and a heartbeat', async () => {
    const { world, far, told, epoch } = await watched();
    await world.start('n3', [single(DocsAgent)]);
    const killedAt = world.clock.monotonic();
    world.crash(far);
    await world.advance(30_000);
    expect(told).toMatchObject([{ id: 'docs', node: 'n2', epoch }]);
    expect(Number(told[0]?.at) - killedAt).toBeGreaterThanOrEqual(3_000);
    expect(Number(told[0]?.at) - killedAt).toBeLessThanOrEqual(6_600);
  });

  test('W10: is told at once that nobody runs an id', async () => {
    const { world, told, client } = await watched();
    await say(world, client, 'watch', 'nobody');
    expect(told).toMatchObject([{ id: 'nobody', reason: 'nobody runs it' }]);
    expect(told[0]).not.toHaveProperty('node');
    await world.advance(10_000);
    expect(told).toHaveLength(1);
  });

  test('W10: is not told of a restart in the same place', async () => {
    const { hosting, starts } = fragile(() => false);
    const { world, client, told, far } = await watched(hosting);
    const runs = [1, 2, 3, 4].map((n) => client.fleet.run({ role: 'docs', task: 'ignore' }, n).catch(() => undefined));
    await world.until(Promise.all(runs));
    await world.eventually(() => starts() === 2, 'the restart');
    await world.advance(10_000);
    expect(saidOf(far, 'agent.restarting')).toHaveLength(1);
    expect(told).toEqual([]);
  });

  test('W10: is told when that one is given up', async () => {
    const { hosting, starts } = fragile((start) => start > 1);
    const { world, client, told, epoch } = await watched(hosting);
    const runs = [1, 2, 3, 4].map((n) => client.fleet.run({ role: 'docs', task: 'ignore' }, n).catch(() => undefined));
    await world.until(Promise.all(runs));
    await world.eventually(() => told.length > 0, 'the end of it');
    await world.advance(10_000);
    expect(told).toMatchObject([{ id: 'docs', node: 'n2', epoch, reason: 'it failed again and again' }]);
    expect(starts()).toBeGreaterThan(2);
  });

  test('W10: is told of the next activation only when it watches again', async () => {
    const { world, far, client, told } = await watched();
    await world.start('n3', [single(DocsAgent)]);
    await world.until(far.node.stop());
    await world.advance(1_000);
    await say(world, client, 'watch', 'docs');
    const epoch = await epochOf(world, client, 'docs');
    expect([told.length, epoch > Number(told[0]?.epoch)]).toEqual([1, true]);
    const [owner] = await world.until(client.broker.presence.lookup(['docs']));
    expect(owner?.owner).toBe('n3');
  });

  test('W11: is told at the next heartbeat when every notice of the end was lost', async () => {
    const { world, near, far, told } = await watched();
    near.broker.cutLink();
    await world.until(retire(far, 'docs', 'stopped'));
    await world.advance(500);
    near.broker.restoreLink();
    await world.advance(2_000);
    expect(told).toMatchObject([{ id: 'docs', node: 'n2', reason: 'nobody runs it any more' }]);
  });

  test('W11: looks for all that is watched in one go, and not at all while nothing is', async () => {
    const world = new World();
    const { told, hosting } = watcher();
    class ManyAgent extends DocsAgent {
      static override readonly role = 'many';
    }
    const near = await world.start('n1', [hosting]);
    const far = await world.start('n2', [pool(ManyAgent, { size: 40 })]);
    const client = await world.connect();
    const asked: number[] = [];
    const { presence } = near.broker;
    const lookup = presence.lookup.bind(presence);
    presence.lookup = (ids) => {
      asked.push(ids.length);
      return lookup(ids);
    };
    await world.advance(15_000);
    expect(asked).toEqual([]);
    for (let n = 1; n <= 40; n++) await world.until(client.fleet.send('watch', 'watch', `many@n2.${n}`));
    await world.advance(50);
    asked.length = 0;
    await world.advance(15_000);
    expect(asked.length).toBeLessThanOrEqual(16); // a heartbeat a second
    expect(new Set(asked)).toEqual(new Set([40]));
    world.crash(far);
    await world.advance(10_000);
    expect(told.map(({ id }) => id).toSorted()).toEqual(
      Array.from({ length: 40 }, (_, index) => `many@n2.${index + 1}`).toSorted(),
    );
  });

  test('W12: hears of an end that comes while it looks', async () => {
    const { world, near, far, client, told } = await watched();
    await say(world, client, 'unwatch', 'docs');
    const { presence } = near.broker;
    const lookup = presence.lookup.bind(presence);
    const answer = gate();
    presence.lookup = async (ids) => {
      const found = await lookup(ids);
      await answer.passed;
      return found;
    };
    await say(world, client, 'watch', 'docs');
    await world.until(retire(far, 'docs', 'gone meanwhile'));
    await world.advance(100);
    presence.lookup = lookup;
    answer.open();
    await world.advance(100);
    expect(told).toMatchObject([{ id: 'docs', reason: 'gone meanwhile' }]);
  });

  test('W13: watches no longer after its own restart, unless its onStart does so', async () => {
    for (const [watchAtStart, count] of [[[], 0] as const, [['docs'], 1] as const]) {
      const world = new World();
      const { told, hosting } = watcher({ watchAtStart });
      const near = await world.start('n1', [hosting]);
      const far = await world.start('n2', [single(DocsAgent)]);
      const client = await world.connect();
      await world.advance(100);
      told.length = 0; // nobody ran it when the first incarnation looked
      await say(world, client, 'watch', 'docs');
      const cell = near.node.population.cell('watch');
      await world.until(
        near.node.population.supervisor.fail(cell ?? expect.fail('there is none'), new Error('broken')),
      );
      await world.eventually(() => saidOf(near, 'agent.up').length === 2, 'the restart');
      await world.until(retire(far, 'docs', 'stopped'));
      await world.advance(10_000);
      expect(told).toHaveLength(count);
    }
  });

  test('W14: is told when its full mailbox has room again', async () => {
    const world = new World();
    const { told, hold, hosting } = watcher({ mailbox: 1 });
    await world.start('n1', [hosting]);
    const far = await world.start('n2', [single(DocsAgent)]);
    const client = await world.connect();
    await say(world, client, 'watch', 'docs');
    for (let n = 0; n < 3; n++) await say(world, client, 'hang', '');
    await world.until(retire(far, 'docs', 'stopped'));
    await world.advance(10_000);
    expect(told).toEqual([]);
    hold.open();
    await world.advance(1_000);
    expect(told).toMatchObject([{ id: 'docs', reason: 'stopped' }]);
  });

  test('W14: hears nothing of what it has unwatched, also when it had happened already', async () => {
    const { world, far, client, told, hold } = await watched();
    await say(world, client, 'hang', '');
    const left = client.fleet.send('watch', 'unwatch', 'docs');
    await world.until(left);
    await world.until(retire(far, 'docs', 'stopped'));
    hold.open();
    await world.advance(10_000);
    expect(told).toEqual([]);
  });

  test('that watches the same one twice is told once', async () => {
    const { world, far, client, told } = await watched();
    await say(world, client, 'watch', 'docs');
    await world.until(retire(far, 'docs', 'stopped'));
    await world.advance(10_000);
    expect(told).toHaveLength(1);
  });

  test('without a method that hears of it is refused', async () => {
    const world = new World();
    const failed: unknown[] = [];
    class DeafAgent extends Agent {
      static readonly role = 'deaf';
      @onStart() async begin(): Promise<void> {
        await this.watch('docs').catch((error: unknown) => failed.push(error));
      }
    }
    await world.start('n1', [single(DeafAgent)]);
    expect(failed).toMatchObject([{ name: 'DefinitionError' }]);
  });
});
