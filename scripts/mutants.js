/**
 * `npm run mutants`: proves that the simulation finds bugs. Each patch in `test/mutants/` plants one in protocol or runtime; it is applied to a
 * copy of the project, and the scenarios of test/simulation must break there, and not here, under the same seed.
 *
 * A patch is a unified diff with a head of its own:
 *   breaks: what no longer holds, in words
 *   area: which part of the runtime it is in
 *   alone: kinds of faults each of which finds it by itself, separated by spaces
 *   shows: `hashes`, where two runs of one seed differ and nothing else tells
 *
 * Options: `--only TEXT` (patches whose name holds it; several with commas), `--list`, `--alone` (one kind of fault at a time, as the heads say; with `--kind K` only
 * that one), `--scenario NAME` (look in that alone), `--seeds N` (looked at for each, 2,000), `--quick` (shrink nothing), `--json` (the last line is one JSON object).
 */
import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { bundleOf } from './bundle.js';

const root = join(import.meta.dirname, '..');
const folder = join(root, 'test', 'mutants');
const copied = ['src', 'test/simulation', 'test/mutants', 'package.json', 'tsconfig.json'];
const huntMs = 400_000;
const shrinkMs = 45_000;

const { values } = parseArgs({
  options: {
    only: { type: 'string', default: '' },
    list: { type: 'boolean', default: false },
    alone: { type: 'boolean', default: false },
    kind: { type: 'string' },
    scenario: { type: 'string' },
    seeds: { type: 'string', default: '2000' },
    quick: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
  },
});

function readPatch(name) {
  const text = readFileSync(join(folder, name), 'utf8');
  const head = Object.fromEntries(
    [...text.split('\n--- ')[0].matchAll(/^(\w+): (.*)$/gm)].map(([, key, value]) => [key, value]),
  );
  const alone = (head.alone ?? '').split(' ').filter(Boolean);
  return {
    name: name.replace(/\.patch$/, ''),
    breaks: head.breaks,
    area: head.area,
    alone,
    byHashes: head.shows === 'hashes',
    text,
  };
}

function isMeant(name) {
  return values.only.split(',').some((text) => name.includes(text));
}

function patches() {
  const names = readdirSync(folder).filter((name) => name.endsWith('.patch') && isMeant(name));
  return names.sort().map(readPatch);
}

function copyProject() {
  const copy = mkdtempSync(join(tmpdir(), 'mutants-'));
  for (const entry of copied) cpSync(join(root, entry), join(copy, entry), { recursive: true });
  return copy;
}

/** The program of a hunt from the sources in `from`. It lies where the packages are found. */
async function programOf(from) {
  const folder = mkdtempSync(join(root, 'node_modules', '.mutant-'));
  try {
    await bundleOf(['test/mutants/process.ts'], folder, { from });
  } catch (error) {
    rmSync(folder, { recursive: true, force: true });
    throw error;
  }
  return { path: join(folder, 'process.js'), remove: () => rmSync(folder, { recursive: true, force: true }) };
}

function patchCopy(copy, { text }, ...options) {
  const args = ['apply', '-C1', '--whitespace=nowarn', ...options, '-']; // -C1: neighbours may have changed
  const applied = spawnSync('git', args, { cwd: copy, input: text, encoding: 'utf8' });
  if (applied.status !== 0) throw new Error(applied.stderr.trim());
}

/** What a process of its own found. */
function ask(program, verb, order) {
  const timeout = huntMs + shrinkMs + 30_000;
  const run = spawnSync(process.execPath, [program.path, verb, JSON.stringify(order)], { encoding: 'utf8', timeout });
  const last = run.stdout?.trim().split('\n').at(-1) ?? '';
  if (run.status !== 0 || last === '') return { error: (run.error?.message ?? run.stderr.trim()).slice(-2_000) };
  return JSON.parse(last);
}

/** One patch: found, and that by the patch, or not. */
async function tryPatch({ copy, whole }, patch, order) {
  let program;
  try {
    patchCopy(copy, patch);
    try {
      program = await programOf(copy);
    } finally {
      patchCopy(copy, patch, '-R');
    }
  } catch (error) {
    return { error: `it does not apply: ${error.message}` };
  }
  try {
    const hunted = ask(program, 'hunt', { ...order, byHashes: patch.byHashes });
    if (hunted.found === undefined) return hunted;
    const { scenario, seed } = hunted.found;
    const here = ask(whole, 'replay', { scenario, seed, alone: order.alone });
    return here.isBroken === false ? hunted : { error: `seed ${seed} of "${scenario}" breaks without the patch, too` };
  } finally {
    program.remove();
  }
}

function tell(name, { found, looked, seconds, error }) {
  const failed = error === undefined ? `SURVIVES ${looked} seeds in ${seconds} s` : `ERROR ${error}`;
  if (found === undefined) return console.log(`${name.padEnd(34)} ${failed}`);
  const { scenario, seed, faults, shrunk, invariant } = found;
  const small =
    shrunk && ` -> ${shrunk.faults.length} faults, ${shrunk.agents} agents on ${shrunk.nodes}, ${shrunk.seconds} s`;
  console.log(
    `${name.padEnd(34)} ${String(looked).padStart(4)} seeds ${String(seconds).padStart(5)} s  ${scenario}/${seed}: ${faults} faults${small ?? ''}  (${invariant})`,
  );
}

function median(numbers) {
  const sorted = numbers.toSorted((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  return sorted.length % 2 === 1 ? sorted[middle] : ((sorted[middle - 1] ?? 0) + (sorted[middle] ?? 0)) / 2;
}

const scenarios = values.scenario?.split(',');
const limits = { scenarios, seeds: Number(values.seeds), withinMs: huntMs, shrinkMs: values.quick ? 0 : shrinkMs };

async function huntAll(place) {
  const results = [];
  for (const patch of patches()) {
    const result = await tryPatch(place, patch, limits);
    tell(patch.name, result);
    results.push({ patch, ...result });
  }
  const killed = results.filter(({ found }) => found !== undefined);
  const largest = (of) => Math.max(0, ...killed.map(({ found }) => (found.shrunk ? of(found.shrunk) : 0)));
  const report = {
    mutants: results.length,
    killed: killed.length,
    survivors: results.filter(({ found }) => found === undefined).map(({ patch }) => patch.name),
    medianSeeds: median(killed.map(({ looked }) => looked)),
    maxFaultsAfterShrink: largest(({ faults }) => faults.length),
    maxAgentsAfterShrink: largest(({ agents }) => agents),
    maxShrinkSeconds: largest(({ seconds }) => seconds),
    found: Object.fromEntries(
      killed.map(({ patch, looked, seconds, found }) => [patch.name, { looked, seconds, ...found }]),
    ),
  };
  console.log(
    `${report.killed} of ${report.mutants} planted bugs were found, the median after ${report.medianSeeds} seeds`,
  );
  if (values.json) console.log(JSON.stringify(report));
  return report.survivors.length === 0 && report.mutants > 0;
}

/** Every kind of fault by itself: the patches whose heads name it, until one is found by it. */
async function huntAlone(place, kinds) {
  const all = patches();
  const killed = {};
  for (const kind of kinds) {
    for (const patch of all.filter(({ alone }) => alone.includes(kind))) {
      const result = await tryPatch(place, patch, { ...limits, alone: kind, shrinkMs: 0 });
      tell(`${kind}: ${patch.name}`, result);
      if (result.found === undefined) continue;
      killed[kind] = {
        mutant: patch.name,
        looked: result.looked,
        scenario: result.found.scenario,
        seed: result.found.seed,
      };
      break;
    }
  }
  const survivors = kinds.filter((kind) => killed[kind] === undefined);
  console.log(`${kinds.length - survivors.length} of ${kinds.length} kinds of fault find a planted bug by themselves`);
  if (values.json) console.log(JSON.stringify({ faultKinds: kinds.length, killed, survivors }));
  return survivors.length === 0;
}

/** The kinds of fault that there are, from the code itself. */
function faultKinds() {
  const text = readFileSync(join(root, 'src', 'sim', 'faults.ts'), 'utf8');
  const [, table = ''] = /export const faultKinds = \{(.*?)\n\} as const/s.exec(text) ?? [];
  return [...table.matchAll(/^ {2}'?([a-z-]+)'?: /gm)].map(([, kind]) => kind);
}

async function main() {
  if (values.list)
    return patches().forEach(({ name, area, breaks }) => console.log(`${name.padEnd(34)} ${area}: ${breaks}`));
  const place = { copy: copyProject(), whole: await programOf(root) };
  try {
    const chosen = faultKinds().filter((kind) => values.kind === undefined || kind === values.kind);
    process.exitCode = (await (values.alone ? huntAlone(place, chosen) : huntAll(place))) ? 0 : 1;
  } finally {
    place.whole.remove();
    rmSync(place.copy, { recursive: true, force: true });
  }
}

await main();
