/**
 * Verbs: inputs, addresses and results as callers see them, by class, by contract and by name.
 */
import type { Agent, Lock } from 'agent-runtime';
import { AuditInput, changed, homeless, poke, summarise, whoEdits } from './contracts.ts';
import { GoodAgent, ListedAgent } from './handlers.test-d.ts';

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
function same<A, B>(_equal: Equal<A, B>): void {}

export async function byClass(agent: Agent): Promise<void> {
  const handle = await agent.enqueue(GoodAgent, 'audit', { path: '.' }, { priority: 'high', deadline: '10m' });
  const result = await handle.result({ timeout: '5s' });
  same<typeof result, { score: number }>(true);
  for await (const step of handle.progress()) same<typeof step.total, number | undefined>(true);

  const strict = await agent.run(GoodAgent, 'strict', { path: '.', depth: 2 });
  same<typeof strict, { score: number; note: string }>(true);
  const summary = await agent.run(GoodAgent, 'summarise.v2', { text: '' });
  same<typeof summary, { summary: string; at: number }>(true);
  const bare = await agent.run(GoodAgent, 'bare', { anything: true });
  same<typeof bare, string>(true);
  const listed = await agent.run(ListedAgent, 'audit', { path: '.' });
  same<typeof listed, { score: number }>(true);

  // @ts-expect-error: the class has no such task
  await agent.run(GoodAgent, 'audits', { path: '.' });
  // @ts-expect-error: a message is no task
  await agent.run(GoodAgent, 'status', {});
  // @ts-expect-error: a verb is no task
  await agent.run(GoodAgent, 'enqueue', {});
  // @ts-expect-error: tasks of a contract go by the contract's name
  await agent.run(GoodAgent, 'anyName', { text: '' });
  // @ts-expect-error: a field is missing
  await agent.run(GoodAgent, 'audit', {});
  // @ts-expect-error: a field has the wrong type
  await agent.run(GoodAgent, 'audit', { path: 1 });
  // @ts-expect-error: a field that is not there
  await agent.run(GoodAgent, 'audit', { path: '.', deep: 1 });
  // @ts-expect-error: not an option
  await agent.run(GoodAgent, 'audit', { path: '.' }, { prio: 'high' });
  // @ts-expect-error: not a priority
  await agent.run(GoodAgent, 'audit', { path: '.' }, { priority: 'urgent' });
}

export async function byContract(agent: Agent): Promise<void> {
  const summary = await agent.run(summarise, { text: '' });
  same<typeof summary, { summary: string; at: number }>(true);
  const addressed = await agent.run(homeless, '', { to: 'audit' });
  same<typeof addressed, number>(true);

  // @ts-expect-error: a contract without a role needs an address
  await agent.run(homeless, '');
  // @ts-expect-error: a contract without a role needs an address
  await agent.enqueue(homeless, '', { priority: 'high' });
  // @ts-expect-error: a field is missing
  await agent.enqueue(summarise, { words: 3 });
}

export async function byName(agent: Agent): Promise<void> {
  const result = await agent.run({ role: 'audit', task: 'audit' }, { path: '.' });
  same<typeof result, unknown>(true);
  // @ts-expect-error: a task needs a name
  await agent.run({ role: 'audit' }, { path: '.' });
}

export async function mail(agent: Agent): Promise<void> {
  const reply = await agent.ask('docs', whoEdits, { file: 'agents.md' }, { deadline: '5s' });
  same<typeof reply, { agent: string }>(true);
  const untyped = await agent.ask('docs', 'who-edits', { file: 'agents.md' });
  same<typeof untyped, unknown>(true);
  await agent.send('docs', poke, {});
  await agent.send('docs', 'poke');
  await agent.broadcast(changed, { file: 'a' });
  await agent.broadcast('audit.started', { path: '.' });

  // @ts-expect-error: a field is missing
  await agent.ask('docs', whoEdits, {});
  // @ts-expect-error: a field has the wrong type
  await agent.send('docs', poke, { times: 'twice' });
  // @ts-expect-error: a field is missing
  await agent.broadcast(changed, {});
  // @ts-expect-error: a task's contract is no message's
  await agent.send('docs', summarise, { text: '' });
  // @ts-expect-error: a schema is no contract
  await agent.run(AuditInput, { path: '.' });
}

export async function locks(agent: Agent): Promise<void> {
  await using held = await agent.lock('repo', { lease: '10s', wait: 0 });
  same<typeof held.token, number>(true);
  const answer = await agent.withLock('repo', (lock) => lock.token);
  same<typeof answer, number>(true);
  await agent.withLock('repo', { wait: '1s' }, async (lock) => lock.release());
  const permit = await agent.tryLock('licences', { permits: 3 });
  same<typeof permit, Lock | undefined>(true);
  permit?.guard({ token: 0 });
  // @ts-expect-error: tryLock never waits
  await agent.tryLock('repo', { wait: '1s' });
  // @ts-expect-error: not a duration
  await agent.lock('repo', { lease: 'long' });
}
