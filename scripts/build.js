// Compiles src/ to a folder (dist/ when none is named) and lays the Lua scripts beside the code that loads them.
// `--no-check` leaves the types unchecked.
import { spawnSync } from 'node:child_process';
import { cpSync, rmSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const { values, positionals } = parseArgs({ allowPositionals: true, options: { 'no-check': { type: 'boolean' } } });
const target = resolve(positionals[0] ?? join(root, 'dist'));

rmSync(target, { recursive: true, force: true });
const compiler = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
const unchecked = values['no-check'] ? ['--noCheck'] : [];
const args = [compiler, '-p', 'tsconfig.build.json', '--outDir', target, ...unchecked];
const { status } = spawnSync(process.execPath, args, { cwd: root, stdio: 'inherit' });
if (status !== 0) process.exit(status ?? 1);
cpSync(join(root, 'src', 'redis', 'lua'), join(target, 'redis', 'lua'), { recursive: true });
