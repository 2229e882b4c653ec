/**
 * Measures rows: in each repetition every measurement that some row needs, once, ours and the peers' one after the other on one Redis; the
 * next repetition goes the other way round, so that what grows slower in the course of it favours nobody.
 */
import { measure } from './measure.js';
import { resultOf } from './ratios.js';

/**
 * `place` is where what is measured `on` it is. `tell` hears a line for each measurement. Resolves to the rows with their results, what was measured, what had to be made again, and
 * what failed: a row that a failed measurement belongs to has no result.
 */
export async function runRows(rows, { reps, url, place, env, execArgv, tell }) {
  const specs = new Map(
    rows
      .flatMap(({ ours, theirs }) => [ours, theirs])
      .filter(Boolean)
      .map((spec) => [keyOf(spec), spec]),
  );
  const order = [...specs];
  const measured = [];
  const repeated = [];
  const failed = new Map();
  for (let rep = 0; rep < reps; rep++) {
    const figures = new Map();
    for (const [key, spec] of rep % 2 === 0 ? order : order.toReversed()) {
      if (failed.has(key)) continue;
      const onRepeat = ({ message }) => {
        repeated.push(message);
        tell(`again: ${message}`);
      };
      try {
        const where = spec.on === undefined ? { url, servers: [url] } : place;
        figures.set(key, await measure(spec, { ...where, env, execArgv, onRepeat }));
        tell(`${rep + 1}/${reps}  ${key}  ${describe(figures.get(key))}`);
      } catch (error) {
        failed.set(key, error.message);
        tell(`failed: ${error.message}`);
      }
    }
    measured.push(figures);
  }
  const figureOf = (figures, spec, name) => (spec === undefined ? undefined : figures.get(keyOf(spec))[name]);
  const isWhole = ({ ours, theirs }) => !failed.has(keyOf(ours)) && !(theirs && failed.has(keyOf(theirs)));
  const results = rows.filter(isWhole).map((row) => {
    const pairs = measured.map((figures) => [
      figureOf(figures, row.ours, row.figure),
      row.bound ?? figureOf(figures, row.theirs, row.figure),
    ]);
    return { ...resultOf(row, pairs), group: row.group };
  });
  const kept = order.filter(([key]) => !failed.has(key));
  return {
    rows: results,
    repeated,
    failed: [...failed.values()],
    measured: kept.map(([key]) => ({ key, figures: measured.map((one) => one.get(key)) })),
  };
}

/** Names a measurement. */
export function keyOf({ system, on, load, params }) {
  const words = Object.entries(params).map(([name, value]) => (name === 'mode' ? value : `${name} ${value}`));
  return `${system}${on === undefined ? '' : ` on ${on}`}: ${load} ${words.join(', ')}`;
}

function describe(figures) {
  return Object.entries(figures)
    .map(([name, value]) => `${name} ${value >= 100 ? Math.round(value) : value.toPrecision(3)}`)
    .join('  ');
}
