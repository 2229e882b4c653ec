/**
 * Scaling: the size of a pool in the whole fleet, kept in the roster until somebody changes it or takes it away.
 *
 * Nodes spread it among themselves (runtime/roster.ts); this only writes down what is wanted.
 */
import { DeliveryError } from '../core/errors.ts';
import { limits } from '../core/limits.ts';
import { placesOf } from './placement.ts';
import { nameOfPool, type PoolRecord } from './roster-record.ts';
import type { VerbsDeps } from './verbs.ts';

const largestPool = 100_000;

/** Sets the size of a pool; `null` takes it away, so that each node runs as many as it is configured to. */
export async function scalePool({ member }: VerbsDeps, role: string, size: number | null): Promise<void> {
  const { control, presence } = member.deps.broker;
  if (size === null) return void (await control.dismiss(nameOfPool(role)));
  if (!Number.isInteger(size) || size < 0 || size > largestPool)
    throw new DeliveryError(
      'malformed',
      `expected the size of a pool to be a whole number from 0 to ${largestPool}, got: ${size}`,
    );
  const hosts = placesOf(await presence.nodes()).filter(({ pools }) => pools.includes(role));
  if (hosts.length === 0)
    throw new DeliveryError(
      'no-node',
      `expected a node that hosts a pool of role "${role}" to be up, got: none\nOnly what pool() hosts can be scaled.`,
    );
  const record: PoolRecord = { kind: 'pool', role, size };
  const reply = await control.enrol({ name: nameOfPool(role), text: JSON.stringify(record) });
  if (reply.kind === 'full')
    throw new DeliveryError(
      'roster-full',
      `expected the roster to hold fewer than ${limits.rosterEntries} records, got: ${reply.entries}`,
    );
}
