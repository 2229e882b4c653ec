#!/usr/bin/env node
// The `runtime` command. A package runs its compiled `dist/`; a checkout (the one with a tsconfig.json beside it, which
// is never packed) runs `src/` itself, so that a forgotten build can never hide an edit.
import { existsSync } from 'node:fs';
import { register as registerHooks } from 'node:module';
import { Worker } from 'node:worker_threads';

const compiled = new URL('../dist/cli/main.js', import.meta.url);
const door = new URL('../dist/index.js', import.meta.url);
const source = new URL('../src/cli/main.ts', import.meta.url);
const checkout = existsSync(new URL('../tsconfig.json', import.meta.url));

// Before anything is loaded: a process that comes to a standstill while loading must not outlive its supervisor process either.
const watchdog = startWatchdog();

// The maps of the package itself take a tenth of its start to read: they are there where stacks are shown. A user's code has its own.
process.setSourceMapsEnabled(process.argv.includes('--verbose') || (process.env.DEBUG ?? '') !== '');
const { main } = await load();
process.setSourceMapsEnabled(true);

process.exit(await main(process.argv.slice(2), watchdog));

async function load() {
  if (!checkout && existsSync(compiled)) return loadCompiled();
  const { register } = await import('tsx/esm/api');
  register();
  registerHooks('./source-condition.js', import.meta.url);
  return import(source.href);
}

/** With what a configuration imports: it would be loaded behind the hooks of the loader for TypeScript, which take time for every file. */
async function loadCompiled() {
  const runsFleet = process.argv[2] === 'start';
  const [main] = await Promise.all([import(compiled.href), runsFleet && import(door.href)]);
  return main;
}

function startWatchdog() {
  if (!process.argv.includes('--supervised') || process.send === undefined) return undefined;
  const worker = new Worker(new URL('./watchdog.js', import.meta.url), { execArgv: [], env: {} });
  worker.on('error', () => {}); // no reports then; a hang is noticed all the same
  worker.unref();
  return worker;
}
