/** Trees that mean harm or are merely large: the walk ends, says what it passed over, and keeps its bounds. */
import { execFileSync } from 'node:child_process';
import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { checks, REPORT_BYTES, runCheck } from '../../../agents/checks/catalogue.ts';
import { disk } from '../../../agents/checks/disk.ts';
import { lines, signal, treeOf } from './audited-tree.ts';

const isWindows = process.platform === 'win32';

test.skipIf(isWindows)('links, FIFOs, binaries, large files and odd names are passed over with a reason', async () => {
  const root = await treeOf({
    'binary.txt': Buffer.from('a\0b'),
    'large.txt': Buffer.alloc(2 * 1024 * 1024 + 1, 'x'),
    'line\nbreak.txt': 'x\n',
    'ok.txt': 'x\n',
  });
  await writeFile(Buffer.concat([Buffer.from(`${root}/odd-`), Buffer.from([0xff])]), 'x\n').catch(() => undefined);
  await symlink('nowhere', join(root, 'broken'));
  await symlink('loop-b', join(root, 'loop-a'));
  await symlink('loop-a', join(root, 'loop-b'));
  await symlink('..', join(root, 'out'));
  await symlink('.', join(root, 'self'));
  execFileSync('mkfifo', [join(root, 'pipe')]);
  const report = await runCheck('encoding', root, { signal });
  expect(report.skipped).toEqual([
    { file: 'broken', reason: 'broken symbolic link' },
    { file: 'loop-a', reason: 'symbolic link loop' },
    { file: 'loop-b', reason: 'symbolic link loop' },
    { file: 'out', reason: 'symbolic link out of the tree, not followed' },
    { file: 'pipe', reason: 'not a regular file (FIFO)' },
    { file: 'binary.txt', reason: 'binary' },
    { file: 'large.txt', reason: 'larger than 2 MiB' },
  ]);
  expect(lines(report)).toEqual([]);
  const largest = JSON.stringify((await runCheck('largest-files', root, { signal })).facts);
  expect(largest).toContain('line\\\\x0abreak.txt');
});

test('files that vanish or refuse to be read, and folders that refuse to be listed, cost only themselves', async () => {
  const root = await treeOf({ 'a.txt': 'a', 'b.txt': 'b', 'c.txt': 'c', 'shut/d.txt': 'd' });
  const fail = (code: string): Error => Object.assign(new Error(code), { code });
  const failing = {
    ...disk,
    list: async (place: Buffer) => (String(place).endsWith('shut') ? Promise.reject(fail('EACCES')) : disk.list(place)),
    async *chunks(place: Buffer, limit: number) {
      if (String(place).endsWith('a.txt')) throw fail('ENOENT');
      if (String(place).endsWith('b.txt')) throw fail('EACCES');
      yield* disk.chunks(place, limit);
    },
  };
  const report = await runCheck('encoding', root, { signal, disk: failing });
  expect(report.skipped).toEqual([
    { file: 'shut/', reason: 'permission denied' },
    { file: 'a.txt', reason: 'vanished while being read' },
    { file: 'b.txt', reason: 'permission denied' },
  ]);
  expect(lines(report)).toEqual(['info c.txt no newline at the end of the file']);
});

test.skipIf(isWindows)('a file that became a FIFO since it was listed is not waited for', async () => {
  const root = await treeOf({});
  execFileSync('mkfifo', [join(root, 'pipe')]);
  const mistaken = {
    ...disk,
    inspect: async (place: Buffer) => ({ ...(await disk.inspect(place)), kind: kindIn(place) }),
  };
  const kindIn = (place: Buffer): 'file' | 'directory' => (String(place).endsWith('pipe') ? 'file' : 'directory');
  const report = await runCheck('encoding', root, { signal, disk: mistaken });
  expect(report.skipped).toEqual([{ file: 'pipe', reason: 'vanished while being read' }]);
});

test('what .gitignore names is left out, in nested folders and with exceptions', async () => {
  const root = await treeOf({
    '.gitignore': '# c\n*.log\n!keep.log\n/only-root.txt\nlogs/\nsub/*.tmp\n**/deep/x\n',
    'a.log': '',
    'keep.log': '',
    'only-root.txt': '',
    'sub/only-root.txt': '',
    'sub/a.tmp': '',
    'sub/more/a.tmp': '',
    'logs/a.txt': '',
    'sub/logs/b.txt': '',
    'sub/deep/x': '',
    'sub/.gitignore': 'private.*\n',
    'sub/private.ts': '',
    'private.ts': '',
  });
  const { facts } = await runCheck('largest-files', root, { signal });
  const paths = Object.entries(facts)
    .filter(([key]) => key.startsWith('largest'))
    .map(([, value]) => String(value).split(' ')[0]);
  expect(new Set(paths)).toEqual(
    new Set(['.gitignore', 'keep.log', 'private.ts', 'sub/.gitignore', 'sub/more/a.tmp', 'sub/only-root.txt']),
  );
});

test('a tree deeper than two hundred folders is read down to there', async () => {
  const root = await treeOf({});
  await mkdir(join(root, ...Array<string>(230).fill('d')), { recursive: true });
  await writeFile(join(root, 'd', 'x.txt'), 'x');
  const report = await runCheck('files-by-language', root, { signal });
  expect(report.facts['files']).toBe(1);
  expect(report.skipped[0]?.reason).toBe('deeper than 200 directories');
});

test('a wrong path, an unknown check and an abort are told apart', async () => {
  const root = await treeOf({ 'a.txt': 'x' });
  await expect(runCheck('encoding', join(root, 'gone'), { signal })).rejects.toThrow(
    /^expected path to be a directory, got: ".*gone" \(nothing is there\)/,
  );
  await expect(runCheck('encoding', join(root, 'a.txt'), { signal })).rejects.toThrow(/got: ".*a\.txt" \(file\)/);
  await expect(runCheck('nothing', root, { signal })).rejects.toThrow(
    /^expected check to be one of files-by-language, .*got: "nothing"/,
  );
  for (const { name } of checks) {
    const reason = new Error('cancelled');
    await expect(runCheck(name, root, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
  }
});

test('an abort half-way ends a check between two files', async () => {
  const root = await treeOf(Object.fromEntries(Array.from({ length: 600 }, (_, index) => [`f${index}.txt`, 'x'])));
  const controller = new AbortController();
  const seen: number[] = [];
  const onProgress = (done: number): void => {
    seen.push(done);
    controller.abort(new Error('enough'));
  };
  await expect(runCheck('encoding', root, { signal: controller.signal, onProgress })).rejects.toThrow('enough');
  expect(seen).toEqual([250]);
});

test('ten thousand files with a fault each are audited in seconds, capped and in the same order every time', async () => {
  const root = await treeOf({});
  for (let folder = 0; folder < 100; folder += 1) {
    await mkdir(join(root, `folder-${folder}`));
    const names = Array.from({ length: 100 }, (_, index) => join(root, `folder-${folder}`, `file-${index}.ts`));
    await Promise.all(names.map((name, index) => writeFile(name, `export const a = ${folder * 100 + index};\r\n//\n`)));
  }
  const steps: string[] = [];
  const onProgress = (done: number, total: number): void => void steps.push(`${done}/${total}`);
  const first = await runCheck('encoding', root, { signal, onProgress });
  expect(first).toMatchObject({ total: 10_000, counts: { warning: 10_000 }, facts: { 'text files': 10_000 } });
  expect(first.findings).toHaveLength(50);
  expect(steps.at(-1)).toBe('10000/10000');
  expect(await runCheck('encoding', root, { signal })).toEqual(first);
}, 10_000);

test('a report stays below its limit when names and messages are as long as they can be', async () => {
  const long = '\u{10ffff}€'.repeat(35);
  const root = await treeOf({});
  for (let index = 0; index < 60; index += 1) {
    const folder = join(root, ...Array<string>(4).fill(long), String(index));
    await mkdir(folder, { recursive: true });
    await writeFile(join(folder, 'README.md'), `[x](${'€'.repeat(900)})`);
    await writeFile(join(folder, 'b.md'), Buffer.alloc(10));
  }
  const report = await runCheck('dead-links', root, { signal });
  expect(report).toMatchObject({ total: 60, skippedTotal: 60 });
  expect(Buffer.byteLength(JSON.stringify(report))).toBeLessThan(REPORT_BYTES);
});

test('text made to slow patterns down is searched in seconds by every check', async () => {
  const line = (part: string): string => `${part.repeat(Math.floor(4000 / part.length))}x\n`;
  const fill = (part: string): string => line(part).repeat(50);
  const hostile = ['[', '](', '`a', '<!--', '((/[', 'eyJa-', 'function   ', '# a   b', "pass'=", '{{}', 'a://:', ' '];
  const files: Record<string, string> = {};
  for (const [index, part] of hostile.entries()) {
    files[`${index}.md`] = fill(part);
    files[`${index}.ts`] = fill(part);
  }
  const root = await treeOf(files);
  for (const { name } of checks) await runCheck(name, root, { signal });
}, 20_000);
