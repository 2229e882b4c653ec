/**
 * Verbs: inputs, addresses and results as callers see them, by class, by contract and by name.
 */
import { type Agent, connect, type Lock, type Task } from 'agent-runtime';
import { AuditInput, changed, homeless, poke, summarise, whoEdits } from './contracts.ts';
import { GoodAgent, ListedAgent, StatusTaskAgent, TalkativeAgent } from './handlers.test-d.ts';

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
  // @ts-expect-error: a verb that may be a handler is no task unless a class makes it one
  await agent.run(TalkativeAgent, 'status', '');
  await agent.run(StatusTaskAgent, 'status', { file: 'a' });
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

export async function many(agent: Agent): Promise<void> {
  const handles = await agent.enqueueMany(GoodAgent, 'audit', [{ path: '.' }], (input, index) => ({
    key: `${input.path} ${index}`,
    runAt: new Date(0),
    dedupe: '30s',
  }));
  same<Awaited<ReturnType<(typeof handles)[number]['result']>>, { score: number }>(true);
  const summaries = await agent.enqueueMany(summarise, [{ text: '' }], { priority: 'low' });
  same<Awaited<ReturnType<(typeof summaries)[number]['result']>>, { summary: string; at: number }>(true);
  await agent.enqueueMany(homeless, [''], { to: 'audit' });
  await agent.enqueueMany({ role: 'audit', task: 'audit' }, [1, 'two'], () => ({}));

  // @ts-expect-error: one of the inputs has the wrong type
  await agent.enqueueMany(GoodAgent, 'audit', [{ path: '.' }, { path: 1 }]);
  // @ts-expect-error: one input is no list of inputs
  await agent.enqueueMany(summarise, { text: '' });
  // @ts-expect-error: a contract without a role needs an address
  await agent.enqueueMany(homeless, ['']);
  // @ts-expect-error: not an option
  await agent.enqueueMany(GoodAgent, 'audit', [{ path: '.' }], () => ({ prio: 'high' }));
}

export async function children(task: Task): Promise<void> {
  const audits = await task.fanOut(GoodAgent, 'audit', [{ path: '.' }], { onFailure: 'collect', priority: 'high' });
  const settled = await audits.settled();
  same<typeof settled, PromiseSettledResult<{ score: number }>[]>(true);
  const summaries = await (await task.fanOut(summarise, [{ text: '' }])).results();
  same<typeof summaries, { summary: string; at: number }[]>(true);
  const untyped = await (await task.fanOut({ role: 'audit', task: 'audit' }, [1])).results();
  same<typeof untyped, unknown[]>(true);
  same<typeof task.parent, string | undefined>(true);

  // @ts-expect-error: the class has no such task
  await task.fanOut(GoodAgent, 'audits', [{ path: '.' }]);
  // @ts-expect-error: children have keys of their own
  await task.fanOut(summarise, [{ text: '' }], { key: 'mine' });
  // @ts-expect-error: a contract without a role needs an address
  await task.fanOut(homeless, ['']);
  // @ts-expect-error: not a way to take failures
  await task.fanOut(summarise, [{ text: '' }], { onFailure: 'ignore' });
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
  const sent = await agent.send('docs', poke, {}, { key: 'once', keyTtl: '10m' });
  same<typeof sent, { readonly id: string; readonly stored: boolean }>(true);
  await agent.send('docs', 'poke', {}, { volatile: true });
  await agent.broadcast(changed, { file: 'a' });
  await agent.broadcast('audit.started', { path: '.' });

  // @ts-expect-error: a field is missing
  await agent.ask('docs', whoEdits, {});
  // @ts-expect-error: a field has the wrong type
  await agent.send('docs', poke, { times: 'twice' });
  // @ts-expect-error: what is not stored has no key
  await agent.send('docs', 'poke', {}, { volatile: true, key: 'once' });
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

export async function fleetLocks(): Promise<void> {
  await using fleet = await connect({ redis: 'rediss://host', tls: { ca: './ca.pem' } });
  const held = await fleet.locks.acquire('repo', { lease: '10s', wait: 0, permits: 2 });
  same<typeof held, Lock>(true);
  const permit = await fleet.locks.tryAcquire('licences', { permits: 3 });
  same<typeof permit, Lock | undefined>(true);
  const answer = await fleet.locks.withLock('repo', { wait: '1s' }, (lock) => lock.token);
  same<typeof answer, number>(true);
  const waiters = (await fleet.locks.inspect('repo'))?.waiters;
  same<typeof waiters, number | undefined>(true);
  // @ts-expect-error: tryAcquire never waits
  await fleet.locks.tryAcquire('repo', { wait: '1s' });
}

export async function schedules(agent: Agent): Promise<void> {
  const reply = await agent.schedules.set('a', { cron: '0 3 * * *', task: [GoodAgent, 'audit', { path: '.' }] });
  same<typeof reply, 'created' | 'changed' | 'unchanged'>(true);
  await agent.schedules.set('a', {
    every: '15m',
    startAt: new Date(0),
    task: [summarise, { text: '' }],
    missed: 'all',
  });
  await agent.schedules.set('a', { every: 1_000, task: [homeless, ''], options: { to: 'audit' }, overlap: 'skip' });
  await agent.schedules.set('a', {
    every: '1h',
    task: [{ role: 'audit', task: 'audit' }],
    options: { priority: 'low' },
  });

  // @ts-expect-error: a field of the input is missing
  await agent.schedules.set('a', { every: '1h', task: [GoodAgent, 'audit', {}] });
  // @ts-expect-error: the class has no such task
  await agent.schedules.set('a', { every: '1h', task: [GoodAgent, 'audits', { path: '.' }] });
  // @ts-expect-error: a contract without a role needs an address
  await agent.schedules.set('a', { every: '1h', task: [homeless, ''] });
  // @ts-expect-error: either a cron expression or an interval
  await agent.schedules.set('a', { every: '1h', cron: '0 3 * * *', task: [GoodAgent, 'audit', { path: '.' }] });
  // @ts-expect-error: an interval has no time zone
  await agent.schedules.set('a', { every: '1h', timeZone: 'UTC', task: [GoodAgent, 'audit', { path: '.' }] });
  // @ts-expect-error: a run is known by its due time
  await agent.schedules.set('a', { every: '1h', task: [summarise, { text: '' }], options: { key: 'k' } });
  // @ts-expect-error: not a rule
  await agent.schedules.set('a', { every: '1h', task: [summarise, { text: '' }], missed: 'twice' });
}
