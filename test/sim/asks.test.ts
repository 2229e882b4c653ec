/**
 * Asks in a fleet that fails: answered once, or ended with the error that says why, without sitting out the deadline.
 */
import { Agent, AgentUnavailable, HandlerError, type Message, onMessage, onTask, single } from 'agent-runtime';
import { describe, expect, test } from 'vitest';
import { gate, saidOf, World } from './world.ts';

class DocsAgent extends Agent {
  static readonly role = 'docs';
  @onMessage('who') who(message: Message): unknown {
    return { me: this.id, from: message.from, isAsk: message.isAsk, data: message.data };
  }
  @onMessage('fail') fail(): void {
    throw new TypeError('no such file');
  }
  @onMessage('hang') hang(): Promise<void> {
    return gate().passed;
  }
  @onMessage('relay') relay(message: Message): Promise<unknown> {
    return this.ask(String(message.data), 'who', {});
  }
  @onMessage('relay-hang') relayHang(message: Message): Promise<unknown> {
    return this.ask(String(message.data), 'hang', {}, { deadline: '2s' });
  }
  @onTask('askSelf') askSelf(): Promise<unknown> {
    return this.ask('docs', 'who', {});
  }
}

class OtherAgent extends Agent {
  static readonly role = 'other';
  @onMessage('who') who(): Promise<unknown> {
    return this.ask('docs', 'who', {});
  }
  @onMessage('hang') hang(): Promise<void> {
    return gate().passed;
  }
}

async function ended<T>(world: World, promise: Promise<T>): Promise<{ value?: T; error?: unknown; tookMs: number }> {
  const startedAt = world.clock.monotonic();
  const end = await world.until(
    promise.then(
      (value) => ({ value }),
      (error: unknown) => ({ error }),
    ),
  );
  return { ...end, tookMs: world.clock.monotonic() - startedAt };
}

async function listOf(parts: AsyncIterable<unknown>): Promise<unknown[]> {
  const list: unknown[] = [];
  for await (const part of parts) list.push(part);
  return list;
}

describe('an ask', () => {
  test('gets what the handler returned', async () => {
    const world = new World();
    await world.start('n1', [single(DocsAgent)]);
    const { fleet } = await world.connect('me');
    const { value, tookMs } = await ended(world, fleet.ask('docs', 'who', { file: 'a.md' }));
    expect(value).toEqual({ me: 'docs', from: 'me', isAsk: true, data: { file: 'a.md' } });
    expect(tookMs).toBeLessThan(50);
  });

  test('gets what the handler threw as a HandlerError with its cause', async () => {
    const world = new World();
    await world.start('n1', [single(DocsAgent)]);
    const { fleet } = await world.connect();
    const { error } = await ended(world, fleet.ask('docs', 'fail'));
    expect(error).toBeInstanceOf(HandlerError);
    expect(error).toMatchObject({ cause: { name: 'TypeError', message: 'no such file' } });
  });

  test('to an agent without such a handler fails with DeliveryError no-handler', async () => {
    const world = new World();
    await world.start('n1', [single(DocsAgent)]);
    const { fleet } = await world.connect();
    const { error } = await ended(world, fleet.ask('docs', 'unknown'));
    expect(error).toMatchObject({ name: 'DeliveryError', code: 'no-handler' });
  });

  test('to an id that nobody owns fails at once', async () => {
    const world = new World();
    const { fleet } = await world.connect();
    const { error, tookMs } = await ended(world, fleet.ask('docs', 'who'));
    expect(error).toBeInstanceOf(AgentUnavailable);
    expect(tookMs).toBeLessThan(50);
  });

  test('whose owner crashes fails when its presence has ended, long before the deadline', async () => {
    const world = new World();
    const node = await world.start('n1', [single(DocsAgent)]);
    const { fleet } = await world.connect();
    const asked = fleet.ask('docs', 'hang', {}, { deadline: '10m' });
    await world.advance(100);
    world.crash(node);
    const { error, tookMs } = await ended(world, asked);
    expect(error).toBeInstanceOf(AgentUnavailable);
    expect(tookMs).toBeLessThan(7_000);
  });

  test('whose owner drains is told so', async () => {
    const world = new World();
    const node = await world.start('n1', [single(DocsAgent)]);
    const { fleet } = await world.connect();
    const asked = ended(world, fleet.ask('docs', 'hang', {}, { deadline: '10m' }));
    const waiting = ended(world, fleet.ask('docs', 'who', {}, { deadline: '10m' }));
    await world.advance(100);
    await world.until(node.node.stop({ graceMs: 2_000 }));
    expect((await asked).error).toBeInstanceOf(AgentUnavailable);
    expect((await waiting).error).toBeInstanceOf(AgentUnavailable);
  });

  test('A5: that its owner did not begin before it left is answered by the next one, also a stream', async () => {
    const world = new World();
    const [begun, passage] = [[] as string[], gate()];
    const made = (node: string) => {
      class DeskAgent extends Agent {
        static readonly role = 'desk';
        @onMessage('hold') async hold(): Promise<string> {
          begun.push(`hold on ${node}`);
          await passage.passed;
          return node;
        }
        @onMessage('who') who(): string {
          begun.push(`who on ${node}`);
          return node;
        }
        @onMessage('list') async *list(): AsyncGenerator<string> {
          begun.push(`list on ${node}`);
          yield node;
        }
      }
      return single(DeskAgent);
    };
    const first = await world.start('n1', [made('n1')]);
    await world.start('n2', [made('n2')]);
    const { fleet } = await world.connect();
    const held = ended(world, fleet.ask('desk', 'hold'));
    await world.advance(100);
    const waiting = ended(world, fleet.ask('desk', 'who'));
    const listing = ended(world, listOf(fleet.stream('desk', 'list')));
    await world.advance(100);
    const stopping = first.node.stop({ graceMs: 2_000 });
    await world.advance(500);
    const late = ended(world, fleet.ask('desk', 'who')); // its node is leaving and does not take it
    passage.open();
    await world.until(stopping);
    expect((await held).value).toBe('n1');
    expect([(await waiting).value, (await late).value, (await listing).value]).toEqual(['n2', 'n2', ['n2']]);
    expect(begun.toSorted()).toEqual(['hold on n1', 'list on n2', 'who on n2', 'who on n2']);
  });

  test('A5: whose handler had begun is not made again when its owner stops', async () => {
    const world = new World();
    const begun: string[] = [];
    const made = (node: string) => {
      class DeskAgent extends Agent {
        static readonly role = 'desk';
        @onMessage('hang') hang(): Promise<void> {
          begun.push(node);
          return gate().passed;
        }
      }
      return single(DeskAgent);
    };
    const first = await world.start('n1', [made('n1')]);
    await world.start('n2', [made('n2')]);
    const { fleet } = await world.connect();
    const asked = ended(world, fleet.ask('desk', 'hang', {}, { deadline: '10m' }));
    await world.advance(100);
    await world.until(first.node.stop({ graceMs: 500 }));
    expect((await asked).error).toMatchObject({ code: 'agent-unavailable', details: { reached: 'maybe' } });
    await world.advance(30_000);
    expect(begun).toEqual(['n1']);
  });

  test('without an answer fails at its deadline', async () => {
    const world = new World();
    await world.start('n1', [single(DocsAgent)]);
    const { fleet } = await world.connect();
    const { error, tookMs } = await ended(world, fleet.ask('docs', 'hang', {}, { deadline: '7s' }));
    expect(error).toMatchObject({ name: 'DeliveryError', code: 'reply-timeout' });
    expect(tookMs).toBe(7_000);
  });

  test('that is waiting when its deadline passes is not handled any more', async () => {
    const world = new World();
    const node = await world.start('n1', [single(DocsAgent)]);
    const { fleet } = await world.connect();
    const first = ended(world, fleet.ask('docs', 'hang', {}, { deadline: '9s' }));
    const second = ended(world, fleet.ask('docs', 'who', {}, { deadline: '2s' }));
    await world.advance(20_000);
    expect([(await first).error, (await second).error]).toMatchObject([
      { code: 'reply-timeout' },
      { code: 'reply-timeout' },
    ]);
    expect(saidOf(node, 'message.failed')).toEqual([]);
    expect((await ended(world, fleet.ask('docs', 'who'))).value).toMatchObject({ me: 'docs' });
  });

  test('ends when the signal of its caller aborts', async () => {
    const world = new World();
    await world.start('n1', [single(DocsAgent)]);
    const { fleet } = await world.connect();
    const abort = new AbortController();
    const asked = ended(world, fleet.ask('docs', 'hang', {}, { signal: abort.signal }));
    await world.advance(100);
    abort.abort(new Error('never mind'));
    expect((await asked).error).toMatchObject({ message: 'never mind' });
  });

  test('that would wait for itself fails as a cycle, directly and through another agent', async () => {
    const world = new World();
    await world.start('n1', [single(DocsAgent), single(OtherAgent)]);
    const { fleet } = await world.connect();
    const direct = await ended(world, fleet.ask('docs', 'relay', 'docs'));
    expect(direct.error).toBeInstanceOf(HandlerError);
    expect(direct.error).toMatchObject({ cause: { message: expect.stringContaining('docs asks docs') as string } });
    const around = await ended(world, fleet.ask('docs', 'relay', 'other'));
    expect((around.error as Error).message).toContain('docs asks other asks docs');
    const task = fleet.run({ role: 'docs', task: 'askSelf' }, {}, { retries: 0 });
    expect((await ended(world, task)).error).toMatchObject({ name: 'HandlerError' });
  });

  test('that failed inside a handler is the failure of that handler, not of the outer ask', async () => {
    const world = new World();
    await world.start('n1', [single(DocsAgent), single(OtherAgent)]);
    const { fleet } = await world.connect();
    const nobody = await ended(world, fleet.ask('docs', 'relay', 'nobody'));
    expect(nobody.error).toBeInstanceOf(HandlerError);
    const late = await ended(world, fleet.ask('docs', 'relay-hang', 'other'));
    expect(late.error).toBeInstanceOf(HandlerError);
  });

  test('leaves nothing behind in the process that asked', async () => {
    const world = new World();
    await world.start('n1', [single(DocsAgent)]);
    const { fleet, clock } = await world.connect();
    await ended(world, fleet.ask('docs', 'who'));
    await world.advance(2_000);
    expect(clock.pending).toBe(0);
  });
});
