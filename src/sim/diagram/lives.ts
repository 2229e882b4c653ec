/**
 * The lives of processes, as their lines in a picture: from when to when each was up, stood still, and was cut off.
 *
 * Read from what the journal notes of them; what has no end goes on to the end of the run.
 */
import type { Entry } from '../journal.ts';

export interface Span {
  readonly from: number;
  readonly to: number;
}

export interface Life extends Span {
  readonly place: string;
  /** How it ended; absent: it did not. */
  readonly end?: 'crash' | 'stop';
  readonly held: readonly Span[];
  readonly cut: readonly Span[];
}

interface Open {
  from: number;
  held: Span[];
  cut: Span[];
  heldSince: number | undefined;
  cutSince: number | undefined;
}

export function livesOf(entries: readonly Entry[], endAt: number): readonly Life[] {
  const lives: Life[] = [];
  const open = new Map<string, Open>();
  const close = (place: string, to: number, end?: Life['end']): void => {
    const life = open.get(place);
    if (life === undefined) return;
    open.delete(place);
    const held = [...life.held, ...(life.heldSince === undefined ? [] : [{ from: life.heldSince, to }])];
    const cut = [...life.cut, ...(life.cutSince === undefined ? [] : [{ from: life.cutSince, to }])];
    lives.push({ place, from: life.from, to, held, cut, ...(end && { end }) });
  };
  for (const entry of entries) {
    if (entry.kind !== 'note') continue;
    const { place, text, at } = entry;
    const life = open.get(place);
    if (text === 'starts') open.set(place, { from: at, held: [], cut: [], heldSince: undefined, cutSince: undefined });
    else if (text === 'crash') close(place, at, 'crash');
    else if (text.startsWith('ended: ')) close(place, at, 'stop');
    else if (life === undefined) continue;
    else if (text === 'stands still') life.heldSince = at;
    else if (text === 'is cut off') life.cutSince = at;
    else if (text === 'goes on' && life.heldSince !== undefined) {
      life.held.push({ from: life.heldSince, to: at });
      life.heldSince = undefined;
    } else if (text === 'is connected again' && life.cutSince !== undefined) {
      life.cut.push({ from: life.cutSince, to: at });
      life.cutSince = undefined;
    }
  }
  for (const place of open.keys()) close(place, endAt);
  return lives;
}
