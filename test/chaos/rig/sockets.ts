/**
 * Sockets, counted by the servers: so many for each process that is up, and none of anybody who has gone.
 */
import type { Violation } from './figures.ts';
import { holds, type Stage } from './stage.ts';

/** Commands, blocking reads, subscriptions; with copies that confirm, writes. */
const perProcess = 3;
/** A process waits in at most so many slots at a time, each with a connection of its own. */
const mostWaits = 16;
const limitMs = 5_000;

/** Connections that should not be there, once the last ones had time to close. `direct`: the rig's own client. */
export async function leakedSockets(stage: Stage, direct: string): Promise<Violation[]> {
  let leaked: readonly string[] = [];
  await holds(async () => {
    const lists = stage.ground.everywhere.map(async ({ admin }) => String(await admin.client('LIST')));
    leaked = surplus(stage, direct, (await Promise.all(lists)).join('\n'));
    return leaked.length === 0;
  }, limitMs);
  return leaked.map((line) => ({
    figure: 'socketsLeaked',
    key: `socket ${line}`,
    story: `a connection too many: ${line}`,
  }));
}

function surplus(stage: Stage, direct: string, list: string): readonly string[] {
  const most = mostOf(stage);
  const expected = new Map([...stage.clients.map(({ name }) => name), direct].map((name) => [name, most]));
  for (const { pid } of stage.slots) expected.set(addressOf(stage, pid), most);
  const isWide = stage.ground.everywhere.length > 1;
  return list.split('\n').filter((line) => {
    const name = /\bname=(\S*)/.exec(line)?.[1];
    if (name === undefined || name === 'rig' || (isWide && /^(sentinel-.*)?$/.test(name))) return false; // servers among themselves
    const address = name.replace(/:[^:]*$/, '');
    const left = expected.get(address) ?? 0;
    expected.set(address, left - 1);
    return left <= 0;
  });
}

/** In a cluster there are commands and writes to each master. */
function mostOf({ ground: { cluster, replicas } }: Stage): number {
  const writes = replicas > 0 ? 1 : 0;
  if (cluster === undefined) return perProcess + writes;
  return cluster.masters.length * (1 + writes) + 1 + mostWaits;
}

/** The node that a process is now: its listener carries it in its id. */
function addressOf({ ledger }: Stage, pid: number): string {
  ledger.read();
  const up = ledger.lines.findLast((line) => line.t === 'up' && line.pid === pid && line.agent.startsWith('ear@'));
  return up?.t === 'up' ? (/@(.+)\.\d+$/.exec(up.agent)?.[1] ?? '') : '';
}
