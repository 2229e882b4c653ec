/**
 * `npm run bench -- --growth`: measures the growth curves, one fresh process for each point, and says which grow faster than they may.
 *
 * What was measured last is kept by group in `growth.json`, so that they can be measured one after the other; a quick run is kept nowhere.
 */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { medianOf } from '../run/ratios.js';
import { measure } from '../run/measure.js';
import { redisVersionOf, versionsOf } from '../run/versions.js';
import { growthOf } from './curves.js';
import { curveOf } from './fit.js';
import { writeGrowth } from './page.js';
import { brokenOf, projectedOf, tablesOf } from './report.js';

/** What the loads need of the runtime besides what users can load. */
export const modules = ['redis/broker', 'core/system'];
/** Of a point: a million tasks take a minute to be put there. */
const limitMs = 300_000;

/** The points of one measurement, of growing size, with everything that was measured there. */
async function pointsOf(curve, { reps, url, env, tell }) {
  const points = [];
  for (const size of curve.sizes) {
    const all = [];
    for (let rep = 0; rep < reps; rep++) {
      const spec = { system: 'growth', load: curve.load, params: curve.paramsOf(size) };
      const startedAt = performance.now();
      all.push(await measure(spec, { url, env, limitMs, onRepeat: ({ message }) => tell(`again: ${message}`) }));
      tell(`${curve.name}, ${size}: ${((performance.now() - startedAt) / 1_000).toFixed(1)} s`);
    }
    points.push({ size, figures: medians(all) });
  }
  return points;
}

function medians(all) {
  return Object.fromEntries(Object.keys(all[0]).map((key) => [key, medianOf(all.map((one) => one[key]))]));
}

/** Measures, tells, and writes what was found; resolves to the exit code. A curve that grows is a result, one that is missing is not. */
export async function growth(options, { url, env, root }) {
  const chosen = growthOf(options);
  const tell = (line) => console.log(line);
  const groups = {};
  const failed = [];
  for (const curve of chosen) {
    try {
      const points = await pointsOf(curve, { reps: options.reps, url, env, tell });
      const curves = curve.figures.map((figure) =>
        curveOf(
          { ...figure, name: `${curve.name}: ${figure.name}` },
          points.map(({ size, figures }) => ({ size, value: figures[figure.key] })),
        ),
      );
      (groups[curve.group] ??= []).push({ title: curve.title, curves });
    } catch (error) {
      failed.push(error.message);
      tell(`failed: ${error.message}`);
    }
  }
  const tables = Object.values(groups).flat();
  const curves = tables.flatMap((table) => table.curves);
  console.log(tablesOf(tables));
  for (const line of projectedOf(curves)) console.log(`projected, not measured: ${line}`);
  for (const line of brokenOf(curves)) console.log(`grows faster than it may: ${line}`);
  for (const why of failed) console.error(`failed: ${why}`);
  if (!options.quick && failed.length === 0)
    keep(options, groups, { at: stamp(), reps: options.reps, versions: versionsOf(root, await redisVersionOf(url)) });
  if (options.docs) growthDocs(options, root);
  if (options.json) console.log(JSON.stringify({ curves }));
  return failed.length === 0 ? 0 : 1;
}

const stamp = () => new Date().toISOString().slice(0, 16).replace('T', ' ');
const fileIn = ({ out }) => join(out, 'growth.json');

function recordIn(options) {
  const path = fileIn(options);
  return existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')) : {};
}

/** Only what was measured as a whole replaces what was there. */
function keep(options, groups, { at, reps, versions }) {
  const record = recordIn(options);
  for (const [group, tables] of Object.entries(groups)) {
    const all = growthOf().filter((curve) => curve.group === group).length;
    if (tables.length === all) record[group] = { at, reps, versions, tables };
  }
  mkdirSync(options.out, { recursive: true });
  writeFileSync(fileIn(options), `${JSON.stringify(record, undefined, 2)}\n`);
  console.log(`${fileIn(options)} holds all of it`);
}

/** Writes what is kept into the page; without any, the page stays as it is. */
export function growthDocs(options, root) {
  const record = recordIn(options);
  if (Object.keys(record).length > 0) writeGrowth(join(root, 'docs', 'performance.md'), record);
}
