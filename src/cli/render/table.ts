/**
 * Tables for people: headings, no boxes, as wide as their content. A column that would not fit the terminal is the last
 * one; it is cut, since a wrapped table is no table.
 */
import { stripVTControlCharacters } from 'node:util';
import Table from 'cli-table3';
import { strong } from './colours.ts';
import { cut } from './text.ts';

const gap = 2;

/** The lines of a table. Cells must be printable already (`plain`); numbers are aligned to the right. */
export function renderTable(
  headings: readonly string[],
  rows: readonly (readonly (string | number)[])[],
  columns: number,
): string {
  const widthOf = (column: number): number =>
    Math.max(...[headings, ...rows].map((row) => stripVTControlCharacters(String(row[column] ?? '')).length));
  const last = headings.length - 1;
  const taken = headings.slice(0, last).reduce((sum, _, column) => sum + widthOf(column) + gap, 0);
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
