/**
 * Sockets, counted by the server: three for each process that is up, and none of anybody who has gone.
 */
import type { Violation } from './figures.ts';
import { holds, type Stage } from './stage.ts';

const perProcess = 3;
const limitMs = 5_000;

/** Connections that should not be there, once the last ones had time to close. `direct`: the rig's own client. */
export async function leakedSockets(stage: Stage, direct: string): Promise<Violation[]> {
  let leaked: readonly string[] = [];
  await holds(async () => {
    leaked = surplus(stage, direct, String(await stage.admin.client('LIST')));
    return leaked.length === 0;
  }, limitMs);
  return leaked.map((line) => ({
    figure: 'socketsLeaked',
    key: `socket ${line}`,
    story: `a connection too many: ${line}`,
  }));
}

function surplus(stage: Stage, direct: string, list: string): readonly string[] {
  const expected = new Map([...stage.clients.map(({ name }) => name), direct].map((name) => [name, perProcess]));
  for (const { pid } of stage.slots) expected.set(addressOf(stage, pid), perProcess);
  return list.split('\n').filter((line) => {
    const name = /\bname=(\S*)/.exec(line)?.[1];
    if (name === undefined || name === 'rig') return false;
    const address = name.replace(/:[^:]*$/, '');
    const left = expected.get(address) ?? 0;
    expected.set(address, left - 1);
    return left <= 0;
  });
}

/** The node that a process is now: its listener carries it in its id. */
function addressOf({ ledger }: Stage, pid: number): string {
  ledger.read();
  const up = ledger.lines.findLast((line) => line.t === 'up' && line.pid === pid && line.agent.startsWith('ear@'));
  return up?.t === 'up' ? (/@(.+)\.\d+$/.exec(up.agent)?.[1] ?? '') : '';
}
