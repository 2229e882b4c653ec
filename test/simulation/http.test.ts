/**
 * HTTP of simulated agents: stubs that answer in virtual time and fail on purpose, and the refusal of everything else.
 */
import { Agent, onTask, pool, type Task } from 'agent-runtime';
import { describe, expect, test } from 'vitest';
import { type FaultKind, type HttpStubs, simulate } from '../../src/testing.ts';
import type { Simulation } from '../../src/sim/simulation.ts';

const bank = 'https://bank.test/charges';
const kept = globalThis.fetch;

class PayAgent extends Agent {
  static readonly role = 'pay';

  @onTask('pay', undefined, undefined, { retries: 0 }) async pay(task: Task): Promise<unknown> {
    const since = this.clock.now();
    const response = await fetch(bank, { method: 'POST', body: JSON.stringify(task.input), signal: task.signal });
    return {
      status: response.status,
      url: response.url,
      said: await response.json(),
      tookMs: this.clock.now() - since,
    };
  }

  @onTask('hurry', undefined, undefined, { retries: 0 }) async hurry(task: Task): Promise<unknown> {
    const since = this.clock.now();
    const signal = AbortSignal.timeout(Number(task.input));
    const outcome = await fetch(bank, { signal }).then(
      () => 'answered',
      (reason: Error) => reason.name,
    );
    return [outcome, this.clock.now() - since];
  }

  @onTask('try', undefined, undefined, { retries: 0, timeout: '5m' }) async try(task: Task): Promise<unknown> {
    try {
      const response = await fetch(bank, { method: 'POST', body: String(task.input) });
      return [response.status, await response.text()];
    } catch (error) {
      return String((error as Error).cause);
    }
  }

  @onTask('read', undefined, undefined, { retries: 0 }) async read(_task: Task): Promise<unknown> {
    const response = await fetch('https://news.test/stream?from=1');
    const since = this.clock.now();
    const parts: [string, number][] = [];
    const decoder = new TextDecoder();
    for await (const part of response.body ?? []) parts.push([decoder.decode(part), this.clock.now() - since]);
    return parts;
  }

  @onTask('other', undefined, undefined, { retries: 0 }) async other(_task: Task): Promise<void> {
    await fetch('https://elsewhere.test/');
  }

  @onTask('kept', undefined, undefined, { retries: 0 }) async kept(_task: Task): Promise<void> {
    await kept('http://127.0.0.1:59999/');
  }
}

const agents = [pool(PayAgent)];
const charges: unknown[] = [];
const http: HttpStubs = {
  routes: {
    [`POST ${bank}`]: async (request) => {
      const charge = await request.text();
      charges.push(charge);
      return Response.json({ charged: charge }, { status: 201 });
    },
    '* https://bank.test/*': () => new Response('hello'),
    'GET https://news.test/*': () => new Response(slowly(['one ', 'two ', 'three'])),
  },
  latency: { fromMs: 20, toMs: 200 },
};

function slowly(words: readonly string[]): ReadableStream<Uint8Array> {
  const left = [...words];
  return new ReadableStream({
    async pull(controller) {
      await new Promise((resolve) => Reflect.apply(globalThis.setTimeout, undefined, [resolve, 1_000]));
      const word = left.shift();
      if (word === undefined) controller.close();
      else controller.enqueue(new TextEncoder().encode(word));
    },
  });
}

async function simulated(faults: Partial<Record<FaultKind, number>> = {}, seed = 1): Promise<Simulation> {
  charges.length = 0;
  const sim = await simulate({ seed, agents, http, faults });
  sim.chaos();
  return sim;
}

describe('a stub for HTTP', () => {
  test('answers in virtual time, by the seed, and what was asked can be read', async () => {
    const run = async (seed: number): Promise<unknown> => {
      const sim = await simulated({}, seed);
      const result = await sim.fleet.run(PayAgent, 'pay', { order: 'a' });
      expect(sim.requests).toMatchObject([
        { from: 'n1', what: `POST ${bank}`, content: '{"order":"a"}', arrived: true, outcome: 'answered' },
      ]);
      expect(sim.leaks).toEqual([]);
      await sim.close();
      return result;
    };
    const result = await run(1);
    expect(result).toMatchObject({ status: 201, url: bank, said: { charged: '{"order":"a"}' } });
    const { tookMs } = result as { tookMs: number };
    expect(tookMs).toBeGreaterThanOrEqual(40);
    expect(tookMs).toBeLessThan(402);
    expect(await run(1)).toEqual(result);
    expect(await run(2)).not.toEqual(result);
  });

  test('sends a body in the pieces in which it is made', async () => {
    const sim = await simulated();
    const parts = (await sim.fleet.run(PayAgent, 'read', null)) as [string, number][];
    expect(parts.map(([word]) => word)).toEqual(['one ', 'two ', 'three']);
    const [first = 0, , last = 0] = parts.map(([, at]) => at);
    expect(last - first).toBe(2_000);
    await sim.close();
  });

  test('is no longer waited for when the signal of the request aborts', async () => {
    const sim = await simulated();
    expect(await sim.fleet.run(PayAgent, 'hurry', 5)).toEqual(['TimeoutError', 5]);
    expect(await sim.fleet.run(PayAgent, 'hurry', 500)).toMatchObject({ 0: 'answered' });
    await sim.settle();
    expect(sim.requests.map(({ arrived, outcome }) => [arrived, outcome])).toEqual([
      [true, 'aborted'], // O4: it had been sent
      [true, 'answered'],
    ]);
    await sim.close();
  });

  test('has had its effect when the process that asked ends before the answer, and nothing hears it', async () => {
    const sim = await simulated();
    const handle = await sim.fleet.enqueue(PayAgent, 'pay', { order: 'a' });
    await sim.eventually('the charge', () => charges.length === 1);
    sim.crash('n1');
    await sim.advance('10s');
    expect(sim.requests).toMatchObject([{ arrived: true, outcome: 'under way' }]);
    await sim.restart('n1');
    expect(await handle.result()).toMatchObject({ status: 201 });
    expect(charges.length).toBe(2);
    await sim.close();
  });

  test('that returns no response, or the same one twice, is told so', async () => {
    const same = Response.json({ ok: true });
    const odd = ['{"ok":true}' as unknown as Response, same];
    const wrong = { routes: { [`POST ${bank}`]: () => odd.shift() ?? same } };
    const sim = await simulate({ agents, http: wrong });
    const expected = `expected the stub for POST ${bank} to return a new Response, got: `;
    await expect(sim.run(PayAgent, 'pay', 1)).rejects.toThrow(`${expected}{"ok":true}`);
    expect(await sim.run(PayAgent, 'pay', 1)).toMatchObject({ said: { ok: true } });
    await expect(sim.run(PayAgent, 'pay', 1)).rejects.toThrow(`${expected}one that was read before`);
    expect(sim.requests.map(({ outcome }) => outcome)).toEqual(['failed', 'answered', 'failed']);
    await sim.close();
  });

  test('whose name is none is refused', async () => {
    const odd = { routes: { 'post bank': () => new Response() } };
    await expect(simulate({ agents, http: odd })).rejects.toThrow('expected http.routes to have names like');
  });
});

describe('what may happen to a request', () => {
  const trying = async (kind: FaultKind): Promise<{ readonly said: unknown; readonly sim: Simulation }> => {
    const sim = await simulated({ [kind]: 1 });
    const said = await sim.fleet.run(PayAgent, 'try', 'a');
    await sim.close();
    expect(sim.faults).toMatchObject([{ kind, at: `POST ${bank} a/1` }]);
    return { said, sim };
  };

  test('it is lost before it has an effect', async () => {
    const { said, sim } = await trying('lost-request');
    expect([said, charges]).toEqual(['Error: read ECONNRESET', []]);
    expect(sim.requests).toMatchObject([{ arrived: false, outcome: 'lost' }]);
  });

  test('its response is lost', async () => {
    const { said, sim } = await trying('lost-response');
    expect([said, charges]).toEqual(['Error: read ECONNRESET', ['a']]);
    expect(sim.requests).toMatchObject([{ arrived: true, outcome: 'lost' }]);
  });

  test('its response is late', async () => {
    const { said, sim } = await trying('late-response');
    expect(said).toEqual([201, '{"charged":"a"}']);
    expect(sim.elapsedMs).toBeGreaterThan(2_000);
  });

  test('it is refused', async () => {
    const { said, sim } = await trying('failed-request');
    expect([429, 500, 503]).toContain((said as [number])[0]);
    expect([charges, sim.requests]).toMatchObject([[], [{ arrived: false, outcome: 'refused' }]]);
  });

  test('its response ends in the middle', async () => {
    expect((await trying('spoiled-response')).said).toEqual([201, '{"charg']);
  });
});

describe('without a stub', () => {
  test('a request is refused with its place, and listed', async () => {
    for (const stubs of [{ http }, {}]) {
      const sim = await simulate({ agents, ...stubs });
      const failing = sim.fleet.run(PayAgent, 'other', null);
      await expect(failing).rejects.toThrow(
        /expected a stub for GET https:\/\/elsewhere\.test\/, got: none \(fetch at .*http\.test\.ts:\d+:\d+\)/,
      );
      expect(sim.leaks).toMatchObject([{ what: 'fetch' }]);
      await sim.close();
    }
    expect(globalThis.fetch).toBe(kept);
  });

  test('a fetch that was kept from before the simulation is refused, too', async () => {
    const sim = await simulate({ agents });
    await expect(sim.fleet.run(PayAgent, 'kept', null)).rejects.toThrow('fetch failed');
    expect(sim.leaks.map(({ what }) => what)).toContain('a fetch from before the simulation');
    await sim.close();
  });
});
