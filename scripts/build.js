// Builds src/ into a folder (dist/ when none is named): the code in few files, which load in a third of the time that one file for each
// module takes, the declarations, and the Lua scripts, which are read when the code is loaded. `--no-check` leaves the types unchecked;
// `--with redis/broker` lets that module be loaded by its name, too.
//
// Packages stay packages, but for zod: whole, it takes as long to load as all of the runtime, and little of it is used.
import { spawnSync } from 'node:child_process';
import { cpSync, readFileSync, rmSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { buildSync } from 'esbuild';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { 'no-check': { type: 'boolean' }, with: { type: 'string', multiple: true, default: [] } },
});
const target = resolve(positionals[0] ?? join(root, 'dist'));

/** What is loaded by its name: the doors, the command and the threads, and the parts that the bench measures one by one. */
const entries = ['index', 'testing', 'vitest', 'cli/main', 'compose/thread-entry'];
/** Packages of which little is used, or which are little. */
const takenIn = ['zod', 'eventemitter3'];
const measured = ['core/observer', 'redis/keys', 'redis/scripts'];

rmSync(target, { recursive: true, force: true });
const compiler = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
const unchecked = values['no-check'] ? ['--noCheck'] : [];
const args = [compiler, '-p', 'tsconfig.build.json', '--outDir', target, ...unchecked];
const { status } = spawnSync(process.execPath, args, { cwd: root, stdio: 'inherit' });
if (status !== 0) process.exit(status ?? 1);

const { dependencies, peerDependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
buildSync({
  absWorkingDir: root,
  entryPoints: [...entries, ...measured, ...values.with].map((name) => join('src', `${name}.ts`)),
  outbase: 'src',
  outdir: target,
  chunkNames: 'parts/[name]-[hash]',
  bundle: true,
  splitting: true,
  platform: 'node',
  format: 'esm',
  target: 'node20',
  external: Object.keys({ ...dependencies, ...peerDependencies }).filter((name) => !takenIn.includes(name)),
  sourcemap: true,
  sourcesContent: false,
  logLevel: 'warning',
});
cpSync(join(root, 'src', 'redis', 'lua'), join(target, 'redis', 'lua'), { recursive: true });
cpSync(join(root, 'node_modules', 'zod', 'LICENSE'), join(target, 'zod.LICENSE'));
