/**
 * Three processes of the fleet share a thousand audit tasks on one Redis; one of them is killed in the middle.
 *
 * The ledger stands outside the fleet: what was accepted is counted by the client, what was settled by a listener on the wire, and what ran
 * by the events that each attempt broadcast.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect } from 'agent-runtime';
import { Redis } from 'ioredis';
import { expect, onTestFinished, test } from 'vitest';
import { checkStarted, runOneCheck } from '../../agents/contracts.ts';
import { decodeNotice, recordsOf } from '../../src/redis/notice-wire.ts';
import { startRedis } from '../support/redis-server.ts';
import { waitFor } from '../support/wait.ts';
import { exampleProject, startNode } from './processes.ts';

const total = 1_000;

async function smallRepository(): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'chaos-'));
  onTestFinished(() => rm(path, { recursive: true, force: true }));
  await Promise.all(
    Array.from({ length: 10 }, (_, n) => writeFile(join(path, `file-${n}.ts`), 'export const line = 1;\n'.repeat(60))),
  );
  return path;
}

/** Counts how often each task was settled, as the callers' notices tell. */
async function settleLedger(url: string): Promise<{ settled: Map<string, number>; upToDate: () => Promise<void> }> {
  const settled = new Map<string, number>();
  const listener = new Redis(url);
  onTestFinished(() => listener.disconnect());
  const marker = 'rt:ledger:to:marker';
  let marked = false;
  listener.on('pmessage', (_pattern: string, channel: string, text: string) => {
    if (channel === marker) {
      marked = true;
      return;
    }
    for (const notice of recordsOf(text).map(decodeNotice)) {
      if (notice.kind === 'settled') settled.set(notice.taskId, (settled.get(notice.taskId) ?? 0) + 1);
    }
  });
  await listener.psubscribe('rt:*:to:*');
  const publisher = new Redis(url);
  onTestFinished(() => publisher.disconnect());
  /** Redis delivers to one listener in the order of publishing: behind the marker nothing earlier is on its way. */
  const upToDate = async (): Promise<void> => {
    await publisher.publish(marker, '');
    await waitFor(() => marked, { what: 'the ledger to be up to date' });
  };
  return { settled, upToDate };
}

test('a thousand audit tasks on three processes are settled once each, also when one process is killed in the middle', async () => {
  const server = await startRedis();
  onTestFinished(() => server.stop());
  const path = await smallRepository();
  const { settled, upToDate } = await settleLedger(server.url);
  const project = await exampleProject();
  const nodes = await Promise.all([1, 2, 3].map(() => startNode(server.url, project)));
  const fleet = await connect({ redis: server.url, classic: true });
  onTestFinished(() => fleet.close());

  const handles = await Promise.all(
    Array.from({ length: total }, () => fleet.enqueue(runOneCheck, { check: 'encoding', path })),
  );
  await waitFor(() => settled.size >= total / 4, { what: 'a quarter of the tasks', timeoutMs: 30_000 });
  await nodes[0]?.kill();
  const reports = await Promise.all(handles.map((handle) => handle.result({ timeout: '45s' })));

  await upToDate();
  expect(reports.every((report) => report.check === 'encoding')).toBe(true);
  expect(new Set(handles.map((handle) => handle.id)).size).toBe(total);
  expect(settled.size).toBe(total);
  expect([...settled.values()].filter((times) => times !== 1)).toEqual([]);
  const starts = await fleet.events.read({ topic: checkStarted.topic, limit: 2 * total });
  const again = starts.filter((event) => (event.data as { attempt: number }).attempt > 1);
  expect(starts.length - again.length).toBeLessThanOrEqual(total);
  expect(starts.length).toBeGreaterThanOrEqual(total);
  expect(await fleet.queue('audit')).toMatchObject({ waiting: 0, parked: 0, claimed: 0, dead: 0 });
  console.info(
    `${total} accepted, ${settled.size} settled once, ${starts.length} started, ${again.length} of them again and saying so`,
  );
}, 90_000);
