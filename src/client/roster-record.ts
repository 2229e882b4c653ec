/**
 * What stands in the roster: agents that were spawned, and pools whose size was set for the whole fleet.
 *
 * Clients write the records and nodes read them, also those of another version of this package: what cannot be read is left alone.
 */
import type { SpawnOptions } from '../agent/spawn-verbs.ts';
import type { RosterEntry } from '../broker/roster.ts';

/** An incarnation of an agent: the epoch is its activation's. */
export interface ParentRef {
  readonly id: string;
  readonly epoch: number;
}

/** What becomes of it when it ends. */
export type SpawnRestart = NonNullable<SpawnOptions['restart']>;

const restarts: ReadonlySet<unknown> = new Set<SpawnRestart>(['permanent', 'transient', 'temporary']);

export interface AgentRecord {
  readonly kind: 'agent';
  readonly id: string;
  readonly role: string;
  /** Where it is to run. */
  readonly node: string;
  /** Names this spawn: another one may come under the same id later. */
  readonly spawn: string;
  /** It ends with it. */
  readonly parent?: ParentRef;
  /** Absent: `transient`. */
  readonly restart?: SpawnRestart;
}

export interface PoolRecord {
  readonly kind: 'pool';
  readonly role: string;
  /** Agents in the whole fleet. */
  readonly size: number;
}

export type RosterRecord = AgentRecord | PoolRecord;

export function nameOfAgent(id: string): string {
  return `agent:${id}`;
}

export function nameOfPool(role: string): string {
  return `pool:${role}`;
}

/** The record of an entry; undefined when it is none that this version knows. */
export function recordOf({ text }: Pick<RosterEntry, 'text'>): RosterRecord | undefined {
  try {
    const value = JSON.parse(text) as Partial<AgentRecord> | Partial<PoolRecord> | null;
    if (value?.kind === 'agent') return isAgentRecord(value) ? value : undefined;
    if (value?.kind !== 'pool' || typeof value.role !== 'string' || typeof value.size !== 'number') return undefined;
    return { kind: 'pool', role: value.role, size: value.size };
  } catch {
    return undefined;
  }
}

function isAgentRecord(value: Partial<AgentRecord>): value is AgentRecord {
  const { parent } = value as { parent?: Partial<ParentRef> };
  const texts = [value.id, value.role, value.node, value.spawn];
  return (
    texts.every((text) => typeof text === 'string') &&
    (value.restart === undefined || restarts.has(value.restart)) &&
    (parent === undefined || (typeof parent.id === 'string' && typeof parent.epoch === 'number'))
  );
}
