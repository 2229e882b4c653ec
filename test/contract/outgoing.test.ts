/**
 * Tasks of the fleet with foreign agents: put once, answered once, withdrawn whole (G1 to G5).
 */
import { expect, test } from 'vitest';
import { describeBrokers, type TestFleet } from './harness.ts';

async function stand(open: () => Promise<TestFleet>) {
  const fleet = await open();
  await fleet.lose(); // the lists are shared by all fleets of a server
  const bridge = await fleet.join();
  await bridge.foreign.hold(bridge.address, 600_000);
  const put = (taskId: string, foreignId = `f-${taskId}`) =>
    bridge.outgoing.put({ node: bridge.address, taskId, foreignId, text: `{"${foreignId}"}` });
  const answer = (foreignId: string, text: string) =>
    bridge.outgoing.answer({ node: bridge.address, answers: [{ foreignId, answer: text }] });
  return { fleet, bridge, put, answer };
}

describeBrokers('outgoing tasks', (open) => {
  test('G1: a task is put once, whoever repeats it is told under which id', async () => {
    const { fleet, put } = await stand(open);
    expect(await put('a.n.1-1')).toMatchObject({ kind: 'put', out: { foreignId: 'f-a.n.1-1', taskId: 'a.n.1-1' } });
    expect(await put('a.n.1-1', 'other')).toMatchObject({ kind: 'known', out: { foreignId: 'f-a.n.1-1' } });
    expect(await fleet.outsider.read('queue')).toEqual(['{"f-a.n.1-1"}']);
  });

  test('G2: the first answer stays, and those to unknown tasks are not kept', async () => {
    const { bridge, put, answer } = await stand(open);
    await put('a.n.1-1', 'f');
    expect([await answer('f', 'one'), await answer('f', 'two'), await answer('g', 'three')]).toEqual([['f'], [], []]);
    expect(await put('a.n.1-1', 'f')).toMatchObject({ kind: 'known', out: { answer: 'one' } });
    expect((await bridge.outgoing.read()).outs).toMatchObject([{ taskId: 'a.n.1-1', foreignId: 'f', answer: 'one' }]);
  });

  test('G3: a withdrawal takes the entry out where nobody has it, and forgets the rest', async () => {
    const { fleet, bridge, put, answer } = await stand(open);
    await fleet.outsider.push('queue', 'foreign');
    await put('a.n.1-1');
    await put('a.n.1-2');
    await answer('f-a.n.1-2', 'done');
    await bridge.outgoing.withdraw(bridge.address, ['a.n.1-1', 'a.n.1-2', 'a.n.1-3']);
    expect(await fleet.outsider.read('queue')).toEqual(['foreign', '{"f-a.n.1-2"}']); // an answered one was taken by somebody
    expect(await bridge.outgoing.read()).toEqual({ outs: [] });
    expect(await put('a.n.1-1')).toMatchObject({ kind: 'put' });
  });

  test('G4: the mark is kept with the answers', async () => {
    const { bridge, put } = await stand(open);
    await put('a.n.1-1', 'f');
    expect(await bridge.outgoing.read()).not.toHaveProperty('mark');
    const mark = { count: 7, last: 'x' };
    await bridge.outgoing.answer({ node: bridge.address, answers: [{ foreignId: 'f', answer: 'one' }], mark });
    expect(await bridge.outgoing.read()).toMatchObject({ mark, outs: [{ answer: 'one' }] });
  });

  test('G5: only the bridge changes anything, and a queue of another type takes nothing', async () => {
    const { fleet, bridge, put } = await stand(open);
    const other = await fleet.join();
    const node = other.address;
    const lost = { code: 'bridge-lost' };
    const task = { node, taskId: 'a.n.1-1', foreignId: 'f', text: '{}' };
    await expect(other.outgoing.put(task)).rejects.toMatchObject(lost);
    await expect(other.outgoing.answer({ node, answers: [] })).rejects.toMatchObject(lost);
    await expect(other.outgoing.withdraw(node, [])).rejects.toMatchObject(lost);
    await fleet.outsider.spoil('queue', true);
    expect(await put('a.n.1-1')).toEqual({ kind: 'held' });
    expect(await bridge.outgoing.read()).toEqual({ outs: [] });
  });
});
