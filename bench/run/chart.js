/**
 * The chart page: one file of HTML with its pictures inside, which needs nothing from anywhere. A bar for each row says how far ours is ahead
 * of the peer, on a scale of factors of two; a thin line says how the repetitions differed, marks say where floor and goal are.
 */
import { shown } from './report.js';

const [left, right, width, height] = [430, 150, 1_180, 34];

/** How far ahead: of figures of which less is better, the other way round. */
const ahead = ({ less }, ratio) => (less ? 1 / ratio : ratio);

export function chartOf({ rows, at, versions }) {
  const span = Math.max(
    2,
    ...rows.map((row) => Math.abs(Math.log2(clamp(ahead(row, row.goal))))),
    ...rows.map((row) => Math.abs(Math.log2(clamp(ahead(row, row.ratio.median))))),
  );
  const middle = left + (width - left - right) / 2;
  const x = (factor) => middle + (Math.log2(clamp(factor)) / span) * ((width - left - right) / 2);
  const body = rows.map((row, i) => bar(row, i, x)).join('\n');
  const tall = 40 + rows.length * height;
  const ticks = Array.from({ length: 2 * Math.floor(span) + 1 }, (_, i) => 2 ** (i - Math.floor(span)));
  const scale = ticks.map(
    (factor) =>
      `<line class="${factor === 1 ? 'one' : 'tick'}" x1="${x(factor)}" x2="${x(factor)}" y1="24" y2="${tall}"/><text class="scale" x="${x(factor)}" y="16">${shown(factor)}x</text>`,
  );
  const names = Object.entries(versions).map(([name, version]) => `${escape(name)} ${escape(version)}`);
  return page(`<p>${escape(at)}. ${names.join(', ')}.</p>
<svg viewBox="0 0 ${width} ${tall}" role="img" aria-label="How far ahead of each peer">
${scale.join('\n')}
${body}
</svg>`);
}

function bar(row, index, x) {
  const y = 36 + index * height;
  const [from, to] = [x(1), x(ahead(row, row.ratio.median))];
  const ends = [row.ratio.min, row.ratio.max].map((ratio) => x(ahead(row, ratio)));
  const state = row.goalMet ? 'goal' : row.floorMet ? 'floor' : 'missed';
  const mark = (factor, name) =>
    `<line class="mark" x1="${x(ahead(row, factor))}" x2="${x(ahead(row, factor))}" y1="${y}" y2="${y + 20}"><title>${name} ${factor}</title></line>`;
  const figures = `${shown(row.ours)} against ${shown(row.peer)} ${row.unit}, ratio ${shown(row.ratio.median)}`;
  return `<g><title>${escape(figures)}</title>
<text class="name" x="${left - 10}" y="${y + 14}">${escape(`${row.name} (${row.peerName})`)}</text>
<rect class="${state}" x="${Math.min(from, to)}" y="${y + 3}" width="${Math.max(1, Math.abs(to - from))}" height="14"/>
<line class="span" x1="${Math.min(...ends)}" x2="${Math.max(...ends)}" y1="${y + 10}" y2="${y + 10}"/>
${mark(row.floor, 'floor')}${mark(row.goal, 'goal')}
<text class="figure" x="${width - right + 10}" y="${y + 14}">${escape(`${shown(row.ours)} ${row.unit}`)}</text></g>`;
}

/** Nothing is so far ahead or behind that the others could not be seen any more. */
const clamp = (factor) => Math.min(64, Math.max(1 / 64, factor));

const escape = (text) => String(text).replace(/[&<>"]/g, (sign) => `&#${sign.charCodeAt(0)};`);

function page(content) {
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>agent-runtime: measured against its peers</title>
<style>
  :root { color-scheme: light dark; font: 15px/1.5 system-ui, sans-serif; }
  body { max-width: 1200px; margin: 2rem auto; padding: 0 1rem; }
  svg { width: 100%; height: auto; font: 13px system-ui, sans-serif; fill: currentColor; }
  .name { text-anchor: end; } .scale { text-anchor: middle; opacity: 0.6; } .figure { opacity: 0.8; }
  .tick { stroke: currentColor; opacity: 0.12; } .one { stroke: currentColor; opacity: 0.6; }
  .goal { fill: #2e9e5b; } .floor { fill: #4a86d8; } .missed { fill: #d0743c; }
  .span { stroke: currentColor; opacity: 0.7; } .mark { stroke: currentColor; stroke-dasharray: 3 2; }
</style>
<h1>agent-runtime, measured against its peers</h1>
<p>To the right of 1x we are ahead. Green: the goal is met; blue: the floor is met; orange: neither. Dashed: floor and goal; the thin line spans
the repetitions.</p>
${content}
</html>
`;
}
