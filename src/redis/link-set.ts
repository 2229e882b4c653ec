/**
 * What the links of a process have in common, whether they lead to one server or to the masters of a cluster.
 *
 * It stands alone so that both ways to connect are made of the same parts and neither knows the other.
 */
import type { RedisOptions } from 'ioredis';
import type { Clock } from '../core/clock.ts';
import type { Observer } from '../core/observer.ts';
import type { Random } from '../core/random.ts';
import type { GroupReader } from './blocking-reader.ts';
import type { Keys } from './keys.ts';
import type { Calls } from './link.ts';
import type { Scripts } from './scripts.ts';
import type { ServerRuns } from './server-runs.ts';
import type { Subscriptions } from './subscriptions.ts';

export interface LinkSetDeps {
  readonly keys: Keys;
  readonly options: RedisOptions;
  /** Some writes are confirmed by replicas (replication.ts). */
  readonly confirmed: boolean;
  /** Loaded into every server that is connected to. */
  readonly scripts: Scripts;
  /** Looked at by every connection that claims. */
  readonly runs: ServerRuns;
  readonly clock: Clock;
  readonly random: Random;
  readonly observer: Observer;
}

export interface LinkSet {
  readonly commands: Calls;
  readonly blocking: GroupReader;
  readonly subscriptions: Subscriptions;
  /** There with `confirmed`: for what replicas have to confirm. */
  readonly writes: Calls | undefined;
  /** Ends what belongs to all links; they have been stopped before. */
  stop?(): void;
  /** Every server that takes writes. */
  servers(): Promise<readonly Pick<Calls, 'call'>[]>;
}

/** A presence lease is 5 s: a dead link must be found out in time to renew it over a new one. */
export const commandHangMs = 3_000;
/** Behind as many WAITs as there are lines of frames. */
export const writesHangMs = 15_000;
