/**
 * The part of docs/performance.md that the growth curves write. The rest of the page is written by hand, or by bench/run/page.js.
 */
import { writePart } from '../run/page.js';
import { shown } from '../run/report.js';
import { brokenOf, markdownOf, projectedOf } from './report.js';

const begin = '<!-- Written by "npm run bench -- --growth --docs"; what is changed here is lost. -->';

/** `record` is by group; one that was not measured is left out. */
export function growthSectionOf(record = {}) {
  const groups = Object.values(record);
  if (groups.length === 0) return 'No curves are recorded yet: `npm run bench -- --growth --docs`.';
  const all = groups.flatMap(({ tables }) => tables.flatMap(({ curves }) => curves));
  const [broken, projected] = [brokenOf(all), projectedOf(all)];
  const list = (lines) => lines.map((line) => `- ${line}`).join('\n');
  return [
    ...groups.flatMap(({ tables }) => tables.map(markdownOf)),
    ...(projected.length === 0 ? [] : [`Projected along the slope, not measured:\n\n${list(projected)}`]),
    broken.length === 0 ? 'None grows faster than it may.' : `Faster than they may:\n\n${list(broken)}`,
    measuredWith(record),
  ].join('\n\n');
}

function measuredWith(record) {
  const times = Object.entries(record).map(([group, { at, reps }]) => `${group} ${at} UTC (${shown(reps)} x)`);
  const { versions } = Object.values(record).at(-1);
  const { node, redis, processor } = versions;
  return `Measured: ${times.join(', ')}. agent-runtime ${versions['agent-runtime']}, node ${node}, redis ${redis}, processor ${processor}.`;
}

export function writeGrowth(path, record) {
  writePart(path, begin, growthSectionOf(record));
}
