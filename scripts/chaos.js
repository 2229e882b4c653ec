// `npm run chaos`: rounds of the chaos rig (test/chaos/rig), each a fleet of real processes on a real Redis that is made to fail.
//
// Options: `--rounds N`, `--seed S` (the same faults again), `--from R` (begin with round R of the seed), `--only KIND` (one kind of
// fault), `--rate T` (tasks a second), `--json` (the last line is one JSON object). Exits 1 when a promise was broken.
// It runs on a copy of the sources, since a long run starts processes again and again, and an edit would mix two versions.
import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { register } from 'tsx/esm/api';
import { missingRedis } from './find-redis.js';

const root = join(import.meta.dirname, '..');
const copied = ['src', 'test/chaos', 'test/support', 'package.json', 'tsconfig.json'];

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

const missing = await missingRedis(runCommand);
if (missing !== undefined) {
  console.error(missing);
  process.exit(1);
}
const copy = copySources();
process.on('exit', () => rmSync(copy, { recursive: true, force: true }));
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => process.exit(130));
register();
const { main } = await import(pathToFileURL(join(copy, 'test', 'chaos', 'rig', 'main.ts')).href);
process.exit(await main(process.argv.slice(2)));
