/**
 * Where everything of a story stands on the page: a column for each process, a line for each item, times down the side.
 *
 * Y1  Each item has lines of its own, so that no label meets another one.
 * Y2  A label has the room between its anchor and the edge; what does not fit is cut off with an ellipsis, and told in full by its title.
 */
import type { Item } from './row.ts';
import type { Story } from './story.ts';

/** Of a monospaced letter at the size of labels, with a little to spare for fonts that run wide. */
export const letter = 7.45;
export const lineHeight = 17;
const gutter = 92;
const margin = { right: 400, top: 14, bottom: 12 } as const;
const columnGap = { wide: 240, narrow: 200, manyColumns: 5 } as const;

export interface Placed {
  readonly item: Item;
  /** Of its arrow, its dot or its middle. */
  readonly y: number;
  readonly top: number;
  readonly bottom: number;
}

export interface Layout {
  readonly width: number;
  readonly height: number;
  readonly placed: readonly Placed[];
  /** Middle of a column. */
  readonly x: (place: string) => number;
  /** Lines that have no end go on to here. */
  readonly lifeEnd: number;
  /** Where a time is, between the items around it. */
  readonly y: (at: number) => number;
  /** Where something ends that ends at that time: at the last row of it, if there is one. */
  readonly endY: (at: number) => number;
}

export function layoutOf({ places, items }: Story): Layout {
  const gap = places.length >= columnGap.manyColumns ? columnGap.narrow : columnGap.wide;
  const x = (place: string): number => gutter + 62 + Math.max(0, places.indexOf(place)) * gap;
  let top: number = margin.top;
  const placed = items.map((item): Placed => {
    const { above, below } = roomOf(item);
    const it = { item, y: top + above, top, bottom: top + above + below };
    top = it.bottom;
    return it;
  });
  const width = Math.max(820, x(places.at(-1) ?? '') + margin.right);
  const lifeEnd = placed.find(({ item }) => item.kind === 'broken')?.top ?? top;
  return {
    width,
    height: top + margin.bottom,
    lifeEnd,
    placed,
    x,
    y: (at) => yOf(placed, at),
    endY: (at) => endYOf(placed, at),
  };
}

/** Lines above and below its middle. */
function roomOf(item: Item): { above: number; below: number } {
  switch (item.kind) {
    case 'arrow':
    case 'landing':
      return { above: lineHeight + 5, below: item.fault === undefined ? 7 : lineHeight + 7 };
    case 'mark':
      return { above: 14, below: item.fault === undefined || item.words === '' ? 12 : lineHeight + 10 };
    case 'start':
      return { above: 20, below: 20 };
    case 'band':
      return { above: 16, below: 16 };
    case 'fold':
      return { above: 15, below: 15 };
    case 'broken':
      return { above: 18, below: 16 };
  }
}

function yOf(placed: readonly Placed[], at: number): number {
  const last = placed.findLastIndex(({ item }) => item.at <= at);
  const before = placed[last];
  if (before === undefined) return margin.top;
  if (before.item.kind === 'fold' && before.item.until > at) {
    const { at: from, until } = before.item;
    return before.top + ((at - from) / (until - from)) * (before.bottom - before.top);
  }
  return before.item.at === at ? before.y : before.bottom;
}

function endYOf(placed: readonly Placed[], at: number): number {
  return placed.findLast(({ item }) => item.at === at && item.kind !== 'fold')?.y ?? yOf(placed, at);
}

/** Y2 */
export function fitting(text: string, room: number): string {
  const most = Math.max(8, Math.floor(room / letter));
  return text.length > most ? `${text.slice(0, most - 1)}…` : text;
}
