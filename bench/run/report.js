/**
 * Results as people read them: a table for the terminal, and the same as Markdown for the page of the documentation.
 */
import Table from 'cli-table3';

const headings = ['measure', 'against', 'ours', 'theirs', 'unit', 'ratio', 'floor', 'goal', 'met'];

/** 12,345 or 12.3 or 0.12 or 0.0123. */
export function shown(value) {
  if (!Number.isFinite(value)) return String(value);
  const size = Math.abs(value);
  const digits = size >= 100 ? 0 : size >= 10 ? 1 : size >= 0.1 ? 2 : 4;
  return value.toLocaleString('en', { maximumFractionDigits: digits });
}

function cellsOf({ name, peerName, ours, peer, unit, less, ratio, floor, goal, floorMet, goalMet }) {
  const bound = (value) => (value === undefined ? '-' : `${less ? '<=' : '>='} ${shown(value)}`);
  const ratios = `${shown(ratio.median)} [${shown(ratio.min)}-${shown(ratio.max)}]`;
  const met = floor === undefined ? '-' : goalMet ? 'goal' : floorMet ? 'floor' : 'no';
  return [name, peerName, shown(ours), shown(peer), unit, ratios, bound(floor), bound(goal), met];
}

export function tableOf(rows) {
  const table = new Table({ head: headings, style: { head: [], border: [] }, colAligns: alignments });
  table.push(...rows.map(cellsOf));
  return table.toString();
}

const alignments = headings.map((_, i) => ([2, 3, 5, 6, 7].includes(i) ? 'right' : 'left'));

/** With padded columns, as the formatter of the documentation would have it. */
export function markdownOf(rows) {
  const cells = [headings, ...rows.map(cellsOf)];
  const widths = headings.map((_, i) => Math.max(...cells.map((row) => row[i].length)));
  const line = (row) =>
    `| ${row.map((cell, i) => (alignments[i] === 'right' ? cell.padStart(widths[i]) : cell.padEnd(widths[i]))).join(' | ')} |`;
  const rule = `| ${widths.map((width, i) => (alignments[i] === 'right' ? `${'-'.repeat(width - 1)}:` : '-'.repeat(width))).join(' | ')} |`;
  return [line(headings), rule, ...cells.slice(1).map(line)].join('\n');
}
