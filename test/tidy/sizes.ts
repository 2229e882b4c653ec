/**
 * How big things may grow. The average file never was the trouble of a code base; the largest file, the longest function
 * and the widest interface are. There is no list of exceptions.
 */
import { type Finding, finding, inSource, inTests, isNode, lineAt, lineCount, nameOf, type Rule } from './source.ts';
import type { Placed, SourceFile } from './source.ts';

const limits = { source: 300, function: 60, portMethods: 7, indexNames: 45, lua: 80, test: 400 };

export const sizeRules: readonly Rule[] = [
  {
    title: `a source file has at most ${limits.source} lines`,
    check: (files) => tooLong(files.filter(inSource), limits.source, 'find its second reason to exist and move it out'),
    planted: [['src/core/long.ts', lines(limits.source + 1)]],
  },
  {
    title: `a test file has at most ${limits.test} lines`,
    check: (files) => tooLong(files.filter(inTests), limits.test, 'split it by topic'),
    planted: [['test/unit/long.test.ts', lines(limits.test + 1)]],
  },
  {
    title: `a Lua script has at most ${limits.lua} lines`,
    check: (files) =>
      tooLong(files.filter(isLua), limits.lua, 'move a shared piece to a part, or a step to the caller'),
    planted: [['src/redis/lua/long.lua', lines(limits.lua + 1)]],
  },
  {
    title: `a function has at most ${limits.function} lines`,
    check: (files) => files.filter(inSource).flatMap(longFunctions),
    planted: [
      ['src/core/a.ts', `function long(): void {\n${lines(limits.function)}}`],
      ['src/core/b.ts', `const long = (): void => {\n${lines(limits.function)}};`],
      ['src/core/c.ts', `class A {\n  long(): void {\n${lines(limits.function)}}\n}`],
    ],
  },
  {
    title: `a port of broker/ has at most ${limits.portMethods} methods`,
    check: (files) => files.filter((file) => file.path.startsWith('src/broker/')).flatMap(widePorts),
    planted: [
      ['src/broker/a.ts', port('method(): void;')],
      ['src/broker/b.ts', port('readonly method: () => void;')],
    ],
  },
  {
    title: `index.ts exports at most ${limits.indexNames} names`,
    check: (files) =>
      files
        .filter((file) => file.path === 'src/index.ts')
        .filter((file) => exportedNames(file) > limits.indexNames)
        .map((file) =>
          finding(
            file,
            0,
            `exports ${exportedNames(file)} names: drop what a user can do without, or use another door`,
          ),
        ),
    planted: [
      ['src/index.ts', `export { ${numbered(limits.indexNames + 1, (i) => `a${i}`).join(', ')} } from './a.ts';`],
    ],
  },
];

const isLua = (file: SourceFile): boolean => file.path.startsWith('src/') && file.path.endsWith('.lua');

function tooLong(files: readonly SourceFile[], limit: number, mend: string): Finding[] {
  return files
    .filter((file) => lineCount(file) > limit)
    .map((file) => ({ file: file.path, line: limit + 1, message: `has ${lineCount(file)} lines: ${mend}` }));
}

function longFunctions(file: SourceFile): Finding[] {
  return file.nodes.filter(isFunction).flatMap(({ node, parents }) => {
    const length = lineAt(file, node.end) - lineAt(file, node.start) + 1;
    if (length <= limits.function) return [];
    return [
      finding(file, node.start, `${titleOf(node, parents)} has ${length} lines: name its steps, one function each`),
    ];
  });
}

function isFunction({ node }: Placed): boolean {
  return ['FunctionDeclaration', 'FunctionExpression', 'ArrowFunctionExpression'].includes(node.type);
}

function titleOf(node: Placed['node'], parents: Placed['parents']): string {
  const parent = parents.at(-1);
  return nameOf(node.id) ?? nameOf(parent?.key) ?? nameOf(parent?.id) ?? 'this function';
}

function widePorts(file: SourceFile): Finding[] {
  return file.nodes.flatMap(({ node }) => {
    if (node.type !== 'TSInterfaceDeclaration' || !nameOf(node.id)?.endsWith('Port')) return [];
    const members = isNode(node.body) && Array.isArray(node.body.body) ? node.body.body : [];
    const methods = members.filter(isMethod).length;
    if (methods <= limits.portMethods) return [];
    return [finding(file, node.start, `${nameOf(node.id)} has ${methods} methods: split it by guarantee`)];
  });
}

function isMethod(member: unknown): boolean {
  if (!isNode(member)) return false;
  if (member.type === 'TSMethodSignature') return true;
  const annotation = isNode(member.typeAnnotation) ? member.typeAnnotation.typeAnnotation : undefined;
  return isNode(annotation) && annotation.type === 'TSFunctionType';
}

function exportedNames(file: SourceFile): number {
  return file.nodes.filter(({ node }) => node.type === 'ExportSpecifier').length;
}

function numbered(count: number, text: (index: number) => string): string[] {
  return Array.from({ length: count }, (_, index) => text(index));
}

function lines(count: number): string {
  return '\n'.repeat(count);
}

function port(member: string): string {
  const members = numbered(limits.portMethods + 1, (i) => member.replace('method', `method${i}`));
  return `export interface MailPort { ${members.join(' ')} }`;
}
