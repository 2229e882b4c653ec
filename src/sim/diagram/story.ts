/**
 * The story of a failure: the rows of what led to it, with folds for what goes on besides, never longer than a person reads.
 *
 * Where it is cut, what is nearest to a fault or to the end stays.
 */
import type { Beat, Entry, Journaled, Run } from '../journal.ts';
import type { Violation } from '../ledger.ts';
import { Cast } from './cast.ts';
import { focusOf } from './focus.ts';
import { type Life, livesOf } from './lives.ts';
import type { Item, Landing, Place, Row } from './row.ts';
import { rowsOf } from './rows.ts';
import { timeWords } from './time-words.ts';

export interface Story {
  readonly cast: Cast;
  /** From left to right. */
  readonly places: readonly Place[];
  /** In the order of time. */
  readonly items: readonly Item[];
  readonly lives: readonly Life[];
  /** Handlers of this story. */
  readonly runs: readonly Run[];
  /** In sentences: what is not drawn. */
  readonly leftOut: readonly string[];
}

const mostRows = 150;
/** A shorter time in which nothing is left out needs no fold. */
const shortMs = 250;
const manySteps = 8;

export function storyOf({ entries, beats, dropped }: Journaled, violations: readonly Violation[]): Story {
  const cast = new Cast(entries);
  const focus = focusOf(entries, violations, cast);
  const { rows: all, left } = rowsOf(entries, focus, cast);
  const rows = bounded(withLandings(all));
  const cut = all.length - rows.filter(({ kind }) => kind !== 'landing').length;
  const endAt = Math.max(0, entries.at(-1)?.at ?? 0, beats.at(-1)?.at ?? 0);
  const drawn = new Set<Place>(rows.flatMap(placesOf));
  const places = columns(entries, drawn);
  const away = columns(entries, undefined).filter((place) => !places.includes(place));
  const broken = violations.map(({ invariant, what }) => {
    return { kind: 'broken', at: endAt, words: cast.readable(`${invariant}: ${what}`) } as const;
  });
  const lives = livesOf(entries, endAt);
  const runs = entries.filter((entry) => entry.kind === 'run').filter(({ handled }) => focus.subjects.has(handled.id));
  return {
    cast,
    places,
    items: [...folded(rows, { left, beats, endAt }), ...broken.slice(0, 5)],
    lives: lives.filter(({ place }) => places.includes(place)),
    runs: runs.filter(({ place }) => places.includes(place)),
    leftOut: [
      `${beats.length} heartbeats, waits and looks that brought nothing, and ${left.length} steps of other work, are folded away.`,
      ...(cut > 0
        ? [`${cut} more steps of this story are left out: those farthest from the faults and from the end.`]
        : []),
      ...(dropped > 0 ? [`The first ${dropped} steps of the run are not kept.`] : []),
      ...(away.length > 0 ? [`Nothing of it happened on ${away.join(', ')}.`] : []),
      ...(broken.length > 5 ? [`${broken.length - 5} more violations are not shown.`] : []),
    ],
  };
}

function withLandings(rows: readonly Row[]): readonly Row[] {
  const landings = rows.flatMap((row): Landing[] => {
    if (row.kind !== 'arrow' || typeof row.lands !== 'number') return [];
    const words = `arrives ${timeWords(row.lands - row.at)} later: ${row.words}`;
    return [{ kind: 'landing', at: row.lands, of: row, words, weight: row.weight }];
  });
  return [...rows, ...landings].toSorted((a, b) => a.at - b.at);
}

function bounded(rows: readonly Row[]): readonly Row[] {
  if (rows.length <= mostRows) return rows;
  const marks = [...rows.filter(({ fault }) => fault !== undefined).map(({ at }) => at), rows.at(-1)?.at ?? 0];
  const distance = ({ at }: Row): number => Math.min(...marks.map((mark) => Math.abs(mark - at)));
  const byWorth = rows.toSorted((a, b) => b.weight - a.weight || distance(a) - distance(b));
  const kept = new Set(byWorth.slice(0, mostRows));
  return rows.filter((row) => kept.has(row) && (row.kind !== 'landing' || kept.has(row.of)));
}

interface Rest {
  readonly left: readonly Entry[];
  readonly beats: readonly Beat[];
  readonly endAt: number;
}

/** Rows with a fold wherever something is left out between them, or time passes. */
function folded(rows: readonly Row[], { left, beats, endAt }: Rest): readonly Item[] {
  const items: Item[] = [];
  let since = 0;
  const foldUntil = (at: number): void => {
    const other = left.filter((entry) => isWork(entry) && entry.at > since && entry.at <= at).length;
    const pulses = beats.filter((beat) => beat.at > since && beat.at <= at).length;
    if (at - since >= shortMs || other >= manySteps)
      items.push({ kind: 'fold', at: since, until: at, words: foldWords(at - since, other, pulses) });
    since = at;
  };
  for (const row of rows) {
    foldUntil(row.at);
    items.push(row);
  }
  foldUntil(endAt);
  return items;
}

function foldWords(ms: number, other: number, pulses: number): string {
  const parts = [
    ...(other > 0 ? [`${other} ${other === 1 ? 'step' : 'steps'} of other work`] : []),
    ...(pulses > 0 ? [`${pulses} heartbeats and looks`] : []),
  ];
  return `${timeWords(ms)}${parts.length > 0 ? `: ${parts.join(', ')}` : ''}`;
}

function isWork(entry: Entry): boolean {
  return entry.kind === 'trip' || entry.kind === 'run';
}

function placesOf(row: Row): readonly Place[] {
  switch (row.kind) {
    case 'arrow':
      return [row.from, row.to];
    case 'mark':
      return row.places;
    case 'start':
      return [row.place];
    default:
      return [];
  }
}

/** Clients, the broker, then processes by name; of `drawn` only, when given. */
function columns(entries: readonly Entry[], drawn: ReadonlySet<Place> | undefined): readonly Place[] {
  const all = new Set(entries.filter(({ kind }) => kind === 'trip' || kind === 'note').map(({ place }) => place));
  const processes = new Set(
    entries.filter((one) => one.kind === 'note' && one.text === 'starts').map(({ place }) => place),
  );
  const isDrawn = (place: Place): boolean =>
    place !== '' && place !== 'broker' && place !== 'world' && (drawn?.has(place) ?? true);
  const clients = [...all].filter((place) => !processes.has(place) && isDrawn(place));
  const byName = (a: string, b: string): number => a.localeCompare(b, 'en', { numeric: true });
  const outside = drawn?.has('outside') ? ['outside'] : [];
  return [...clients, 'broker', ...[...processes].filter(isDrawn).toSorted(byName), ...outside];
}
