/**
 * Source files without a test beside them or of the same name elsewhere.
 *
 * Heuristic. A test is a file in a folder named like tests, or named like one (`x.test.ts`, `test_x.py`, `XTest.php`).
 * A source has a counterpart when a test bears its name, or the name of its folder where it is an index. What a test
 * imports is not looked at, so a low ratio is a hint and never an error.
 */
import { posix } from 'node:path';
import type { Check } from './check.ts';
import { Findings } from './findings.ts';
import { languageOf } from './languages.ts';
import type { TreeFile } from './tree.ts';

const TEST_FOLDER = /(?:^|\/)(?:tests?|__tests__|specs?|e2e|testing)\//i;
const TEST_NAME = /(?:[._-](?:test|spec|e2e)s?$|^tests?[._-]|(?<=[a-z])(?:Tests?|Spec)$)/;
const NOT_SOURCE =
  /\.d\.[cm]?ts$|(?:^|\/)[^/]*\.config\.[cm]?[jt]s$|(?:^|\/)(?:fixtures?|examples?|migrations|scripts?|docs?)\//i;

export const untestedSources: Check = {
  name: 'untested-sources',
  title: 'Tests beside sources',
  async run(tree, signal) {
    signal.throwIfAborted();
    const code = tree.files.filter(({ path, size }) => size > 0 && languageOf(path).isCode);
    const tests = code.filter(({ path }) => isTest(path));
    const sources = code.filter(({ path }) => !isTest(path) && !NOT_SOURCE.test(path));
    const names = new Set(tests.map(({ path }) => plainName(path)));
    const untested = sources.filter(({ path }) => !hasCounterpart(path, names));
    const tested = sources.length - untested.length;
    return {
      findings: findingsOf(sources, tests, untested),
      facts: {
        sources: sources.length,
        tests: tests.length,
        'sources with a test of their name': tested,
        ratio: sources.length === 0 ? 'no sources' : `${Math.round((100 * tested) / sources.length)} %`,
      },
    };
  },
};

function findingsOf(sources: readonly TreeFile[], tests: readonly TreeFile[], untested: readonly TreeFile[]): Findings {
  const findings = new Findings();
  if (sources.length > 0 && tests.length === 0) {
    findings.add('warning', `no tests at all for ${sources.length} source files`);
    return findings;
  }
  const inFolder = countByFolder(sources);
  const untestedInFolder = countByFolder(untested);
  for (const [folder, count] of untestedInFolder) {
    if (count < 2 || count !== inFolder.get(folder)) continue;
    findings.add('warning', `none of the ${count} source files here has a test of its name`, folder);
  }
  for (const { path } of untested) {
    const folder = posix.dirname(path);
    const count = untestedInFolder.get(folder) ?? 0;
    if (count < 2 || count !== inFolder.get(folder)) findings.add('info', 'no test of its name', path);
  }
  return findings;
}

function countByFolder(files: readonly TreeFile[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const { path } of files) counts.set(posix.dirname(path), (counts.get(posix.dirname(path)) ?? 0) + 1);
  return counts;
}

function isTest(path: string): boolean {
  return TEST_FOLDER.test(path) || TEST_NAME.test(stem(path));
}

function hasCounterpart(path: string, names: ReadonlySet<string>): boolean {
  const isIndex = /^(?:index|mod|main|__init__|lib)$/.test(stem(path));
  return names.has(plainName(path)) || (isIndex && names.has(plain(posix.basename(posix.dirname(path)))));
}

function stem(path: string): string {
  return posix.basename(path, posix.extname(path));
}

function plainName(path: string): string {
  return plain(stem(path).replace(TEST_NAME, ''));
}

function plain(name: string): string {
  return name.toLowerCase().replace(/[-_.]/g, '');
}
