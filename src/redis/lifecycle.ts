/**
 * What becomes of nodes and agents on Redis: one capped stream beside the presence of the nodes, so that the scripts which see a
 * presence end record it in the same step.
 *
 * Invariants G6 to G8 stand in broker/logs.ts, P5 in broker/presence.ts.
 */
import type { AgentRecord, LifecyclePage, LifecycleRecord } from '../broker/logs.ts';
import { everyone } from '../broker/notices.ts';
import { limits } from '../core/limits.ts';
import { isBehind } from './events.ts';
import type { Store } from './store.ts';

type Entry = readonly [id: string, fields: readonly string[]];

export async function recordAgents(store: Store, node: string, records: readonly AgentRecord[]): Promise<void> {
  if (records.length === 0) return;
  const { stream, trimmed } = store.keys.lifecycle;
  const args = records.flatMap(({ kind, agent, role, epoch, reason = '' }) => {
    const json = JSON.stringify(reason);
    return [kind, agent, role, epoch, reason, json];
  });
  const call = {
    keys: [store.keys.lease(node), stream, trimmed],
    args: [node, store.keys.channel(everyone), limits.lifecycle, ...args],
  };
  await store.runAs(node, () => store.run('record-agents', call));
}

export async function readRecords(
  store: Store,
  { after, count }: { readonly after: string; readonly count: number },
): Promise<LifecyclePage> {
  const { stream, trimmed } = store.keys.lifecycle;
  const start = after.includes('-') ? `(${after}` : after;
  // The newest dropped id is read after the entries: what is dropped in between makes a gap that is told, not hidden.
  const [entries, newestTrimmed, [newest]] = (await Promise.all([
    store.call('xrange', stream, start, '+', 'COUNT', Math.max(0, count)),
    store.call('get', trimmed),
    store.call('xrevrange', stream, '+', '-', 'COUNT', 1),
  ])) as [readonly Entry[] | null, string | null, readonly Entry[]];
  const records = (entries ?? []).map(([id, fields]) => decodeRecord(id, fields));
  return { records, gap: isBehind(newestTrimmed ?? '0', after), last: newest?.[0] ?? newestTrimmed ?? '0' };
}

function decodeRecord(id: string, flat: readonly string[]): LifecycleRecord {
  const fields: { [field in string]?: string } = {};
  for (let i = 0; i + 1 < flat.length; i += 2) fields[flat[i] ?? ''] = flat[i + 1] ?? '';
  const { kind, node = '', agent, role, epoch, reason } = fields;
  const about = agent !== undefined && { agent, role, epoch: Number(epoch) };
  const at = Number(id.split('-')[0]);
  return { id, at, kind, node, ...about, ...(reason !== undefined && { reason }) } as LifecycleRecord;
}
