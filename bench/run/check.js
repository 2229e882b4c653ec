/**
 * `npm run bench -- --check`: counts what a task, a message, a broadcast and so on cost, and compares with what is kept in `bench/kept.json`.
 *
 * Times depend on the machine; counts hardly do, so this can stand in a test. A cost may be as far above the kept one as its kind varies
 * from run to run. One that is far below is told, so that it is kept.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { measure } from './measure.js';
import { shown } from './report.js';

/**
 * What is still the same: a part of what is kept, and a little more. What goes into one frame depends on who is quicker, allocations on what
 * was compiled, and a duty of the node may fall into what is counted.
 */
const tolerance = {
  commands: [0.12, 0.5],
  calls: [0.25, 0.05],
  bytesIn: [0.12, 100],
  bytesOut: [0.12, 100],
  allocated: [0.3, 2_000],
};
const words = {
  commands: 'commands',
  calls: 'script calls',
  bytesIn: 'bytes to Redis',
  bytesOut: 'bytes from Redis',
  allocated: 'bytes allocated',
};
/** Room for what is allocated, so that nothing is collected while it is counted. */
const execArgv = ['--min-semi-space-size=128', '--max-semi-space-size=128'];

/**
 * What costs more than is kept, what costs far less, and what is not kept yet, as sentences. Pure.
 *
 * @returns {{ more: string[], less: string[], unknown: string[] }}
 */
export function compare(costs, kept) {
  /** @type {Record<string, string[]>} */
  const verdicts = { more: [], less: [], unknown: [] };
  for (const [name, figures] of Object.entries(costs)) {
    for (const [kind, value] of Object.entries(figures)) {
      const wanted = kept[name]?.[kind];
      const said = `${name}: ${shown(value)} ${words[kind]}, kept: ${wanted === undefined ? 'none' : shown(wanted)}`;
      if (wanted === undefined) verdicts.unknown.push(said);
      else if (value - wanted > slackOf(kind, wanted)) verdicts.more.push(said);
      else if (wanted - value > slackOf(kind, wanted)) verdicts.less.push(said);
    }
  }
  return verdicts;
}

function slackOf(kind, wanted) {
  const [part, more] = tolerance[kind];
  return part * wanted + more;
}

/** The exit code. */
export async function check({ url, env, keep, json, kept: path }) {
  const costs = await measure({ system: 'costs', load: 'costs', params: {} }, { url, env, execArgv });
  if (keep) {
    writeFileSync(
      path,
      `${JSON.stringify(costs, (_, value) => (typeof value === 'number' ? Number(value.toPrecision(3)) : value), 2)}\n`,
    );
    console.log(`kept in ${path}`);
    return 0;
  }
  const { more, less, unknown } = compare(costs, JSON.parse(readFileSync(path, 'utf8')));
  for (const [name, figures] of Object.entries(costs)) console.log(describe(name, figures));
  for (const said of less) console.log(`less than is kept: ${said}`);
  for (const said of [...more, ...unknown]) console.error(`more than is kept: ${said}`);
  if (less.length > 0 || more.length > 0) console.log('to keep what was counted now: npm run bench -- --check --keep');
  if (json) console.log(JSON.stringify({ costs, more, less, unknown }));
  return more.length + unknown.length === 0 ? 0 : 1;
}

function describe(name, figures) {
  return `${name}: ${Object.entries(figures)
    .map(([kind, value]) => `${shown(value)} ${words[kind]}`)
    .join(', ')}`;
}
