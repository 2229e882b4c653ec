/**
 * What a stage stands on: one server, a Redis Cluster, or a master behind Sentinel. The rest of the rig does not know which.
 *
 * On the last two a server may be replaced by its copy. There the fleet runs with `durability: 'replicated'`, and what a promotion may
 * take away all the same is judged by the time in which it happened.
 */
import type { Redis } from 'ioredis';
import type { RedisCluster } from '../../support/redis-cluster.ts';
import type { RedisServer } from '../../support/redis-server.ts';
import type { Stretch } from './promotion-watch.ts';
import type { FaultyProxy, Lane } from './proxy.ts';

export const groundNames = ['server', 'cluster', 'sentinel'] as const;
export type GroundName = (typeof groundNames)[number];

/**
 * `lasting`: servers come back with what they had. `destroying`: the one server keeps nothing, and its data is taken away. `promoting`:
 * copies take the place of servers.
 */
export type Nature = 'lasting' | 'destroying' | 'promoting';

export interface Place {
  readonly server: RedisServer;
  /** The rig's own connection to it. */
  readonly admin: Redis;
  /** What its copies, and whoever watches, reach it through; there where copies may take its place. */
  readonly door?: FaultyProxy | undefined;
}

export interface Ground {
  /** For the rig itself: no fault of a link touches it. */
  readonly url: string;
  /** How many copies have to confirm what is stored; 0 where the word of the server is enough. */
  readonly replicas: number;
  /** Hears what is published, whichever server takes writes. */
  readonly ear: Redis;
  readonly everywhere: readonly Place[];
  readonly cluster?: RedisCluster;
  /** A way for one more process. */
  lane(): Promise<Lane>;
  /** Those that take writes, as far as the others know. */
  masters(): Promise<readonly Place[]>;
  /** When copies took, or may have taken, the place of servers; absent where there are none. */
  promotions?(): Promise<readonly Stretch[]>;
  /** Somebody has started a server again that was replaced meanwhile; absent where it finds out by itself. */
  rejoin?(place: Place): Promise<void>;
  /** Resolves when every server runs, one or one for each slot takes writes, and all others are whole copies. */
  settle(): Promise<void>;
  close(): Promise<void>;
}

export const lasting = ['--appendonly', 'yes', '--appendfsync', 'everysec'];
/** Without files, and with copies made at once. */
export const forgetful = ['--appendonly', 'no', '--save', '', '--repl-diskless-sync-delay', '0'];
