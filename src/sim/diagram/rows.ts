/**
 * From the journal to the rows of a picture: what is drawn, in the order of time, one thing in a row.
 *
 * One thing in a row is what keeps labels apart, whatever happens at one moment.
 */
import { faultKinds } from '../faults.ts';
import type { Delivery, Entry, Note, Request, Strike } from '../journal.ts';
import type { Cast } from './cast.ts';
import type { Focus } from './focus.ts';
import type { Row } from './row.ts';
import { bolt, heavy, landing, levelMs, rowsOfTrip } from './trips.ts';
import { deliveryWords, runWords } from './words.ts';

/** The rows of what the focus is about, and how many entries are left for folds. */
export function rowsOf(
  entries: readonly Entry[],
  focus: Focus,
  cast: Cast,
): { rows: readonly Row[]; left: readonly Entry[] } {
  const left: Entry[] = [];
  const made = entries.flatMap((entry) => {
    const rows = rowsOfOne(entry, entries, focus, cast);
    if (rows.length === 0) left.push(entry);
    return rows;
  });
  return { rows: merged(made.toSorted((a, b) => a.at - b.at)), left };
}

function rowsOfOne(entry: Entry, entries: readonly Entry[], focus: Focus, cast: Cast): readonly Row[] {
  const subjects = cast.of(entry);
  const weight = subjects.some((subject) => focus.named.has(subject)) ? 2 : 1;
  const isMeant = subjects.some((subject) => focus.subjects.has(subject));
  switch (entry.kind) {
    case 'trip': {
      const run = cast.runOf(entry);
      const isPart = isMeant || (run !== undefined && focus.subjects.has(run.handled.id));
      if (entry.struck.length > 0) return rowsOfTrip(entry, { focus, cast, weight: heavy });
      return isPart ? rowsOfTrip(entry, { focus, cast, weight }) : [];
    }
    case 'delivery':
      if (entry.struck.length > 0) return [rowOfDelivery(entry, cast, heavy)];
      return isMeant && (entry.method !== 'onEvent' || isHeard(entry, entries, focus))
        ? [rowOfDelivery(entry, cast, weight)]
        : [];
    case 'run': {
      if (!focus.subjects.has(entry.handled.id)) return [];
      return [{ kind: 'mark', at: entry.at, places: [entry.place], tone: 'run', words: runWords(entry, cast), weight }];
    }
    case 'note':
      return rowsOfNote(entry, entries, isMeant, cast);
    case 'request':
      return rowsOfRequest(entry, focus, cast);
    case 'log':
      return [];
    case 'strike':
      return rowsOfStrike(entry);
  }
}

function rowOfDelivery(delivery: Delivery, cast: Cast, weight: number): Row {
  const { at, place, heardAt, struck } = delivery;
  const isLate = heardAt !== undefined && heardAt - at > levelMs;
  return {
    kind: 'arrow',
    at: isLate || heardAt === undefined ? at : heardAt,
    from: 'broker',
    to: place,
    line: 'reply',
    words: deliveryWords(delivery, cast),
    weight,
    ...landing(at, heardAt, heardAt === undefined),
    ...(struck.length > 0 && { fault: struck.map(bolt).join(', ') }),
  };
}

/** It belongs to whatever its process is about at that time. */
function rowsOfRequest({ at, place, request }: Request, { subjects }: Focus, cast: Cast): readonly Row[] {
  const { what, outcome, arrived } = request;
  if (!cast.runsAt(place, at).some(({ handled }) => subjects.has(handled.id))) return [];
  const isLost = !arrived && outcome !== 'refused';
  const words = `${what}${outcome === 'answered' ? '' : ` → ${outcome}`}`;
  const arrow = { kind: 'arrow', at, from: place, to: 'outside', line: 'call', words, weight: 1 } as const;
  return [isLost ? { ...arrow, lands: 'lost' } : arrow];
}

/** An event is worth an arrow where somebody who counts hears it, or where the failure is about it. */
function isHeard({ place, what }: Delivery, entries: readonly Entry[], { named }: Focus): boolean {
  const id = String(Reflect.get(Object(what) as object, 'id'));
  return named.has(id) || entries.some((one) => one.kind === 'run' && one.place === place && one.handled.id === id);
}

const ofLife =
  /^(?:crash|stands still|goes on|is cut off|is connected again|ended: |could not start|node\.(?:fenced|draining)|agent\.restarting|handler\.given-up|broker\.data-lost|broadcast\.gap|message\.failed)/;

function rowsOfNote(note: Note, entries: readonly Entry[], isMeant: boolean, cast: Cast): readonly Row[] {
  const { at, place, text } = note;
  if (text === 'starts') {
    const isFirst = !entries.some(
      (one) => one.kind === 'note' && one.place === place && one.text === text && one.at < at,
    );
    return isFirst ? [] : [{ kind: 'start', at, place, words: `${cast.nodeAfter(place, at)} starts`, weight: heavy }];
  }
  const isAgent = isMeant && /^agent\.(?:up|down) /.test(text);
  if (!isAgent && !ofLife.test(text)) return [];
  const byFault = entries.some((one) => one.kind === 'strike' && one.at === at && isEffect(one, note));
  if (byFault && /^(?:crash$|stands still$|is cut off$|message\.failed)/.test(text)) return [];
  return [{ kind: 'mark', at, places: [place], tone: 'life', words: lifeWords(text, cast), weight: heavy }];
}

function isEffect({ place, fault }: Strike, note: Note): boolean {
  const isAll = fault.kind === 'broker-restart' || fault.kind === 'broker-loss';
  return place === note.place || isAll || fault.kind === 'crash-after-call';
}

function lifeWords(text: string, cast: Cast): string {
  return cast
    .readable(text)
    .replace('crash', 'the process ends')
    .replace(/^ended: /, 'has ended: ')
    .replace(/^(node|agent|handler|broker|broadcast|message)\.(\S+)/, '$1 $2');
}

/** Those of calls and deliveries are told with what they struck. */
function rowsOfStrike({ at, place, fault: { kind } }: Strike): readonly Row[] {
  const of = faultKinds[kind];
  if (of === 'call' || of === 'delivery') return [];
  const common = { at, weight: heavy };
  if (of === 'fleet') return [{ kind: 'band', words: bolt(kind), ...common }];
  return [{ kind: 'mark', places: [place], tone: 'fault', words: '', fault: bolt(kind), ...common }];
}

/** What befalls several at one moment is one row. */
function merged(rows: readonly Row[]): readonly Row[] {
  const out: Row[] = [];
  for (const row of rows) {
    const same = out.findIndex(
      (one) =>
        one.kind === 'mark' &&
        row.kind === 'mark' &&
        row.tone === 'life' &&
        one.at === row.at &&
        one.words === row.words,
    );
    const other = out[same];
    if (other?.kind === 'mark' && row.kind === 'mark')
      out[same] = { ...other, places: [...other.places, ...row.places] };
    else out.push(row);
  }
  return out;
}
