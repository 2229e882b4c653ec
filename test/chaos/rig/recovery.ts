/**
 * How long it takes from Redis being back until every node consumes again.
 *
 * Probes are enqueued past the proxies, more than one node can take, until each process has run one. A node that something else
 * disturbs meanwhile would measure the wrong thing, so a measurement wants to be alone; where it cannot be, it is left out.
 */
import { repeat } from '../../../src/core/clock.ts';
import { systemClock } from '../../../src/core/system.ts';
import { probeTask } from './contracts.ts';
import { holds, type Stage } from './stage.ts';

const limitMs = 15_000;
const probeEveryMs = 30;
const probesAtOnce = 3;

/** Adds the time of each node to `samples`; `limitMs` for one that never came back. */
export function measureRecovery(stage: Stage, backAt: number, samples: number[]): Promise<void> {
  return stage.tryAlone(async () => {
    const nodes = stage.slots.filter((slot) => slot.isReady).map((slot) => slot.pid);
    const direct = await stage.direct();
    const probing = repeat(
      systemClock,
      () => probeEveryMs,
      async () => {
        for (let n = 0; n < probesAtOnce; n++) direct.enqueue(probeTask, { n }).catch(() => undefined); // the next ones count
      },
    );
    const from = stage.ledger.lines.length;
    const back = new Map<number, number>();
    try {
      await holds(() => {
        stage.ledger.read();
        for (const line of stage.ledger.lines.slice(from))
          if (line.t === 'probe' && line.at > backAt && !back.has(line.pid)) back.set(line.pid, line.at - backAt);
        return nodes.every((pid) => back.has(pid));
      }, limitMs);
    } finally {
      probing.cancel();
      await direct.close();
    }
    for (const pid of nodes) samples.push(back.get(pid) ?? limitMs);
  });
}
