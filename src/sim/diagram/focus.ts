/**
 * What a failure is about: the work that its violations name, and the work that its faults struck.
 *
 * Everything else in a run is somebody else's story, and is folded away.
 */
import type { Entry, Strike, Trip } from '../journal.ts';
import type { Violation } from '../ledger.ts';
import { type Cast, opsOf } from './cast.ts';

export interface Focus {
  /** Named by a violation. */
  readonly named: ReadonlySet<string>;
  /** These, what the faults struck, and all of the same piece of work. */
  readonly subjects: ReadonlySet<string>;
}

export function focusOf(entries: readonly Entry[], violations: readonly Violation[], cast: Cast): Focus {
  const words = violations.map(({ invariant, what }) => `${invariant} ${what}`).join('\n');
  const locks = new Set(entries.flatMap((entry) => (entry.kind === 'trip' ? cast.of(entry) : [])).filter(isLock));
  const isNamed = (subject: string): boolean => words.includes(subject);
  const named = new Set([...[...cast.subjects].filter(isNamed), ...[...locks].filter(isNamed)]);
  const struck = new Set(entries.flatMap((entry) => (entry.kind === 'strike' ? struckBy(entry, entries, cast) : [])));
  const chosen = new Set([...named, ...struck].filter((subject) => !subject.startsWith('agent ')));
  const subjects = cast.related(chosen.size === 0 ? new Set(cast.subjects) : chosen);
  return { named, subjects: new Set([...subjects, ...receiversOf(entries, subjects, cast)]) };
}

/** The work in the hands of whom a fault struck. */
function struckBy({ at, place, fault }: Strike, entries: readonly Entry[], cast: Cast): readonly string[] {
  const running = cast.runsAt(place, at).map(({ handled }) => handled.id);
  const hit = entries.filter(
    (entry) =>
      (entry.kind === 'trip' || entry.kind === 'delivery') && entry.struck.includes(fault.kind) && entry.at <= at,
  );
  const last = hit.findLast((entry) => entry.kind === 'trip' || entry.kind === 'delivery');
  if (last?.kind === 'trip') return [...workOf(last, cast), ...(endsProcess.has(fault.kind) ? running : [])];
  if (last?.kind === 'delivery') return cast.of(last);
  return running;
}

const endsProcess: ReadonlySet<string> = new Set(['crash-before-call', 'crash-after-call']);

function workOf(trip: Trip, cast: Cast): readonly string[] {
  const run = cast.runOf(trip);
  return [...cast.of(trip).filter((subject) => !isLock(subject)), ...(run === undefined ? [] : [run.handled.id])];
}

/** Agents to whom the work was addressed. */
function* receiversOf(entries: readonly Entry[], subjects: ReadonlySet<string>, cast: Cast): Generator<string> {
  for (const entry of entries) {
    if (entry.kind !== 'trip' || !entry.name.startsWith('mail.')) continue;
    if (!cast.of(entry).some((subject) => subjects.has(subject))) continue;
    for (const op of opsOf(entry.args)) if (typeof op['to'] === 'string') yield `agent ${op['to']}`;
  }
}

function isLock(subject: string): boolean {
  return subject.startsWith('lock ');
}
