/**
 * Waiting for tasks: a blocked claim is served by the enqueue itself, and ends without losing one.
 */
import { expect, test } from 'vitest';
import { describeBrokers, type Member } from './harness.ts';
import {
  complete,
  envelopesOf,
  idsOf,
  numbered,
  put,
  putOne,
  queue,
  release,
  retry,
  settleOne,
  take,
  takeOne,
} from './work.ts';

const wait = (
  member: Member,
  options: { queues?: string[]; count?: number; timeoutMs?: number; signal?: AbortSignal },
) => member.tasks.wait({ queues: [queue], node: member.address, count: 1, timeoutMs: 2_000, ...options });

const isAlive = async (member: Member, node: string): Promise<boolean> =>
  (await member.presence.nodes()).some((record) => record.node === node && record.alive);

describeBrokers('waits', (open) => {
  test('a wait gets a task that is enqueued meanwhile', async () => {
    const fleet = await open();
    const node = await fleet.join();
    const client = await fleet.connect();
    const waiting = wait(node, {});
    const id = await putOne(client);
    const tasks = await fleet.ended(waiting);
    expect(tasks).toMatchObject([{ queue, attempt: 1, redelivered: false, receipt: { taskId: id } }]);
    expect(await client.queues.state(id)).toBe('claimed');
  });

  test('a wait takes what waits already', async () => {
    const fleet = await open();
    const node = await fleet.join();
    await put(node, numbered(3));
    expect(envelopesOf(await fleet.ended(wait(node, { count: 2 })))).toEqual(['t0', 't1']);
  });

  test('a wait watches every queue and priority it names, and no other', async () => {
    const fleet = await open();
    const node = await fleet.join();
    for (const [name, priority] of [
      ['one', 'low'],
      ['two', 'normal'],
      ['two', 'high'],
    ] as const) {
      const waiting = wait(node, { queues: ['one', 'two'] });
      await put(node, ['elsewhere'], { queue: 'three' });
      await put(node, [`${name} ${priority}`], { queue: name, priority });
      expect(await fleet.ended(waiting)).toMatchObject([{ queue: name, envelope: `${name} ${priority}` }]);
    }
  });

  test('a wait ends empty after its timeout', async () => {
    const fleet = await open();
    const node = await fleet.join();
    expect(await fleet.ended(wait(node, { timeoutMs: 50 }))).toEqual([]);
    expect(await fleet.ended(wait(node, { timeoutMs: 50, queues: [queue, 'never-heard-of'] }))).toEqual([]);
  });

  test('a wait ends on abort, and no task is lost by it', async () => {
    const fleet = await open();
    const node = await fleet.join();
    const client = await fleet.connect();
    const got: string[] = [];
    const put: string[] = [];
    for (let round = 0; round < 25; round++) {
      const abort = new AbortController();
      const waiting = wait(node, { signal: abort.signal });
      const enqueued = putOne(client, `round ${round}`);
      if (round % 2 === 0) await Promise.resolve();
      if (round % 3 === 0) put.push(await enqueued);
      abort.abort();
      got.push(...idsOf(await fleet.ended(waiting)));
      if (round % 3 !== 0) put.push(await enqueued);
    }
    got.push(...idsOf(await take(node)));
    expect(got).toHaveLength(25);
    expect(new Set(got)).toEqual(new Set(put));
  });

  test('a wait ends on abort before its timeout, and takes nothing that comes later', async () => {
    const fleet = await open();
    const [node, other] = [await fleet.join(), await fleet.join()];
    const ended: string[] = [];
    for (const round of numbered(5)) {
      const abort = new AbortController();
      const patient = wait(other, { timeoutMs: 400, queues: ['elsewhere'] }).then(() => ended.push('patient'));
      const aborted = wait(node, { signal: abort.signal }).then((tasks) => ended.push(`aborted with ${tasks.length}`));
      await fleet.pass(20);
      abort.abort();
      await fleet.ended(aborted);
      const id = await putOne(other, round);
      expect(await other.queues.state(id)).toBe('waiting');
      expect(idsOf(await take(other))).toEqual([id]);
      await fleet.ended(patient);
    }
    expect(ended).toEqual(Array.from({ length: 5 }, () => ['aborted with 0', 'patient']).flat());
  });

  test('a wait whose signal is aborted already ends at once', async () => {
    const fleet = await open();
    const node = await fleet.join();
    expect(await fleet.ended(wait(node, { signal: AbortSignal.abort() }))).toEqual([]);
    await putOne(node);
    expect(await take(node)).toHaveLength(1);
  });

  test('T2: of many waiting nodes each task reaches one', async () => {
    const fleet = await open();
    const nodes = await Promise.all([fleet.join(), fleet.join(), fleet.join()]);
    const client = await fleet.connect();
    const got: string[] = [];
    let done = false;
    const loop = async (node: Member): Promise<void> => {
      while (!done) got.push(...idsOf(await wait(node, { count: 2, timeoutMs: 100 })));
    };
    const loops = Promise.all(nodes.map(loop));
    const ids: string[] = [];
    for (let round = 0; round < 10; round++) ids.push(...(await put(client, numbered(6))));
    await fleet.eventually(() => got.length >= ids.length, 'every task to be taken');
    done = true;
    await fleet.ended(loops);
    expect(got).toHaveLength(ids.length);
    expect(new Set(got)).toEqual(new Set(ids));
  });

  test('T4: what a wait hands over after the presence of its node has ended is recovered by another at once', async () => {
    const fleet = await open();
    const client = await fleet.connect();
    const other = await fleet.join('other');
    const endings = {
      crashed: () => fleet.eventually(async () => !(await isAlive(client, 'crashed')), 'its presence to end'),
      left: () => client.presence.leave('left'),
    };
    for (const [address, end] of Object.entries(endings)) {
      const node = await fleet.join(address, 300);
      const waiting = wait(node, {});
      await end();
      const id = await putOne(client);
      const [late] = await fleet.ended(waiting);
      if (late === undefined) return expect.fail('the wait goes on, and the task is handed over');
      expect(late).toMatchObject({ attempt: 1, receipt: { taskId: id } });
      const lost = { name: 'OwnershipError', code: 'presence-lost' };
      await expect(settleOne(node, late, complete)).rejects.toMatchObject(lost);
      const renewing = node.tasks.renew({ queue, node: address, receipts: [late.receipt] });
      await expect(renewing).rejects.toMatchObject(lost);
      await expect(wait(node, {})).rejects.toMatchObject(lost);
      const gone = { queue, node: 'other', count: 10, leaseMs: 3_600_000, gone: [address] };
      const recovered = await other.tasks.recover(gone);
      expect(recovered).toMatchObject([{ attempt: 2, redelivered: true, receipt: { taskId: id } }]);
      expect(recovered[0] && (await settleOne(other, recovered[0], complete))).toBe('settled');
    }
  });

  test('a wait hears a task that is retried at once, and one that is promoted', async () => {
    const fleet = await open();
    const node = await fleet.join();
    const id = await putOne(node);
    const task = await takeOne(node);
    const waiting = wait(node, {});
    await settleOne(node, task, retry());
    const [again] = await fleet.ended(waiting);
    expect(again).toMatchObject({ attempt: 2, receipt: { taskId: id } });

    await put(node, ['later'], { delayMs: 30 });
    const promoted = wait(node, {});
    await fleet.eventually(
      async () => (await node.tasks.promote({ queue, node: node.address, count: 10 })).moved,
      'the task to be promoted',
    );
    expect(envelopesOf(await fleet.ended(promoted))).toEqual(['later']);
  });

  test('a wait does not take released tasks; everyone hears of them and claims', async () => {
    const fleet = await open();
    const [a, b] = [await fleet.join(), await fleet.join()];
    const heard: string[] = [];
    await b.notices.listen(b.address, {
      onNotice: (notice) => void (notice.kind === 'released' && heard.push(notice.queue)),
      onReset: () => {},
    });
    const id = await putOne(a);
    await settleOne(a, await takeOne(a), release);
    expect(await fleet.ended(wait(b, { timeoutMs: 50 }))).toEqual([]);
    await fleet.eventually(() => heard.includes(queue), 'the release to be heard');
    expect(idsOf(await take(b))).toEqual([id]);
  });
});
