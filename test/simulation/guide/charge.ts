import { Agent, onTask, type Task } from 'agent-runtime';

interface Model {
  answer(prompt: string, options?: { readonly signal?: AbortSignal }): Promise<string>;
}

/** What agents ask without `fetch`: a test puts a stub here. */
export const outside: { model?: Model } = {};

export class ChargeAgent extends Agent {
  @onTask('charge', undefined, undefined, { retries: 30, backoff: '1s', timeout: '30s' })
  async charge(task: Task): Promise<string | undefined> {
    const response = await fetch('https://bank.test/charges', {
      method: 'POST',
      headers: { 'idempotency-key': task.id },
      body: JSON.stringify({ order: task.input }),
      signal: task.signal,
    });
    if (!response.ok) throw new Error(`the bank says ${response.status}`);
    return await outside.model?.answer(`thank for ${String(task.input)}`, { signal: task.signal });
  }
}
