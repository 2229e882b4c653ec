/**
 * Growth curves as people read them: a table for each thing that there is more and more of, for the terminal and for the page.
 */
import Table from 'cli-table3';
import { shown } from '../run/report.js';

const restOf = (name) => name.slice(name.indexOf(': ') + 2);

/** Heading and rows; sizes are columns. */
function cellsOf({ title, curves }) {
  const sizes = [...new Set(curves.flatMap(({ points }) => points.map(({ size }) => size)))].sort((a, b) => a - b);
  const valueAt = (points, size) => points.find((point) => point.size === size)?.value;
  const rows = curves.map(({ name, unit, points, exponent, flat }) => [
    restOf(name),
    unit,
    ...sizes.map((size) => valueAt(points, size)).map((value) => (value === undefined ? '' : shown(value))),
    exponent.toFixed(2),
    flat ? 'yes' : 'no',
  ]);
  return [[title, 'unit', ...sizes.map((size) => shown(size)), 'exponent', 'flat'], ...rows];
}

const isNumber = (column, count) => column >= 2 && column < count - 1;

export function tablesOf(tables) {
  return tables
    .map((one) => {
      const [head, ...rows] = cellsOf(one);
      const colAligns = head.map((_, at) => (isNumber(at, head.length) ? 'right' : 'left'));
      const table = new Table({ head, style: { head: [], border: [] }, colAligns });
      table.push(...rows);
      return table.toString();
    })
    .join('\n');
}

/** With padded columns, as the formatter of the documentation would have it. */
export function markdownOf(table) {
  const [head, ...rows] = cellsOf(table);
  const widths = head.map((_, at) => Math.max(...[head, ...rows].map((row) => row[at].length)));
  const pad = (cell, at) => (isNumber(at, head.length) ? cell.padStart(widths[at]) : cell.padEnd(widths[at]));
  const line = (row) => `| ${row.map(pad).join(' | ')} |`;
  const rules = widths.map((width, at) =>
    isNumber(at, head.length) ? `${'-'.repeat(width - 1)}:` : '-'.repeat(width),
  );
  return [line(head), `| ${rules.join(' | ')} |`, ...rows.map(line)].join('\n');
}

/** A sentence for each curve that grows faster than it may. */
export function brokenOf(curves) {
  return curves
    .filter(({ flat }) => !flat)
    .map(
      ({ name, unit, exponent, last, most }) =>
        `${name} (${unit}): exponent ${exponent.toFixed(2)}, ${last.toFixed(2)} in the last step, where ${most} is allowed`,
    );
}

/** A sentence for each projection. */
export function projectedOf(curves) {
  return curves
    .filter(({ projection }) => projection !== undefined)
    .map(({ name, unit, projection: { size, value, isTotal } }) => {
      const what = isTotal ? `${restOf(name)}, all together` : restOf(name);
      return `${what}: ${isTotal ? `${shown(value / 1e9)} GB` : `${shown(value)} ${unit}`} at ${shown(size)}`;
    });
}
