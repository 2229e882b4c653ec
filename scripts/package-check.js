// Is the package that would be published whole? Lays it out in a temporary folder from the `files` of package.json,
// compiles into it, lets publint read it, opens every door, asks the command for its version and runs a handler in a thread; then
// lets knip look for files, exports and dependencies that nobody uses. The checkout's own dist/ is left alone.
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
const folder = mkdtempSync(join(tmpdir(), 'package-'));
let failed = 0;

try {
  const listed = manifest.files.filter((name) => name !== 'dist');
  for (const name of ['package.json', 'README.md', 'LICENSE', ...listed]) copy(name);
  step('build', 'scripts/build.js', join(folder, 'dist'));
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'));
  step('publint', 'node_modules/publint/src/cli.js', folder, '--strict', '--pack', 'false');
  for (const door of Object.values(manifest.exports)) {
    if (door.default)
      step(
        `import ${door.default}`,
        '--input-type=module',
        '-e',
        `await import(${JSON.stringify(join(folder, door.default))})`,
      );
  }
  step('runtime --version', join(folder, manifest.bin.runtime), '--version');
  threadStep('js', 'static handlers = { where: task(undefined, undefined, { thread: true }) };');
  threadStep('ts', "@onTask('where', undefined, undefined, { thread: true })");
  step('knip', 'node_modules/knip/bin/knip.js');
} finally {
  rmSync(folder, { recursive: true, force: true });
}
process.exit(failed === 0 ? 0 : 1);

function copy(name) {
  if (existsSync(join(root, name))) cpSync(join(root, name), join(folder, name), { recursive: true });
  else report(`${name} is missing`);
}

/** A project with one agent whose handler says where it runs; `registration` stands above the handler. */
function threadStep(ending, registration) {
  const home = join(folder, `thread-${ending}`);
  mkdirSync(join(home, 'agents'), { recursive: true });
  writeFileSync(join(home, 'runtime.config.js'), "export default { agents: './agents' };\n");
  const agent = [
    "import { isMainThread } from 'node:worker_threads';",
    `import { Agent, ${ending === 'ts' ? 'onTask' : 'task'} } from '${manifest.name}';`,
    `export class WhereAgent extends Agent { ${registration}`,
    "  where() { if (isMainThread) throw new Error('it runs in no thread'); }",
    '}',
  ];
  writeFileSync(join(home, 'agents', `where-agent.${ending}`), agent.join('\n'));
  const title = `a handler in a thread, in a project of .${ending} files`;
  run(title, { cwd: home, env: {} }, join(folder, manifest.bin.runtime), 'start', '--run', 'where', '--exit');
}

function step(title, ...args) {
  run(title, { cwd: root }, ...args);
}

function run(title, options, ...args) {
  const { status } = spawnSync(process.execPath, args, { stdio: 'inherit', ...options });
  if (status !== 0) report(`${title} failed`);
}

function report(problem) {
  failed += 1;
  console.error(`package check: ${problem}`);
}
