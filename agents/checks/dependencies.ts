/**
 * Dependencies that are not pinned, and those that nothing imports.
 *
 * Pinned means an exact version or a lock file in the same folder or above; `*`, `latest` and requirements without `==`
 * are never pinned. Unused is asked of the run-time dependencies of package.json only, over the whole tree: a
 * dependency is used when its name stands in quotes in a source or configuration file, or in a script. Tools, peer
 * dependencies, and programmes called by another name than their package's are not judged.
 */
import { posix } from 'node:path';
import type { Check } from './check.ts';
import { Findings } from './findings.ts';
import { languageOf } from './languages.ts';
import { type Dependency, type Manifest, readComposerJson, readPackageJson, readRequirements } from './manifests.ts';
import type { TextFile, Tree } from './tree.ts';

interface Kind {
  readonly file: RegExp;
  readonly locks: readonly string[];
  readonly read: (text: string) => Manifest;
}

const NPM_LOCKS = ['package-lock.json', 'npm-shrinkwrap.json', 'yarn.lock', 'pnpm-lock.yaml', 'bun.lock', 'bun.lockb'];
const KINDS: readonly Kind[] = [
  { file: /^package\.json$/, locks: NPM_LOCKS, read: readPackageJson },
  { file: /^composer\.json$/, locks: ['composer.lock'], read: readComposerJson },
  { file: /^requirements[\w.-]*\.txt$/, locks: [], read: readRequirements },
];
const QUOTED_NAME = /['"`](@[\w.~-]{1,100}\/[\w.~-]{1,200}|[\w~][\w.~-]{0,200})(?=['"`/])/g;
const IMPORTERS: ReadonlySet<string> = new Set(['TypeScript', 'JavaScript', 'Vue', 'Svelte', 'JSON', 'YAML', 'HTML']);

interface Found {
  readonly file: string;
  readonly dependency: Dependency;
}

export const dependencies: Check = {
  name: 'dependencies',
  title: 'Unpinned and unused dependencies',
  async run(tree, signal) {
    const findings = new Findings();
    const paths = new Set(tree.files.map(({ path }) => path));
    const runtime: Found[] = [];
    let commands = '';
    let manifests = 0;
    let declared = 0;
    for await (const file of tree.texts(({ path }) => kindOf(path) !== undefined)) {
      signal.throwIfAborted();
      const manifest = readManifest(file, findings);
      if (manifest === undefined) continue;
      manifests += 1;
      declared += manifest.dependencies.length;
      commands += `${manifest.commands}\n`;
      judgeVersions(file.path, manifest, paths, findings);
      if (!isPackageJson(file.path)) continue;
      for (const dependency of manifest.dependencies)
        if (dependency.isRuntime) runtime.push({ file: file.path, dependency });
    }
    const unused = await unusedAmong(runtime, commands, tree, signal);
    for (const { file, dependency } of unused) {
      findings.add('warning', `${dependency.name} is never imported`, file, dependency.line);
    }
    return { findings, facts: { manifests, dependencies: declared, unused: unused.length } };
  },
};

function kindOf(path: string): Kind | undefined {
  return KINDS.find(({ file }) => file.test(posix.basename(path)));
}

function isPackageJson(path: string): boolean {
  return posix.basename(path) === 'package.json';
}

function readManifest(file: TextFile, findings: Findings): Manifest | undefined {
  try {
    return kindOf(file.path)?.read(file.text);
  } catch {
    findings.add('error', 'not valid JSON', file.path);
    return undefined;
  }
}

function judgeVersions(path: string, manifest: Manifest, paths: ReadonlySet<string>, findings: Findings): void {
  const isLocked = hasLock(path, kindOf(path)?.locks ?? [], paths);
  for (const { name, version, pinned, line } of manifest.dependencies) {
    if (pinned === 'exactly' || (pinned === 'range' && isLocked)) continue;
    const shown = version === '' ? 'no version' : version;
    const why = pinned === 'range' ? ' and no lock file' : '';
    findings.add('warning', `${name} is not pinned: ${shown}${why}`, path, line);
  }
}

function hasLock(path: string, locks: readonly string[], paths: ReadonlySet<string>): boolean {
  for (let folder = posix.dirname(path); ; folder = posix.dirname(folder)) {
    if (locks.some((lock) => paths.has(posix.join(folder, lock)))) return true;
    if (folder === '.' || folder === '/') return false;
  }
}

async function unusedAmong(
  found: readonly Found[],
  commands: string,
  tree: Tree,
  signal: AbortSignal,
): Promise<Found[]> {
  const wanted = new Set(found.map(({ dependency }) => dependency.name));
  if (wanted.size === 0) return [];
  const words = new Set(commands.split(/[\s'"`;&|()=:]+/));
  for (const name of wanted) if (words.has(name) || name.startsWith('@types/')) wanted.delete(name);
  for await (const file of tree.texts(({ path }) => mayImport(path))) {
    signal.throwIfAborted();
    if (wanted.size === 0) break;
    for (const match of file.text.matchAll(QUOTED_NAME)) wanted.delete(match[1] ?? '');
  }
  return found.filter(({ dependency }) => wanted.has(dependency.name));
}

function mayImport(path: string): boolean {
  const name = posix.basename(path);
  return IMPORTERS.has(languageOf(path).name) && kindOf(path) === undefined && !NPM_LOCKS.includes(name);
}
