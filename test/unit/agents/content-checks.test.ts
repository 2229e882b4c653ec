/** The checks that read what stands in files: languages, sizes, functions, notes, markers, encodings, duplicates. */
import { expect, test } from 'vitest';
import { check, lines } from './audited-tree.ts';

const LATER = ['TO', 'DO'].join('');
const BROKEN = ['FIX', 'ME'].join('');

test('files and lines are counted by language, with a last line that lacks its newline', async () => {
  const report = await check('files-by-language', {
    'a.ts': 'one\ntwo',
    'b/c.ts': 'one\n',
    'd.py': '',
    'README.md': 'x\n',
    'node_modules/x/index.js': 'ignored\n',
  });
  expect(report.facts).toMatchObject({
    files: 4,
    lines: 4,
    TypeScript: '2 files, 3 lines',
    Markdown: '1 files, 1 lines',
  });
  expect(report.facts).not.toHaveProperty('JavaScript');
  expect(report.total).toBe(0);
});

test('large files are warned of by size, largest first, and small ones are facts only', async () => {
  const report = await check('largest-files', {
    'huge.bin': Buffer.alloc(3 * 1024 * 1024),
    'big.txt': 'x'.repeat(300 * 1024),
    'small.txt': 'x',
  });
  expect(lines(report)).toEqual(['warning huge.bin large file: 3.0 MiB', 'info big.txt large file: 300.0 KiB']);
  expect(report.facts).toMatchObject({ files: 3, 'largest 3': 'small.txt (1 bytes)' });
});

test('a function of more than sixty lines is named with its length in every language the heuristic knows', async () => {
  const body = '  work("}");\n'.repeat(61);
  const report = await check('long-code', {
    'a.ts': `const short = () => {\n  return 1;\n};\nexport async function long({ a }: { a: 1 }) {\n${body}}\n`,
    'b.ts': `class A {\n  method(x: number): void {\n${body}  }\n}\nconst arrow = async () => {\n${body}};\n`,
    'c.py': `def short():\n  pass\ndef long(\n  a,\n):\n${'  work()\n'.repeat(61)}print(1)\n`,
    'd.php': `<?php\nfunction long($a) {\n${body}}\n`,
    'e.go': `func (s *S) Long(a int) error {\n${body}}\n`,
  });
  expect(lines(report)).toEqual([
    'warning a.ts:4 long has 63 lines (more than 60)',
    'warning b.ts:2 method has 63 lines (more than 60)',
    'warning b.ts:66 arrow has 63 lines (more than 60)',
    'warning c.py:3 long has 64 lines (more than 60)',
    'warning d.php:2 long has 63 lines (more than 60)',
    'warning e.go:1 Long has 63 lines (more than 60)',
  ]);
});

test('braces in strings, comments, templates and regular expressions do not end a function', async () => {
  const odd = ['function f() {', "  a('}');", '  // }', '  /* }', '  } */', '  b(`}', '  }`);', '  c(/}["`]/);'];
  const report = await check('long-code', { 'a.ts': [...odd, ...Array(60).fill('  d();'), '}', ''].join('\n') });
  expect(lines(report)).toEqual(['warning a.ts:1 f has 69 lines (more than 60)']);
});

test('a function of sixty lines, a test group and a control structure are not long functions', async () => {
  const report = await check('long-code', {
    'a.ts': `function exact() {\n${'x();\n'.repeat(58)}}\n`,
    'b.ts': `describe('group', () => {\n${'x();\n'.repeat(80)}});\n`,
    'c.ts': `if (a) {\n${'x();\n'.repeat(80)}}\n`,
    'notes.md': `function long() {\n${'x();\n'.repeat(80)}}\n`,
  });
  expect(lines(report)).toEqual([]);
});

test('long lines make one finding per file, at the first of them', async () => {
  const report = await check('long-code', {
    'a.js': `x\n${'y'.repeat(201)}\n${'z'.repeat(9000)}\n`,
    'b.js': 'y'.repeat(200),
  });
  expect(lines(report)).toEqual(['info a.js:2 2 lines have more than 200 characters, the longest 9000']);
});

test('notes for later are found with their places, in comments and in prose', async () => {
  const report = await check('open-notes', {
    'a.ts': `x();\n// ${LATER}: tidy up\n/* ${BROKEN} broken */\n`,
    'b.py': `# ${LATER} later\n`,
    'c.md': `${LATER}: write this\n`,
  });
  expect(lines(report)).toEqual([
    `warning a.ts:3 ${BROKEN} broken */`,
    `info a.ts:2 ${LATER}: tidy up`,
    `info b.py:1 ${LATER} later`,
    `info c.md:1 ${LATER}: write this`,
  ]);
  expect(report.facts).toEqual({ notes: 4, 'files with notes': 3 });
});

test('the words in quotes, in names, in lower case or in passing are no notes', async () => {
  const report = await check('open-notes', {
    'a.ts': `const word = '${LATER}';\nconst ${LATER}_LIST = 1;\n// ${LATER.toLowerCase()}\n// finds \`${LATER}\`\n`,
    'b.md': `How we treat ${LATER} notes.\n`,
  });
  expect(lines(report)).toEqual([]);
});

test('an unresolved conflict is an error, a lone marker a warning, a heading underline nothing', async () => {
  const [open, middle, close] = ['<', '=', '>'].map((sign) => sign.repeat(7));
  const report = await check('merge-markers', {
    'a.ts': `x\n${open} HEAD\none\n${middle}\ntwo\n${close} branch\n`,
    'b.ts': `${close} branch\n`,
    'c.md': `Heading\n${middle}\n\n  ${open} indented\n`,
  });
  expect(lines(report)).toEqual([
    'error a.ts:2 an unresolved merge conflict, lines 2 to 6',
    'warning b.ts:1 a merge marker without its counterpart',
  ]);
});

test('encoding and line-end faults are told apart', async () => {
  const report = await check('encoding', {
    'bad.txt': Buffer.from([0x61, 0x0a, 0xff, 0x0a]),
    'bom.txt': '\uFEFFx\n',
    'crlf.txt': 'a\r\nb\r\n',
    'mixed.txt': 'a\r\nb\n',
    'open.txt': 'a',
    'good.txt': 'ä\n',
    'run.bat': 'a\r\n',
    'empty.txt': '',
  });
  expect(lines(report)).toEqual([
    'error bad.txt:2 not valid UTF-8',
    'warning bom.txt:1 starts with a byte order mark',
    'warning mixed.txt mixed line ends (1 LF, 1 CRLF)',
    'info crlf.txt CRLF line ends',
    'info open.txt no newline at the end of the file',
  ]);
});

test('files of equal content are grouped by what they waste, and empty or merely equally long ones are not', async () => {
  const report = await check('duplicate-files', {
    'a.bin': Buffer.alloc(2000),
    'b/copy.bin': Buffer.alloc(2000),
    'c.txt': 'same',
    'd.txt': 'same',
    'e.txt': 'some',
    'f.txt': '',
    'g.txt': '',
  });
  expect(lines(report)).toEqual([
    'warning a.bin the same 2000 bytes as b/copy.bin',
    'info c.txt the same 4 bytes as d.txt',
  ]);
  expect(report.facts).toEqual({ groups: 2, 'bytes wasted': 2004 });
});
