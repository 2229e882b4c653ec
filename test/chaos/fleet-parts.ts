/**
 * Nodes and clients of a fleet inside the test's own process, on a real Redis: what they say is kept, and they end with the test.
 *
 * Their leases are short, so that a test sees them end; every promise is the same as with long ones.
 */
import { connect, type Fleet } from 'agent-runtime';
import { onTestFinished } from 'vitest';
import type { Hosting } from '../../src/agent/hosting.ts';
import { type RunningFleet, startFleet } from '../../src/compose/start-fleet.ts';
import { Observer, type RuntimeEvents } from '../../src/core/observer.ts';

export const timing = { presenceLease: '1500ms', heartbeat: '400ms', taskLease: '1s', drainGrace: '1s' } as const;

/** What a process says through its observer, in order. */
export class Said {
  readonly observer = new Observer();
  readonly #records: { readonly event: keyof RuntimeEvents; readonly record: unknown }[] = [];

  constructor() {
    const watched = ['node.fenced', 'broker.trouble', 'broker.recovered', 'broker.data-lost', 'agent.up'] as const;
    for (const event of [...watched, 'task.settled', 'message.failed'] as const)
      this.observer.on(event, (record: unknown) => void this.#records.push({ event, record }));
  }

  of<K extends keyof RuntimeEvents>(event: K): RuntimeEvents[K][0][] {
    return this.#records.filter((one) => one.event === event).map(({ record }) => record as RuntimeEvents[K][0]);
  }
}

export interface Part {
  readonly said: Said;
}

/** A node whose agents are up. */
export async function startNode(redis: string, agents: readonly Hosting[]): Promise<Part & { node: RunningFleet }> {
  const said = new Said();
  const node = await startFleet({ redis, agents: [...agents], timing }, { observer: said.observer });
  onTestFinished(() => node.stop({ graceMs: 0 }));
  return { node, said };
}

export async function openClient(redis: string): Promise<Part & { fleet: Fleet }> {
  const said = new Said();
  const fleet = await connect({ redis, observer: said.observer });
  onTestFinished(() => fleet.close());
  return { fleet, said };
}
