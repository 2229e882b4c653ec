/**
 * Entries of the shared list that are for somebody else: whatever is in them, they are none of the fleet's business.
 */
import { expect, test } from 'vitest';
import { waitFor } from '../support/wait.ts';
import { auditor, classicStage } from './fleet.ts';
import { entry } from './rig/entries.ts';

const stage = classicStage();

test('entries for others are left alone, whatever else is wrong with them', async () => {
  const { agents } = auditor();
  const odd = [
    entry({ assignee: 'someone', taskId: 7, task: null }),
    entry({ assignee: 'someone', metadata: 'x'.repeat(1_000_000) }),
    entry({ assignee: 'someone', metadata: 0 }).replace(
      '"metadata":0',
      `"metadata":${'['.repeat(1_000)}${']'.repeat(1_000)}`,
    ),
    '{"assignee":"constructor"}',
  ];
  for (const text of odd) await stage.raw.lpush('task:queue', text);
  const { fleet } = await stage.start({ agents, classic: { foreign: [] } });
  await stage.raw.lpush('task:queue', entry({ taskId: 'last' }));
  await waitFor(async () => (await stage.raw.llen('task:completed')) === 1, { what: 'the task behind them' });
  expect((await stage.raw.lrange('task:queue', 0, -1)).reverse()).toEqual(odd);
  expect((await fleet.quarantine.list({ count: 10 })).entries).toEqual([]);
});
