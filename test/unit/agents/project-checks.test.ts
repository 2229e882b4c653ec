/** The checks that compare files with each other: links, project files, dependencies, tests, the repository itself. */
import { execFileSync } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { runCheck } from '../../../agents/checks/catalogue.ts';
import { gitStateCheck } from '../../../agents/checks/git-state.ts';
import { openTree } from '../../../agents/checks/tree.ts';
import { check, lines, signal, treeOf } from './audited-tree.ts';

test('dead links, images, references, HTML and anchors in Markdown are found', async () => {
  const report = await check('dead-links', {
    'docs/a.md': [
      '# A title, `code` & more',
      '[dead](gone.md) and ![image](img/gone.png "title")',
      '[up](../../outside.md) [anchor](#no-such)',
      '[ref]: missing.md',
      '[text][nowhere] <img src="gone.svg">',
      '[a](<gone file.md>) [b](gone(1).md)',
    ].join('\n'),
  });
  expect(lines(report)).toEqual([
    'warning docs/a.md:2 a dead link: gone.md',
    'warning docs/a.md:2 a dead link: img/gone.png',
    'warning docs/a.md:3 a link out of the tree: ../../outside.md',
    'warning docs/a.md:3 no heading for the anchor: #no-such',
    'warning docs/a.md:4 a dead link: missing.md',
    'warning docs/a.md:5 a dead link: gone.svg',
    'warning docs/a.md:6 a dead link: gone file.md',
    'warning docs/a.md:6 a dead link: gone(1).md',
    'info docs/a.md:5 no definition for the reference link: nowhere',
  ]);
});

test('living links, other schemes and links in code or comments are left alone', async () => {
  const report = await check('dead-links', {
    'docs/a.md': [
      '# A title, `code` & more',
      '## Twice\n\n## Twice',
      '[self](#a-title-code--more) [two](#twice-1) [file](b%20c.md?x#y) [folder](../docs/) [root](/docs/a.md)',
      '[web](https://example.org/x) [mail](mailto:a@example.org) [proto](//example.org) [dist](../dist/x.js)',
      '`[code](gone.md)` ``[code` ](gone.md)`` <!-- [x](gone.md)',
      '[y](gone.md) --> [ref][r]',
      '```md\n[z](gone.md)\n```',
      '- item\n  ~~~\n  [z](gone.md)\n  ~~~',
      '[R]: b%20c.md "title"',
    ].join('\n'),
    'docs/b c.md': 'x\n',
    'dist/x.js': 'x\n',
  });
  expect(lines(report)).toEqual([]);
  expect(report.facts).toMatchObject({ 'Markdown files': 2, 'relative links': 7 });
});

test('a missing or empty README, licence and ignore file are warned of', async () => {
  expect(lines(await check('project-files', { 'README.md': '', Dockerfile: 'FROM x\n', 'sub/LICENSE': 'x' }))).toEqual([
    'warning README.md the README is empty',
    'warning there is no licence at the root',
    'warning there is no .gitignore at the root',
    'info Dockerfile a Dockerfile without a .dockerignore',
  ]);
  const whole = { 'readme.txt': 'x', 'LICENCE.md': 'x', '.gitignore': 'x' };
  expect(lines(await check('project-files', whole))).toEqual([]);
});

test('ranges without a lock file, moving versions and dependencies nobody imports are warned of', async () => {
  const manifest = {
    dependencies: { used: '^1.0.0', unused: '1.2.3', moving: '*', '@scope/used': '~1.0.0', 'in-script': '1.0.0' },
    peerDependencies: { peer: '>=1' },
    scripts: { start: 'in-script --now' },
  };
  const source = "import 'used/deep';\nconst a = await import('@scope/used');\nrequire(\"moving\");\n";
  const report = await check('dependencies', {
    'package.json': JSON.stringify(manifest, null, 2),
    'src/a.ts': source,
    'requirements.txt': '# c\npinned==1.0\nloose>=2 # why\nbare\n-r other.txt\n',
    'php/composer.json': JSON.stringify({ require: { php: '>=8', 'a/b': '^1.0', 'c/d': '1.2.3', 'e/f': 'dev-main' } }),
    'broken/package.json': '{',
  });
  expect(lines(report)).toEqual([
    'error broken/package.json not valid JSON',
    'warning package.json:3 used is not pinned: ^1.0.0 and no lock file',
    'warning package.json:5 moving is not pinned: *',
    'warning package.json:6 @scope/used is not pinned: ~1.0.0 and no lock file',
    'warning php/composer.json:1 a/b is not pinned: ^1.0 and no lock file',
    'warning php/composer.json:1 e/f is not pinned: dev-main',
    'warning requirements.txt:3 loose is not pinned: >=2',
    'warning requirements.txt:4 bare is not pinned: no version',
    'warning package.json:4 unused is never imported',
  ]);
});

test('a lock file in a folder above pins the ranges of a workspace', async () => {
  const report = await check('dependencies', {
    'package-lock.json': '{}',
    'packages/a/package.json': JSON.stringify({ dependencies: { used: '^1.0.0' } }),
    'packages/b/index.js': "import used from 'used';\n",
  });
  expect(lines(report)).toEqual([]);
});

test('sources without a test of their name are reported, whole folders as one', async () => {
  const report = await check('untested-sources', {
    'src/a.ts': 'x',
    'src/b.ts': 'x',
    'src/types.d.ts': 'x',
    'lib/c.py': 'x',
    'lib/d.py': 'x',
    'parser/index.ts': 'x',
    'test/unit/a.test.ts': 'x',
    'test/parser.test.ts': 'x',
    'vite.config.ts': 'x',
  });
  expect(lines(report)).toEqual([
    'warning lib none of the 2 source files here has a test of its name',
    'info src/b.ts no test of its name',
  ]);
  expect(report.facts).toMatchObject({ sources: 5, tests: 2, ratio: '40 %' });
});

test('a project without any test is one warning, one without code is none', async () => {
  expect(lines(await check('untested-sources', { 'a.go': 'x', 'b.go': 'x' }))).toEqual([
    'warning no tests at all for 2 source files',
  ]);
  expect(lines(await check('untested-sources', { 'README.md': 'x' }))).toEqual([]);
});

test('the state of a repository is told: branch, changes, untracked files, last commit', async () => {
  const root = await treeOf({ 'a.txt': 'one\n', 'b c.txt': 'two\n' });
  const who = ['-c', 'user.name=a', '-c', 'user.email=a@example.org', '-c', 'commit.gpgsign=false'];
  const git = (...args: string[]): Buffer => execFileSync('git', ['-C', root, ...who, ...args], { stdio: 'pipe' });
  git('init', '-q', '-b', 'trunk');
  git('add', '.');
  git('commit', '-q', '-m', 'First words');
  expect(lines(await runCheck('git-state', root, { signal }))).toEqual(['info the branch trunk has no upstream']);
  await writeFile(join(root, 'b c.txt'), 'changed\n');
  await writeFile(join(root, 'new.txt'), 'x\n');
  const report = await runCheck('git-state', root, { signal });
  expect(lines(report)).toEqual([
    'warning b c.txt uncommitted change',
    'info the branch trunk has no upstream',
    'info new.txt untracked',
  ]);
  expect(report.facts).toMatchObject({ branch: 'trunk', 'uncommitted changes': 1, untracked: 1 });
  expect(report.facts['last commit']).toMatch(/^[0-9a-f]{7,} \d{4}-.* First words$/);
});

test('a look at a repository runs none of the programmes its configuration names', async () => {
  const root = await treeOf({ 'a.txt': 'one\n', '.gitattributes': '* filter=evil\n' });
  const git = (...args: string[]): Buffer => execFileSync('git', ['-C', root, ...args], { stdio: 'pipe' });
  git('init', '-q');
  git('add', '.');
  git('config', 'filter.evil.clean', `touch '${root}/ran-filter'; cat`);
  git('config', 'filter.evil.required', 'true');
  git('config', 'core.fsmonitor', `touch '${root}/ran-monitor'; true`);
  await writeFile(join(root, 'a.txt'), 'two\n');
  const report = await runCheck('git-state', root, { signal });
  expect(lines(report)).toContain('warning a.txt uncommitted change');
  expect((await runCheck('files-by-language', root, { signal })).facts['files']).toBe(2);
});

test('a folder that is no repository, a missing git and an untrusted repository are findings', async () => {
  const tree = await openTree(await treeOf({}), { signal });
  const said = async (reason: 'missing' | 'untrusted' | 'failed'): Promise<string | undefined> => {
    const outcome = await gitStateCheck(async () => ({ ok: false, reason })).run(tree, signal);
    return outcome.findings.worst()[0]?.message;
  };
  expect(lines(await check('git-state', {}))).toEqual(['warning the folder is not in a git repository']);
  expect(await said('missing')).toMatch(/^git is not installed/);
  expect(await said('untrusted')).toMatch(/^git does not trust/);
  expect(await said('failed')).toMatch(/^git could not tell/);
});
