/**
 * What follows from the end of an agent: who is taken down, who is started again, and whose affair it becomes. Pure.
 *
 * The rules are those of OTP's `supervisor` (https://www.erlang.org/doc/apps/stdlib/supervisor.html and its source, supervisor.erl);
 * a group is a supervisor there, an agent a worker. Only the pause before a restart is not OTP's.
 *
 * U11  A permanent agent is started again however it ended, a transient one after an abnormal end, a temporary one never. Only what is
 *     started again counts as a restart, and touches others.
 * U12  one-for-one starts the agent alone; one-for-all takes down all others of its group, rest-for-one those behind it, in reverse
 *     start order, and starts all of them in start order. One that had ended by itself is among them, unless it is temporary.
 * U13  Intensity belongs to the group: `intensity` restarts of whatever members within the period are allowed, both edges included; the
 *     next one makes the group give up. Taking others along counts once.
 * U14  A group that gives up is taken down in reverse start order, and has then failed as a permanent member of the group around it. It
 *     is started again whole, its temporary agents included, with an empty history.
 * U15  What the outermost group gives up is the affair of whoever owns it: a node that cannot go on.
 * U16  An agent in no group is the only member of a one-for-one group of its own.
 */
import type { Random } from '../core/random.ts';
import { decideRestart, type RestartPolicy } from './restart-policy.ts';

export type RestartType = 'permanent' | 'transient' | 'temporary';
export type Strategy = 'one-for-one' | 'one-for-all' | 'rest-for-one';

export interface Leaf {
  readonly kind: 'agent';
  readonly id: string;
  readonly restart: RestartType;
}

export interface Group {
  readonly kind: 'group';
  readonly name: string;
  readonly strategy: Strategy;
  readonly policy: RestartPolicy;
  /** In start order. */
  readonly members: readonly Member[];
}

export type Member = Leaf | Group;

/** Times of the restarts of each group, on the monotonic clock. */
export type Histories = ReadonlyMap<Group, readonly number[]>;

export interface AgentEnd {
  readonly id: string;
  readonly abnormal: boolean;
}

/** Ids in the order in which it is done. Those that are not up are passed over, and so is in `start` who is up already. */
export type Decision =
  /** It stays down, and nobody else is touched. */
  | { readonly kind: 'rest' }
  | {
      readonly kind: 'restart';
      readonly terminate: readonly string[];
      readonly start: readonly string[];
      readonly afterMs: number;
      readonly histories: Histories;
    }
  /** U15: `group` is the outermost one. */
  | { readonly kind: 'escalate'; readonly terminate: readonly string[]; readonly group: Group };

/** Decides after the end of an agent of `tree` at monotonic time `now`. */
export function decideEnd(tree: Group, histories: Histories, end: AgentEnd, now: number, random: Random): Decision {
  const [leaf, ...groups] = pathTo(tree, end.id).reverse();
  if (leaf?.kind !== 'agent' || leaf.restart === 'temporary') return { kind: 'rest' };
  if (leaf.restart === 'transient' && !end.abnormal) return { kind: 'rest' };
  const terminate: string[] = [];
  const changed = new Map(histories);
  let failed: Member = leaf;
  for (const group of groups as Group[]) {
    const { policy, name } = group;
    const decision = decideRestart(policy, changed.get(group) ?? [], now, random, `restart:${name}`);
    if (decision.kind === 'restart') {
      changed.set(group, decision.history);
      const again = takenAlong(group, failed);
      terminate.push(...others(again, failed));
      for (const inner of again.flatMap(groupsIn)) changed.delete(inner);
      const start = again.flatMap(startedOf);
      return { kind: 'restart', terminate, start, afterMs: decision.afterMs, histories: changed };
    }
    terminate.push(...others(group.members, failed)); // U14
    failed = group;
  }
  return { kind: 'escalate', terminate, group: tree };
}

/** Every agent under a member, in start order. */
export function agentsOf(member: Member): readonly Leaf[] {
  return member.kind === 'agent' ? [member] : member.members.flatMap(agentsOf);
}

/** U16 */
export function aloneInGroup(id: string, restart: RestartType, policy: RestartPolicy): Group {
  return {
    kind: 'group',
    name: id,
    strategy: 'one-for-one',
    policy,
    members: [{ kind: 'agent', id, restart }],
  };
}

/** U12: the members that are started again with `failed`, in start order. */
function takenAlong({ strategy, members }: Group, failed: Member): readonly Member[] {
  if (strategy === 'one-for-one') return [failed];
  return strategy === 'one-for-all' ? members : members.slice(members.indexOf(failed));
}

/** The agents of all members but `failed`, in reverse start order. */
function others(members: readonly Member[], failed: Member): readonly string[] {
  return idsOf(members.filter((member) => member !== failed)).reverse();
}

/** A temporary agent is started with its group only, never by itself. */
function startedOf(member: Member): readonly string[] {
  if (member.kind === 'agent') return member.restart === 'temporary' ? [] : [member.id];
  return idsOf(member.members);
}

function idsOf(members: readonly Member[]): string[] {
  return members.flatMap(agentsOf).map(({ id }) => id);
}

function groupsIn(member: Member): readonly Group[] {
  return member.kind === 'agent' ? [] : [member, ...member.members.flatMap(groupsIn)];
}

/** From the outermost group down to the agent; empty when it is not there. */
function pathTo(member: Member, id: string): Member[] {
  if (member.kind === 'agent') return member.id === id ? [member] : [];
  for (const inner of member.members) {
    const path = pathTo(inner, id);
    if (path.length > 0) return [member, ...path];
  }
  return [];
}
