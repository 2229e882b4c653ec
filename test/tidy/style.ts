/**
 * What a file of src/ looks like: it opens with its reason, has a name that says what it is, and uses only the part of
 * TypeScript that disappears when the types are taken away.
 */
import { basename } from 'node:path';
import { type Finding, findAll, finding, inSource, inTests, type Rule, type SourceFile } from './source.ts';

const vagueFolders = ['utils', 'helpers', 'common', 'types', 'constants'];
const luaHeaderWords = ['KEYS', 'ARGV', 'Returns', 'Complexity'];

export const styleRules: readonly Rule[] = [
  {
    title: 'a source file opens with a comment of two lines or more: what it is and why it stands alone',
    check: (files) =>
      files
        .filter((file) => inSource(file) && openingLines(file) < 2)
        .map((file) => finding(file, 0, 'open it with a comment: what this file is, and why it stands alone')),
    planted: [
      ['src/core/a.ts', 'export const a = 1;\n// late\n// words'],
      ['src/core/b.ts', '/** One line. */\nexport const a = 1;'],
      ['src/core/c.ts', '/**\n * One line.\n */\nexport const a = 1;'],
    ],
  },
  {
    title: 'a Lua script opens with a header that names KEYS, ARGV, Returns and Complexity',
    check: (files) => files.filter((file) => file.path.endsWith('.lua')).flatMap(checkLuaHeader),
    planted: [
      ['src/redis/lua/settle.lua', '-- Settles a task.\n-- KEYS 1 queue\n-- ARGV 1 id\n-- Returns 1\nreturn 1'],
    ],
  },
  {
    title: 'src/ uses no any',
    check: (files) =>
      files.filter(inSource).flatMap((file) => findAll(file, 'TSAnyKeyword', 'use unknown and narrow it')),
    planted: [['src/core/a.ts', 'export const a: any = 1;']],
  },
  {
    title: 'src/ exports by name: no `export *`, no default export',
    check: (files) =>
      files
        .filter(inSource)
        .flatMap((file) => [
          ...findAll(file, 'ExportAllDeclaration', 'list the names that are exported'),
          ...findAll(file, 'ExportDefaultDeclaration', 'export it by its name'),
        ]),
    planted: [
      ['src/core/a.ts', "export * from './b.ts';"],
      ['src/core/b.ts', 'export default 1;'],
    ],
  },
  {
    title: 'src/ uses erasable syntax only: no enums, namespaces or parameter properties, and no decorators',
    check: (files) =>
      files
        .filter(inSource)
        .flatMap((file) => [
          ...findAll(file, 'TSEnumDeclaration', 'use a union of strings'),
          ...findAll(file, 'TSModuleDeclaration', 'use a module of its own'),
          ...findAll(file, 'TSParameterProperty', 'declare a #private field and assign it in the constructor'),
          ...findAll(file, 'Decorator', 'call the function that the decorator stands for'),
        ]),
    planted: [
      ['src/core/a.ts', "enum A { B = 'b' }"],
      ['src/core/b.ts', 'namespace A { export const b = 1; }'],
      ['src/core/c.ts', 'class A { constructor(private readonly b: string) {} }'],
      ['src/core/d.ts', 'class A { @onTask() run(): void {} }'],
    ],
  },
  {
    title: 'files have kebab-case names',
    check: (files) =>
      files
        .filter((file) => !/^[a-z0-9]+(-[a-z0-9]+)*(\.(test|test-d|d|config))?\.[a-z]+$/.test(basename(file.path)))
        .map((file) => finding(file, 0, 'rename it: lower case words, joined by hyphens')),
    planted: [
      ['src/core/backOff.ts', ''],
      ['test/unit/back_off.test.ts', ''],
    ],
  },
  {
    title: `no folder is called ${vagueFolders.join(', ')}`,
    check: (files) =>
      files
        .filter((file) => file.path.startsWith('src/'))
        .filter((file) =>
          file.path
            .split('/')
            .slice(0, -1)
            .some((folder) => vagueFolders.includes(folder)),
        )
        .map((file) => finding(file, 0, 'put the file where its one user is, or name the folder after what it holds')),
    planted: [['src/core/utils/array.ts', '']],
  },
  {
    title: 'no test is focused, and none is left out without a reason to see',
    check: (files) =>
      files
        .filter(inTests)
        .flatMap((file) => matches(file, /\b(?:it|test|describe)\.(?:only|todo)\(/g, 'take the mark away again')),
    planted: [['test/unit/a.test.ts', `test.${'only'}('a', () => {});`]],
  },
];

export function matches(file: SourceFile, pattern: RegExp, message: string): Finding[] {
  return [...file.text.matchAll(pattern)].map((match) => finding(file, match.index, message));
}

/** Lines with words in the comment that is the first thing in the file. */
function openingLines(file: SourceFile): number {
  const text = file.text.replace(/^#!.*\n/, '').trimStart();
  const block = /^\/\*[\s\S]*?\*\//.exec(text)?.[0] ?? /^(?:\/\/.*\n)+/.exec(text)?.[0] ?? '';
  return block.split('\n').filter((line) => /\w/.test(line)).length;
}

function checkLuaHeader(file: SourceFile): Finding[] {
  const header = /^(?:--.*(?:\n|$))+/.exec(file.text)?.[0] ?? '';
  return luaHeaderWords
    .filter((word) => !header.includes(word))
    .map((word) => finding(file, 0, `the header lacks "${word}": say it in the comment that opens the script`));
}
