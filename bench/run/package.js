/**
 * The package as users install it, laid out in a temporary folder: compiled sources, the command, and the packages of this checkout.
 * Sources that are translated on their way in would be another thing than what is measured for.
 */
import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

/** Its URL ends with a slash; `remove` takes it away. `modules` can be loaded by their names besides what users can load. */
export function layOut(root, modules = []) {
  const folder = mkdtempSync(join(tmpdir(), 'bench-package-'));
  const remove = () => rmSync(folder, { recursive: true, force: true });
  for (const name of ['package.json', 'bin']) cpSync(join(root, name), join(folder, name), { recursive: true });
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'));
  const build = [
    join(root, 'scripts', 'build.js'),
    join(folder, 'dist'),
    '--no-check',
    ...modules.map((name) => `--with=${name}`),
  ];
  const { status } = spawnSync(process.execPath, build, { stdio: ['ignore', 'inherit', 'inherit'] });
  if (status === 0) return { url: pathToFileURL(`${folder}/`).href, remove };
  remove();
  throw new Error(`expected the sources to compile, got: exit code ${status}`);
}
