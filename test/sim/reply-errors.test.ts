/**
 * What a handler throws, as its caller sees it: a HandlerError whose cause has the name, code, message and details of the original.
 */
import { Agent, DeliveryError, HandlerError, type Message, onMessage, onTask, pool, single } from 'agent-runtime';
import { RetryableError, RuntimeError, type Task, TerminalError } from 'agent-runtime';
import { describe, expect, test } from 'vitest';
import { World } from './world.ts';

class OutOfStock extends Error {
  readonly code = 'out-of-stock';
  readonly details = { sku: 'A-1', left: 0 };
}
class NamedError extends Error {
  override readonly name = 'OrderError';
}
class LooksLikeOurs extends Error {
  readonly code = 'agent-unavailable';
}

const secret = 'redis://user:hunter2@host/0';

const thrown: Readonly<Record<string, () => unknown>> = {
  terminal: () => new TerminalError('never again', { details: { order: 17 } }),
  runtime: () => new RuntimeError('no-money', 'pay first', { details: { due: 9.5, items: ['a'] } }),
  retryable: () => new RetryableError('later', { details: { why: 'busy' } }),
  'own class': () => new OutOfStock('nothing left'),
  'named class': () => new NamedError('no such order'),
  'looks like ours': () => new LooksLikeOurs('the warehouse agent is on leave'),
  delivery: () => new DeliveryError('no-handler', 'what I asked has none', { details: { asked: 'docs' } }),
  'no error': () => 'just text',
  secret: () => new RuntimeError('bad-url', `cannot reach ${secret}`, { details: { url: secret, note: 'a "b" \\' } }),
  'too much': () => new RuntimeError('big', 'too much to tell', { details: { text: 'x'.repeat(5_000) } }),
};

const expected: Readonly<Record<string, object>> = {
  terminal: { name: 'TerminalError', code: 'terminal', message: 'never again', details: { order: 17 } },
  runtime: { name: 'RuntimeError', code: 'no-money', message: 'pay first', details: { due: 9.5, items: ['a'] } },
  retryable: { name: 'RetryableError', code: 'retryable', message: 'later', details: { why: 'busy' } },
  'own class': {
    name: 'OutOfStock',
    code: 'out-of-stock',
    message: 'nothing left',
    details: { sku: 'A-1', left: 0 },
  },
  'named class': { name: 'OrderError', code: 'error', message: 'no such order', details: {} },
  'looks like ours': { name: 'LooksLikeOurs', code: 'agent-unavailable', message: 'the warehouse agent is on leave' },
  delivery: {
    name: 'DeliveryError',
    code: 'no-handler',
    message: 'what I asked has none',
    details: { asked: 'docs' },
  },
  'no error': { name: 'Error', code: 'thrown', message: 'just text' },
  secret: {
    code: 'bad-url',
    message: 'cannot reach redis://***@host/0',
    details: { url: 'redis://***@host/0', note: 'a "b" \\' },
  },
  'too much': { code: 'big', message: 'too much to tell', details: {} },
};

class ShopAgent extends Agent {
  static readonly role = 'shop';
  @onMessage('buy') buy({ data }: Message): never {
    throw thrown[String(data)]?.();
  }
  @onTask('order', undefined, undefined, { retries: 0 }) order({ input }: Task): never {
    throw thrown[String(input)]?.();
  }
}

describe.each(Object.keys(thrown))('what a handler threw: %s', (kind) => {
  test('reaches who asked', async () => {
    const world = new World();
    await world.start('n1', [single(ShopAgent)]);
    const { fleet } = await world.connect();
    const error: unknown = await world.until(fleet.ask('shop', 'buy', kind).catch((caught: unknown) => caught));
    expect(error).toBeInstanceOf(HandlerError);
    expect(error).toMatchObject({ cause: expected[kind], details: { agentId: 'shop' } });
  });

  test('reaches who runs the task', async () => {
    const world = new World();
    await world.start('n1', [pool(ShopAgent)]);
    const { fleet } = await world.connect();
    const run = fleet.run({ role: 'shop', task: 'order' }, kind);
    const error: unknown = await world.until(run.catch((caught: unknown) => caught));
    expect(error).toBeInstanceOf(HandlerError);
    expect(error).toMatchObject({ cause: expected[kind] });
  });
});
