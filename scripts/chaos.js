// `npm run chaos`: rounds of the chaos rig (test/chaos/rig), each a fleet of real processes on a real Redis that is made to fail.
//
// Options: `--rounds N`, `--seed S` (the same faults again), `--from R` (begin with round R of the seed), `--only KIND` (one kind of
// fault), `--rate T` (tasks a second), `--abreast N` (stages at a time), `--patience S` (seconds that a promise may take), `--json` (the
// last line is one JSON object).
// `--on cluster` plays them on a Redis Cluster of three masters, whose slots move and, in every third stage, whose copies take their place;
// `--on sentinel` on a master that is replaced by one of its two copies. Where there are copies the fleet has `durability: 'replicated'`.
// `--plant NAME` proves the rig: it plants a fault of test/chaos/plants in the code, plays the faults that show it, and exits 1
// when the rig has noticed, 0 when it has not. `--plant all` plants one after the other, and exits 0 when each was noticed.
// `--broadcasts` cuts links under a thousand broadcasts a second instead (`--seconds N`, `--ears N`). Exits 1 when a promise was
// broken.
// `--only failover --rounds N` takes singles from their nodes until N of them have been taken over, and times each.
// `--spawned N` kills N processes that run spawned agents: who is taken over, who ends with its parent, and what is left.
// `--sigterms N`, `--rolling N`, `--rolling-command N`, `--locks N`, `--takeovers N` and `--soak MINUTES` are long proofs of one promise each
// (test/chaos/proofs).
// It runs on a copy of the sources, since a long run starts processes again and again, and an edit would mix two versions.
import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { register } from 'tsx/esm/api';
import { missingRedis } from './find-redis.js';

const root = join(import.meta.dirname, '..');
const copied = ['bin', 'src', 'test/chaos', 'test/support', 'package.json', 'tsconfig.json'];

/** For `missingRedis`, which installs the server where it may. */
function runCommand(command, args, { env }) {
  const { status, stdout, stderr } = spawnSync(command, args, { env, encoding: 'utf8' });
  return { code: status, output: `${stdout}${stderr}` };
}

function copySources() {
  const copy = mkdtempSync(join(tmpdir(), 'chaos-sources-'));
  for (const entry of copied) cpSync(join(root, entry), join(copy, entry), { recursive: true });
  symlinkSync(join(root, 'node_modules'), join(copy, 'node_modules'));
  return copy;
}

const plantFolder = join(root, 'test', 'chaos', 'plants');

const plantNames = () => readdirSync(plantFolder).map((name) => name.replace(/\.patch$/, ''));

/** What it breaks, the figure that must not be zero then, the kind of fault that shows it, on what, and the patch. */
function readPlant(name) {
  const text = readFileSync(join(plantFolder, `${name}.patch`), 'utf8');
  const head = (key) => new RegExp(`^${key}: (.+)$`, 'm').exec(text)?.[1] ?? '';
  return { text, broken: head('broken'), figure: head('figure'), only: head('only'), on: head('on') || 'server' };
}

/** Breaks the copy; the arguments of a run that shows it. */
function plant(name, copy) {
  const { text, broken, figure, only, on } = readPlant(name);
  const git = spawnSync('git', ['apply', '-C1', '-'], { cwd: copy, input: text, encoding: 'utf8' });
  if (git.status !== 0) throw new Error(`expected plant ${name} to apply to the code as it is, got: ${git.stderr}`);
  console.log(`planted ${name}: ${broken}; ${figure} has to show it`);
  const long = on === 'server' ? '12' : '25'; // copies have to be whole again
  return ['--only', only, '--on', on, '--rounds', '2', '--seed', '1', '--abreast', '1', '--patience', long];
}

/** Each in a run of its own, since a process loads the sources once; the exit code. */
function plantAll(rest) {
  const missed = plantNames().filter((name) => {
    const run = [import.meta.filename, '--plant', name, ...rest];
    const { status, stdout } = spawnSync(process.execPath, run, {
      stdio: ['ignore', 'pipe', 'inherit'],
      encoding: 'utf8',
    });
    console.log(stdout);
    return status !== 1 || !new RegExp(`^broken: .*\\b${readPlant(name).figure}\\b`, 'm').test(stdout);
  });
  console.log(missed.length === 0 ? 'every planted fault was noticed' : `not noticed: ${missed.join(', ')}`);
  return missed.length === 0 ? 0 : 1;
}

const missing = await missingRedis(runCommand);
if (missing !== undefined) {
  console.error(missing);
  process.exit(1);
}
const args = process.argv.slice(2);
const at = args.indexOf('--plant');
const [, planted] = at < 0 ? [] : args.splice(at, 2);
if (planted === 'all') process.exit(plantAll(args));
const copy = copySources();
process.on('exit', () => rmSync(copy, { recursive: true, force: true }));
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => process.exit(130));
const shown = planted === undefined ? [] : plant(planted, copy);
register();
const { main } = await import(pathToFileURL(join(copy, 'test', 'chaos', 'rig', 'main.ts')).href);
process.exit(await main([...shown, ...args]));
