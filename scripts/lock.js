// The body of `npm run lock`: completes package-lock.json with the builds for other platforms that the registry in use does
// not offer. npm leaves out an optional dependency that it could not look up, and `npm ci` then refuses the lock. The
// version is the one that its parent pins; what a package's name says (system, processor, C library) decides who installs it.
import { readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const path = join(dirname(dirname(fileURLToPath(import.meta.url))), 'package-lock.json');
const systems = ['aix', 'android', 'darwin', 'freebsd', 'linux', 'netbsd', 'openbsd', 'openharmony', 'sunos', 'win32'];
const processors = ['arm', 'arm64', 'ia32', 'loong64', 'ppc64', 'riscv64', 's390x', 'wasm32', 'x64'];

const lock = JSON.parse(readFileSync(path, 'utf8'));
const added = [];
for (const [parent, { optionalDependencies = {}, dev }] of Object.entries(lock.packages)) {
  for (const [name, version] of Object.entries(optionalDependencies)) {
    if (!/^\d/.test(version)) continue; // a range; builds are pinned
    if (candidates(parent, name).some((place) => lock.packages[place]?.version === version)) continue;
    lock.packages[freePlace(parent, name)] = { version, ...platformOf(name), ...(dev ? { dev } : {}), optional: true };
    added.push(`${name}@${version}`);
  }
}
const sorted = Object.entries(lock.packages).sort(([a], [b]) => (a < b ? -1 : 1));
writeFileSync(path, `${JSON.stringify({ ...lock, packages: Object.fromEntries(sorted) }, undefined, 2)}\n`);
console.log(`${added.length} builds for other platforms added to package-lock.json`);

/** Where a dependency of `parent` can lie, nearest first. */
function candidates(parent, name) {
  const outer = parent.lastIndexOf('/node_modules/');
  const here = `${parent === '' ? '' : `${parent}/`}node_modules/${name}`;
  if (parent === '') return [here];
  return [here, ...candidates(outer < 0 ? '' : parent.slice(0, outer), name)];
}

/** The outermost place that does not hold another version. */
function freePlace(parent, name) {
  return candidates(parent, name).findLast((place) => lock.packages[place] === undefined);
}

function platformOf(name) {
  const words = name.split('/').at(-1).split('-');
  const os = words.filter((word) => systems.includes(word));
  const cpu = words.filter((word) => processors.includes(word));
  if (cpu.length !== 1) throw new Error(`expected the name of a build to name its processor, got: ${name}`);
  const libc = os[0] === 'linux' ? words.flatMap((word) => ({ musl: ['musl'], gnu: ['glibc'] })[word] ?? []) : [];
  return { cpu, ...(libc.length > 0 ? { libc } : {}), ...(os.length > 0 ? { os } : {}) };
}
