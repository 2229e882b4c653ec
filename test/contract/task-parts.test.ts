/**
 * Parts of tasks: numbered within a run, added by its holder alone, bounded, and told to who waits.
 */
import { expect, test } from 'vitest';
import type { AddPartsRequest, StoredPart } from '../../src/broker/logs.ts';
import type { ClaimedTask } from '../../src/broker/tasks.ts';
import { limits } from '../../src/core/limits.ts';
import { describeBrokers, type Member } from './harness.ts';
import { listen } from './post.ts';
import { numbered, putOne, queue, release, retry, settleOne, takeOne } from './work.ts';

/** Adds parts to a task, the first of them with number `first`. */
function add(
  node: Member,
  { receipt, attempt }: Pick<ClaimedTask, 'receipt' | 'attempt'>,
  first: number,
  bodies: readonly string[],
  options: Partial<AddPartsRequest> = {},
): Promise<'added' | 'stale'> {
  const request = {
    queue,
    node: node.address,
    receipt,
    attempt,
    first,
    bodies,
    keepMs: 600_000,
    notify: 'nobody',
    ...options,
  };
  return node.logs.addParts(request);
}

function read(member: Member, taskId: string, after = '', count = 1_000): Promise<readonly StoredPart[]> {
  return member.logs.readParts(taskId, { after, count });
}

const shown = (parts: readonly StoredPart[]): string[] =>
  parts.map(({ attempt, number, body }) => `${attempt}.${number} ${body}`);

describeBrokers('parts of tasks', (open) => {
  test('G2: parts are read in the order of their numbers, as they were added, and on behind any of them', async () => {
    const fleet = await open();
    const [node, reader] = [await fleet.join(), await fleet.connect()];
    await putOne(node);
    const task = await takeOne(node);
    const { taskId } = task.receipt;
    expect(await read(reader, taskId)).toEqual([]);
    expect(await add(node, task, 1, ['"Grüße \\n 日本語 🤖"', '2'])).toBe('added');
    expect(await add(node, task, 3, ['3', '4', '5'])).toBe('added');
    const all = await read(reader, taskId);
    expect(shown(all)).toEqual(['1.1 "Grüße \\n 日本語 🤖"', '1.2 2', '1.3 3', '1.4 4', '1.5 5']);
    expect(new Set(all.map(({ run }) => run)).size).toBe(1);
    expect(shown(await read(reader, taskId, all[1]?.entry, 2))).toEqual(['1.3 3', '1.4 4']);
    expect(await read(reader, taskId, all[4]?.entry)).toEqual([]);
    expect(await read(reader, 'audit.n.1-1')).toEqual([]);
    expect(await read(reader, 'no id')).toEqual([]);
  });

  test('G2: a repeated part changes nothing', async () => {
    const fleet = await open();
    const node = await fleet.join();
    await putOne(node);
    const task = await takeOne(node);
    await add(node, task, 1, ['1', '2']);
    expect(await add(node, task, 1, ['1', '2'])).toBe('added');
    expect(await add(node, task, 2, ['2', '3'])).toBe('added');
    expect(shown(await read(node, task.receipt.taskId))).toEqual(['1.1 1', '1.2 2', '1.3 3']);
  });

  test('G2: the first part of a later run replaces those of the run before, whatever its attempt', async () => {
    const fleet = await open();
    const [node, other] = [await fleet.join(), await fleet.join()];
    await putOne(node);
    const first = await takeOne(node);
    const { taskId } = first.receipt;
    await add(node, first, 1, ['"a"', '"b"']);
    const last = (await read(node, taskId)).at(-1);
    await settleOne(node, first, release);
    const second = await takeOne(other);
    expect(second.attempt).toBe(1);
    expect(shown(await read(node, taskId))).toEqual(['1.1 "a"', '1.2 "b"']);
    await add(other, second, 1, ['"c"']);
    const again = await read(node, taskId, last?.entry);
    expect(shown(again)).toEqual(['1.1 "c"']);
    expect(again[0]?.run).not.toBe(last?.run);
    await settleOne(other, second, retry());
    await add(node, await takeOne(node), 1, ['"d"', '"e"']);
    expect(shown(await read(node, taskId))).toEqual(['2.1 "d"', '2.2 "e"']);
    expect(shown(await read(node, taskId, again[0]?.entry))).toEqual(['2.1 "d"', '2.2 "e"']);
  });

  test('G3: only the holder of the current receipt adds parts', async () => {
    const fleet = await open();
    const [node, other] = [await fleet.join(), await fleet.join()];
    await putOne(node);
    const first = await takeOne(node);
    const { taskId } = first.receipt;
    expect(await add(other, first, 1, ['0'])).toBe('stale');
    await settleOne(node, first, release);
    expect(await add(node, first, 1, ['0'])).toBe('stale');
    const second = await takeOne(node);
    expect(await add(node, first, 1, ['0'])).toBe('stale');
    const wrong = { ...second, receipt: { ...second.receipt, taskId: `${queue}.n.1-1` } };
    expect(await add(node, wrong, 1, ['0'])).toBe('stale');
    expect(await read(node, taskId)).toEqual([]);
    await add(node, second, 1, ['1']);
    await settleOne(node, second, { kind: 'complete', result: '1', resultTtlMs: 1_000 });
    expect(await add(node, second, 2, ['2'])).toBe('stale');
    expect(shown(await read(node, taskId))).toEqual(['1.1 1']);
  });

  test('G3: a node whose presence has ended adds nothing', async () => {
    const fleet = await open();
    const [node, reader] = [await fleet.join('n1', 2_000), await fleet.connect()];
    await putOne(node);
    const task = await takeOne(node);
    await fleet.pass(2_100);
    await expect(fleet.ended(add(node, task, 1, ['1']))).rejects.toMatchObject({ code: 'presence-lost' });
    expect(await read(reader, task.receipt.taskId)).toEqual([]);
  });

  test(`G4: the newest ${limits.taskParts} parts are kept`, async () => {
    const fleet = await open();
    const node = await fleet.join();
    await putOne(node);
    const task = await takeOne(node);
    const total = limits.taskParts + 300;
    for (let first = 1; first <= total; first += 100) await add(node, task, first, numbered(100, ''));
    const kept = await read(node, task.receipt.taskId, '', 2 * total);
    expect(kept).toHaveLength(limits.taskParts);
    expect([kept[0]?.number, kept.at(-1)?.number]).toEqual([301, total]);
  });

  test(`G4: no more than ${limits.taskPartsBytes} bytes of them are kept, and always the newest`, async () => {
    const fleet = await open();
    const node = await fleet.join();
    await putOne(node);
    const task = await takeOne(node);
    const { taskId } = task.receipt;
    const body = JSON.stringify('x'.repeat(99_998));
    for (let first = 1; first <= 24; first += 2) await add(node, task, first, [body, body]);
    const most = Math.floor(limits.taskPartsBytes / body.length);
    expect((await read(node, taskId)).map(({ number }) => number)).toEqual(
      Array.from({ length: most }, (_, index) => 25 - most + index),
    );
    await add(node, task, 25, [JSON.stringify('x'.repeat(2 * limits.taskPartsBytes))]);
    expect((await read(node, taskId)).map(({ number }) => number)).toEqual([25]);
  });

  test('G4: parts are kept until none was added for the time that was said, and the numbers go on then', async () => {
    const fleet = await open();
    const node = await fleet.join();
    await putOne(node);
    const task = await takeOne(node);
    const { taskId } = task.receipt;
    await add(node, task, 1, ['1'], { keepMs: 3_000 });
    await fleet.pass(2_000);
    await add(node, task, 2, ['2'], { keepMs: 3_000 });
    await fleet.pass(2_000);
    const kept = await read(node, taskId);
    expect(shown(kept)).toEqual(['1.1 1', '1.2 2']);
    await fleet.pass(1_200);
    expect(await read(node, taskId)).toEqual([]);
    await add(node, task, 3, ['3']);
    const later = await read(node, taskId, kept.at(-1)?.entry);
    expect(shown(later)).toEqual(['1.3 3']);
    expect(later[0]?.run).toBe(kept[0]?.run);
  });

  test('G5: whoever was named hears of new parts, and nobody of refused ones', async () => {
    const fleet = await open();
    const [node, asker] = [await fleet.join(), await fleet.connect()];
    await putOne(node);
    const task = await takeOne(node);
    const heard = await listen(asker);
    await add(node, task, 1, ['1', '2'], { notify: asker.address });
    await fleet.eventually(() => heard.length > 0, 'the notice');
    await settleOne(node, task, release);
    await add(node, task, 3, ['3'], { notify: asker.address });
    await node.control.pause(queue);
    await fleet.eventually(() => heard.some(({ kind }) => kind === 'paused'), 'the last notice of the queue');
    const { taskId } = task.receipt;
    expect(heard.filter(({ kind }) => kind === 'parts')).toEqual([{ kind: 'parts', taskId }]);
  });
});
