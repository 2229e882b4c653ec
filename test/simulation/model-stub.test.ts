/**
 * A model stub in the hands of simulated agents: answers after virtual time, word by word where it is asked so, and failures on purpose.
 */
import { Agent, onTask, pool, type Task } from 'agent-runtime';
import { describe, expect, test } from 'vitest';
import { explore, type FaultKind, ModelError, modelStub, type Scenario, simulate } from '../../src/testing.ts';

interface Question {
  readonly about: string;
}

const model = modelStub({
  name: 'oracle',
  reply: ({ about }: Question) => ({ answer: `all about ${about}`, sure: true }),
  latency: { fromMs: 1_000, toMs: 3_000 },
});
const writer = modelStub({ reply: (prompt) => `a word on ${prompt}` });

class WriterAgent extends Agent {
  static readonly role = 'writer';

  @onTask('question', undefined, undefined, { retries: 0, timeout: '5m' }) async question(
    task: Task,
  ): Promise<unknown> {
    const since = this.clock.now();
    const answer = await model.answer({ about: String(task.input) }).catch((error: unknown) => error);
    if (answer instanceof ModelError) return { status: answer.status };
    if (answer instanceof Error) return { error: answer.message };
    return { answer, tookMs: this.clock.now() - since };
  }

  @onTask('draft', undefined, undefined, { retries: 0 }) async draft(task: Task): Promise<unknown> {
    const words: string[] = [];
    const since = this.clock.now();
    for await (const word of writer.stream(String(task.input), { signal: AbortSignal.timeout(10_000) }))
      words.push(`${word.trim()} at ${this.clock.now() - since}`);
    return words;
  }

  @onTask('hurry', undefined, undefined, { retries: 0 }) async hurry(_task: Task): Promise<unknown> {
    const soon = AbortSignal.timeout(100);
    return await model.answer({ about: 'time' }, { signal: soon }).catch((error: Error) => error.name);
  }

  @onTask('answer', undefined, undefined, { retries: 50, backoff: '1s', timeout: '1m' })
  async answer(task: Task): Promise<unknown> {
    const { answer } = await model.answer({ about: String(task.input) }, { signal: task.signal });
    if (typeof answer !== 'string') throw new Error('that is no answer');
    return answer;
  }
}

const agents = [pool(WriterAgent)];

async function asking(faults: Partial<Record<FaultKind, number>>): Promise<unknown> {
  const sim = await simulate({ agents, faults });
  sim.chaos();
  const result = await sim.fleet.run(WriterAgent, 'question', 'life');
  await sim.close();
  return result;
}

describe('a model stub', () => {
  test('answers after virtual time, by what it is asked, and what it was asked can be read', async () => {
    const sim = await simulate({ agents });
    const first = await sim.fleet.run(WriterAgent, 'question', 'life');
    expect(first).toMatchObject({ answer: { answer: 'all about life', sure: true } });
    expect((first as { tookMs: number }).tookMs).toBeGreaterThanOrEqual(2_000);
    expect(sim.requests).toMatchObject([{ what: 'oracle', content: '{"about":"life"}', outcome: 'answered' }]);
    await sim.close();
  });

  test('gives its answer word by word', async () => {
    const sim = await simulate({ agents });
    const words = (await sim.fleet.run(WriterAgent, 'draft', 'rain')) as string[];
    expect(words.map((word) => word.replace(/ at .*/, ''))).toEqual(['a', 'word', 'on', 'rain']);
    const times = words.map((word) => Number(/\d+$/.exec(word)?.[0]));
    expect((times[3] ?? 0) - (times[0] ?? 0)).toBe(60);
    await sim.close();
  });

  test('is no longer waited for when the signal of the call aborts', async () => {
    const sim = await simulate({ agents });
    expect(await sim.fleet.run(WriterAgent, 'hurry', null)).toBe('TimeoutError');
    await sim.close();
  });

  test('fails on purpose: it has no time, is lost, late, or answers half', async () => {
    expect([429, 500, 529]).toContain(((await asking({ 'failed-request': 1 })) as { status: number }).status);
    expect(await asking({ 'lost-request': 1 })).toEqual({ error: 'read ECONNRESET' });
    expect(((await asking({ 'late-response': 1 })) as { tookMs: number }).tookMs).toBeGreaterThan(3_000);
    expect(await asking({ 'spoiled-response': 1 })).toMatchObject({ answer: { answer: 'all about life' } });
    expect(await asking({ 'spoiled-response': 1 })).not.toMatchObject({ answer: { sure: true } });
  });

  test('has nothing to say outside of a simulation', async () => {
    await expect(model.answer({ about: 'life' })).rejects.toThrow('to be called in a simulation, got: none runs');
    const sim = await simulate({ agents });
    await expect(model.answer({ about: 'life' })).rejects.toThrow('got: a call from outside of it');
    await sim.close();
  });

  test('leaves an agent that tries again with an answer, under every seed', async () => {
    const answers: unknown[] = [];
    const scenario: Scenario = {
      name: 'asking a model',
      agents,
      nodes: 2,
      faults: { 'failed-request': 0.5, 'lost-response': 0.5, 'spoiled-response': 0.3, 'late-response': 0.3, kill: 0.1 },
      run: async (sim) => {
        answers.length = 0;
        const topics = ['rain', 'snow', 'wind', 'fog'];
        const handles = await sim.fleet.enqueueMany(WriterAgent, 'answer', topics);
        await sim.advance('20s');
        sim.heal();
        for (const handle of handles) answers.push(await handle.result());
      },
      check: () => expect(answers).toEqual(['all about rain', 'all about snow', 'all about wind', 'all about fog']),
    };
    const { failures, unequal, struck } = await explore({ scenario, seeds: 8 });
    expect([failures, unequal]).toEqual([[], []]);
    expect(Object.keys(struck)).toEqual(expect.arrayContaining(['failed-request', 'lost-response', 'late-response']));
  });
});
