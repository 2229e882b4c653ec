/**
 * Tables for people: headings, no boxes, as wide as their content. Where the terminal is too narrow, columns that can be done without
 * are left out; what still does not fit is the last one, and is cut, since a wrapped table is no table.
 */
import { stripVTControlCharacters } from 'node:util';
import Table from 'cli-table3';
import { strong } from './colours.ts';
import { cut } from './text.ts';

const gap = 2;

type Row = readonly (string | number)[];

/** As much of the last column as makes it worth its place. */
const worth = 20;

/**
 * The lines of a table. Cells must be printable already (`plain`); numbers are aligned to the right. The columns of `optional` are left
 * out one by one, the first one first, until the table fits.
 */
export function renderTable(
  headings: readonly string[],
  rows: readonly Row[],
  columns: number,
  optional: readonly string[] = [],
): string {
  const [first, ...others] = optional;
  if (first === undefined || widthOf(headings, rows) <= columns) return draw(headings, rows, columns);
  const at = headings.indexOf(first);
  const without = <T>(row: readonly T[]): readonly T[] => row.filter((_, column) => column !== at);
  return renderTable(without(headings), rows.map(without), columns, others);
}

/** Of the whole table, with no more of the last column than makes it worth its place. */
function widthOf(headings: readonly string[], rows: readonly Row[]): number {
  const widths = headings.map((_, column) => columnWidth([headings, ...rows], column));
  return widths.slice(0, -1).reduce((sum, width) => sum + width + gap, Math.min(widths.at(-1) ?? 0, worth));
}

function columnWidth(rows: readonly Row[], column: number): number {
  return Math.max(...rows.map((row) => stripVTControlCharacters(String(row[column] ?? '')).length));
}

function draw(headings: readonly string[], rows: readonly Row[], columns: number): string {
  const last = headings.length - 1;
  const taken = headings
    .slice(0, last)
    .reduce((sum, _, column) => sum + columnWidth([headings, ...rows], column) + gap, 0);
  const left = Math.max(10, columns - taken);
  const table = new Table({
    head: headings.map(strong),
    chars: noBorders,
    colAligns: headings.map((_, column) => (typeof rows[0]?.[column] === 'number' ? 'right' : 'left')),
    style: { head: [], border: [], 'padding-left': 0, 'padding-right': gap },
  });
  for (const row of rows) table.push(row.map((cell, i) => (i === last ? cutCell(cell, left) : cell)));
  return table
    .toString()
    .split('\n')
    .map((line) => line.trimEnd())
    .join('\n');
}

/** Only cells without colours are cut: half an escape sequence would colour the rest of the screen. */
function cutCell(cell: string | number, width: number): string {
  const text = String(cell);
  return stripVTControlCharacters(text) === text ? cut(text, width) : text;
}

const noBorders = Object.fromEntries(
  ['top', 'top-mid', 'top-left', 'top-right', 'bottom', 'bottom-mid', 'bottom-left', 'bottom-right']
    .concat(['left', 'left-mid', 'mid', 'mid-mid', 'right', 'right-mid', 'middle'])
    .map((part) => [part, '']),
);
