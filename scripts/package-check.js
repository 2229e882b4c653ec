// Is the package that would be published whole? Lays it out in a temporary folder from the `files` of package.json,
// compiles into it, lets publint read it, opens every door and asks the command for its version; then lets knip look for
// files, exports and dependencies that nobody uses. The checkout's own dist/ is left alone.
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
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
  step('knip', 'node_modules/knip/bin/knip.js');
} finally {
  rmSync(folder, { recursive: true, force: true });
}
process.exit(failed === 0 ? 0 : 1);

function copy(name) {
  if (existsSync(join(root, name))) cpSync(join(root, name), join(folder, name), { recursive: true });
  else report(`${name} is missing`);
}

function step(title, ...args) {
  const { status } = spawnSync(process.execPath, args, { cwd: root, stdio: 'inherit' });
  if (status !== 0) report(`${title} failed`);
}

function report(problem) {
  failed += 1;
  console.error(`package check: ${problem}`);
}
