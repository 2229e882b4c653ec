/**
 * The judge of fail-overs: pure, from what was accepted, what handlers saw, and what the broker says it granted and took.
 *
 * An epoch is the server's time of its grant in microseconds, and the id of an event the server's time in milliseconds: so the two
 * have one order, whatever the nodes believe.
 */
import { groupBy } from '../rig/judge-tasks.ts';
import type { Handling, Trace } from './failover-parts.ts';

/** A message that its sender was told is stored. */
export type Accepted = Pick<Trace, 'to' | 'from' | 'seq'>;

/** One grant of an id, as the directory showed it. */
export interface Grant extends Pick<Trace, 'to' | 'node'> {
  readonly epoch: number;
  /** The owner before was still present. */
  readonly isBeside: boolean;
}

export interface TakenEffect extends Trace {
  /** Server time. */
  readonly takenAtMs: number;
}

export interface Evidence {
  readonly accepted: readonly Accepted[];
  /** In the order of the book. */
  readonly handlings: readonly Handling[];
  /** In the order in which they were seen. */
  readonly grants: readonly Grant[];
  readonly effects: readonly TakenEffect[];
}

export interface FailoverVerdict {
  readonly messagesLost: number;
  readonly messagesTwice: number;
  readonly messagesOutOfOrder: number;
  readonly staleEffectsAccepted: number;
  readonly doubleActivations: number;
  readonly stories: readonly string[];
}

const nameOf = ({ to, from, seq }: Accepted): string => `${from}#${seq} to ${to}`;
const lineOf = ({ to, from }: Accepted): string => `${from} to ${to}`;
const holderOf = ({ to, node }: Pick<Trace, 'to' | 'node'>): string => `${to} on ${node}`;

export function judgeFailover(evidence: Evidence): FailoverVerdict {
  const lost = lostMessages(evidence);
  const twice = repeatsUnmarked(evidence.handlings);
  const disordered = outOfOrder(evidence);
  const stale = staleEffects(evidence);
  const double = doubleActivations(evidence.grants);
  return {
    messagesLost: lost.length,
    messagesTwice: twice.length,
    messagesOutOfOrder: disordered.length,
    staleEffectsAccepted: stale.length,
    doubleActivations: double.length,
    stories: [...lost, ...twice, ...disordered, ...stale, ...double],
  };
}

/** Accepted, and never handled, or handled without an effect that the broker took. */
function lostMessages({ accepted, handlings, effects }: Evidence): string[] {
  const [handled, taken] = [new Set(handlings.map(nameOf)), new Set(effects.map(nameOf))];
  return accepted
    .map(nameOf)
    .filter((name) => !handled.has(name) || !taken.has(name))
    .map((name) => `${name} was accepted and ${handled.has(name) ? 'had no effect' : 'never handled'}`);
}

/** Handled a second time without a mark, or, marked or not, within one activation. */
function repeatsUnmarked(handlings: readonly Handling[]): string[] {
  const [unmarked, within] = [new Set<string>(), new Set<string>()];
  return handlings.flatMap((handling) => {
    const name = nameOf(handling);
    const here = `${name} on ${handling.node}`;
    const isAgain = (!handling.redelivered && unmarked.has(name)) || within.has(here);
    within.add(here);
    if (!handling.redelivered) unmarked.add(name);
    return isAgain
      ? [`${here} was handled again${handling.redelivered ? ' within one activation' : ', unmarked'}`]
      : [];
  });
}

/**
 * Behind a later one of its sender: within one activation, or for the first time in a later activation. A frozen node writes late into
 * the book: what counts is the order of the epochs.
 */
function outOfOrder({ handlings, grants }: Evidence): string[] {
  const epochs = new Map(grants.map((grant) => [holderOf(grant), grant.epoch]));
  const epochOf = (handling: Handling): number => epochs.get(holderOf(handling)) ?? 0;
  const seen = new Set<string>();
  const [newest, newestHere] = [new Map<string, number>(), new Map<string, number>()];
  return handlings
    .map((handling) => ({ handling, epoch: epochOf(handling) }))
    .sort((a, b) => a.epoch - b.epoch)
    .flatMap(({ handling }) => {
      const [name, line, { seq, node }] = [nameOf(handling), lineOf(handling), handling];
      const here = `${line} on ${node}`;
      const isBehind = seq < (newestHere.get(here) ?? 0) || (!seen.has(name) && seq < (newest.get(line) ?? 0));
      seen.add(name);
      newestHere.set(here, Math.max(seq, newestHere.get(here) ?? 0));
      newest.set(line, Math.max(seq, newest.get(line) ?? 0));
      return isBehind ? [`${name} came behind a later one, on ${node}`] : [];
    });
}

/** Taken by the broker after it had granted the id to somebody else, or from somebody to whom it never granted it. */
function staleEffects({ effects, grants }: Evidence): string[] {
  const perId = groupBy(grants, ({ to }) => to);
  return effects.flatMap((taken) => {
    const ofId = perId.get(taken.to) ?? [];
    const own = ofId.findLast(({ node }) => node === taken.node);
    if (own === undefined) return [`an effect of ${holderOf(taken)} was taken, to which the id never was granted`];
    const next = ofId.find(({ epoch }) => epoch > own.epoch);
    if (next === undefined || taken.takenAtMs <= Math.floor(next.epoch / 1_000)) return [];
    const lateMs = taken.takenAtMs - Math.floor(next.epoch / 1_000);
    return [`an effect of ${holderOf(taken)} was taken ${lateMs} ms after ${next.node} had been granted the id`];
  });
}

function doubleActivations(grants: readonly Grant[]): string[] {
  const epochs = new Map<string, number>();
  return grants.flatMap((grant) => {
    const before = epochs.get(grant.to) ?? 0;
    epochs.set(grant.to, Math.max(before, grant.epoch));
    if (grant.epoch > before && !grant.isBeside) return [];
    const why = grant.isBeside ? 'while the owner before was present' : `with an epoch that does not grow`;
    return [`${holderOf(grant)} was activated ${why}`];
  });
}
