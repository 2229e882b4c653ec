// `npm run bench`: measures the runtime against its peers on a private Redis, side by side, and says what floor and goal it has met. The
// peers are a package of their own, `bench/`, which is installed when it is missing.
//
// Options: `--only WORDS` (rows whose group, name or peer holds one of them, separated by commas), `--reps N` (5), `--quick` (few tasks and
// one repetition: whether it works, not how fast it is), `--json` (the last line is one JSON object), `--out FOLDER` (where bench.json and
// bench.html go: .bench).
// `--on cluster` (three masters) or `--on sentinel` (a master with a replica): ours there beside ours on one server, without peers.
// `--profile`: a processor profile of each side into the folder's `profiles`, for the tools of Chrome; what is measured with it is slower.
// `--docs` measures nothing: writes the last run into docs/performance.md.
// `--check` measures nothing either: counts what a task, a message and so on cost (bench/run/check.js) and compares with bench/kept.json.
// Needs no peers; exits 1 when something costs more than is kept. `--keep` keeps what it counts now.
// `--growth` measures something else: what things cost when there is more and more of everything (bench/growth/). Needs no peers.
// `--only agents,queue,payload,nodes,history` chooses, `--reps` is 1, growth.json is where it is kept, and with `--docs` the page shows it.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { register } from 'tsx/esm/api';
import { growth, growthDocs, modules } from '../bench/growth/run.js';
import { growthOf } from '../bench/growth/curves.js';
import { openPlace, rowsBeyond } from '../bench/run/beyond.js';
import { check } from '../bench/run/check.js';
import { chartOf } from '../bench/run/chart.js';
import { layOut } from '../bench/run/package.js';
import { writePage } from '../bench/run/page.js';
import { tableOf } from '../bench/run/report.js';
import { rowsOf } from '../bench/run/rows.js';
import { runRows } from '../bench/run/run-rows.js';
import { redisVersionOf, versionsOf } from '../bench/run/versions.js';
import { missingRedis } from './find-redis.js';

const root = join(import.meta.dirname, '..');
const { values: options } = parseArgs({
  options: {
    only: { type: 'string' },
    on: { type: 'string' },
    reps: { type: 'string' },
    quick: { type: 'boolean' },
    json: { type: 'boolean' },
    profile: { type: 'boolean' },
    out: { type: 'string', default: join(root, '.bench') },
    docs: { type: 'boolean' },
    check: { type: 'boolean' },
    keep: { type: 'boolean' },
    growth: { type: 'boolean' },
  },
});

/** For `missingRedis`, which installs the server where it may. */
function runCommand(command, args, { env }) {
  const { status, stdout, stderr } = spawnSync(command, args, { env, encoding: 'utf8' });
  return { code: status, output: `${stdout}${stderr}` };
}

/** The peers, when they are missing or older than the lock file; `npm ci` takes what the lock file of `bench/` says, and runs no script of theirs. */
function installPeers() {
  const folder = join(root, 'bench');
  const writtenAt = (...path) => statSync(join(folder, ...path), { throwIfNoEntry: false })?.mtimeMs ?? 0;
  if (writtenAt('node_modules', '.package-lock.json') > writtenAt('package-lock.json')) return;
  console.log('installing the peers into bench/node_modules');
  const args = ['ci', '--ignore-scripts', '--no-audit', '--no-fund'];
  const { status } = spawnSync('npm', args, { cwd: folder, stdio: ['ignore', 'inherit', 'inherit'] });
  if (status !== 0) throw new Error(`expected npm ci in bench/ to succeed, got: exit code ${status}`);
}

/** With a private server and the package as users have it; both are gone afterwards. */
async function withSetting(use, more) {
  register();
  const { startRedis } = await import('../test/support/redis-server.ts');
  const laidOut = layOut(root, more);
  process.on('exit', laidOut.remove);
  for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => process.exit(130));
  const server = await startRedis();
  const place = options.on && (await openPlace(options.on));
  try {
    return await use({ url: server.url, place, env: { BENCH_PACKAGE: laidOut.url } });
  } finally {
    await place?.stop();
    await server.stop();
  }
}

/** Undefined, and said, when what was asked for is no number of them. */
function repsOr(usual) {
  const reps = Number(options.reps ?? usual);
  if (Number.isInteger(reps) && reps >= 1) return reps;
  console.error(`expected --reps to be a whole number above 0, got: ${options.reps}`);
  return undefined;
}

/** As many repetitions of each point; one by default, since the loads repeat what passes quickly. */
async function grow() {
  const reps = repsOr(1);
  if (reps === undefined) return 1;
  if (growthOf(options).length === 0) {
    console.error(`expected --only to name a curve, got: ${options.only}`);
    return 1;
  }
  return withSetting((setting) => growth({ ...options, reps }, { ...setting, root }), modules);
}

/** Exits 1 when nothing is left to measure, or a measurement was not made; that a floor is missed is a result. */
async function bench() {
  if (options.on !== undefined && !['cluster', 'sentinel'].includes(options.on)) {
    console.error(`expected --on to be cluster or sentinel, got: ${options.on}`);
    return 1;
  }
  const rows = options.on === undefined ? rowsOf(options) : rowsBeyond(rowsOf(options), options.on);
  if (rows.length === 0) {
    console.error(`expected --only to name a row, got: ${options.only}`);
    return 1;
  }
  const reps = repsOr(options.quick ? 1 : 5);
  if (reps === undefined) return 1;
  if (options.on === undefined) installPeers();
  const execArgv = options.profile ? ['--cpu-prof', `--cpu-prof-dir=${join(options.out, 'profiles')}`] : [];
  const tell = (line) => console.log(line);
  const { redis, ...run } = await withSetting(async (setting) => ({
    redis: await redisVersionOf(setting.url),
    ...(await runRows(rows, { reps, ...setting, execArgv, tell })),
  }));
  const at = new Date().toISOString().slice(0, 16).replace('T', ' ');
  const record = {
    at,
    reps,
    quick: options.quick === true,
    only: options.only,
    profile: options.profile,
    versions: versionsOf(root, redis),
    ...run,
  };
  if (options.on !== undefined) return tellBeyond(run);
  mkdirSync(options.out, { recursive: true });
  writeFileSync(join(options.out, 'bench.json'), `${JSON.stringify(record, undefined, 2)}\n`);
  writeFileSync(join(options.out, 'bench.html'), chartOf(record));
  console.log(tableOf(run.rows));
  for (const why of run.repeated) console.log(`measured again: ${why}`);
  for (const why of run.failed) console.error(`failed: ${why}`);
  console.log(`${join(options.out, 'bench.json')} and bench.html hold all of it`);
  if (options.json) console.log(JSON.stringify({ rows: run.rows }));
  return run.failed.length === 0 ? 0 : 1;
}

/** Has no floors, so it is no record. */
function tellBeyond({ rows, repeated, failed }) {
  console.log(tableOf(rows));
  for (const why of repeated) console.log(`measured again: ${why}`);
  for (const why of failed) console.error(`failed: ${why}`);
  if (options.json) console.log(JSON.stringify({ rows }));
  return failed.length === 0 ? 0 : 1;
}

/** What was kept goes into the page. Only a whole run is a record: a quick one means nothing, and one of some rows would hide the others. */
function docs() {
  const path = join(options.out, 'bench.json');
  const record = existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')) : undefined;
  const isWhole = record !== undefined && !record.quick && record.only === undefined && !record.profile;
  writePage(join(root, 'docs', 'performance.md'), isWhole ? record : undefined);
  console.log(
    isWhole ? `the run of ${record.at} is written into the page` : 'no whole run is there, and the page says so',
  );
  growthDocs(options, root);
  return 0;
}

async function main() {
  if (options.docs && !options.growth) return docs();
  const missing = await missingRedis(runCommand);
  if (missing !== undefined) {
    console.error(missing);
    return 1;
  }
  if (options.check)
    return withSetting((setting) => check({ ...options, ...setting, kept: join(root, 'bench', 'kept.json') }));
  return options.growth ? grow() : bench();
}

process.exit(await main());
