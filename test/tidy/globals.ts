/**
 * Time and chance come only from Clock and Random, or a simulation is no simulation: whatever reads the machine's clock,
 * its timers or its dice is named here, with what to use instead. src/core/system.ts is the one file that may touch them.
 */
import { type Finding, finding, inSource, inTests, isNode, nameOf, type Rule, type SourceFile } from './source.ts';
import type { Placed, SyntaxNode } from './source.ts';

const systemFile = 'src/core/system.ts';
const waitFile = 'test/support/wait.ts';

const wall = 'use clock.now()';
const monotonic = 'use clock.monotonic()';
const timer = 'use clock.setTimer() or sleep(clock, ...)';
const tick = 'use clock.endOfTick()';
const chance = 'use random.fraction() or random.id()';

const bannedNames: Readonly<Record<string, string>> = {
  setTimeout: timer,
  setInterval: timer,
  setImmediate: tick,
  queueMicrotask: tick,
  MessageChannel: tick,
  performance: monotonic,
};
const bannedMembers: Readonly<Record<string, string>> = {
  'Date.now': wall,
  'performance.now': monotonic,
  'process.hrtime': monotonic,
  'process.uptime': monotonic,
  'process.nextTick': tick,
  'Math.random': chance,
  'AbortSignal.timeout': 'use a deadline of the clock',
  ...Object.fromEntries(
    ['randomUUID', 'randomBytes', 'randomInt', 'getRandomValues'].map((m) => [`crypto.${m}`, chance]),
  ),
};
const bannedImports: Readonly<Record<string, string>> = {
  timers: timer,
  'timers/promises': timer,
  perf_hooks: monotonic,
};
const bannedImportNames = /^(randomUUID|randomBytes|randomInt|getRandomValues|MessageChannel)$/;

export const globalRules: readonly Rule[] = [
  {
    title: 'time and chance come only from Clock and Random',
    check: (files) => files.filter((file) => inSource(file) && file.path !== systemFile).flatMap(bannedUses),
    planted: [
      'Date.now();',
      'new Date();',
      'Date();',
      'performance.now();',
      'setTimeout(() => {}, 1);',
      'const later = setTimeout;',
      'globalThis.setTimeout(() => {}, 1);',
      'setInterval(() => {}, 1);',
      'setImmediate(() => {});',
      'process.nextTick(() => {});',
      'queueMicrotask(() => {});',
      'new MessageChannel();',
      "import { setTimeout as wait } from 'node:timers/promises';",
      "import timers from 'timers';",
      "const t = await import('node:timers');",
      "import { performance as p } from 'node:perf_hooks';",
      'Math.random();',
      'crypto.randomUUID();',
      'globalThis.crypto.randomUUID();',
      "import { randomBytes } from 'node:crypto';",
      'AbortSignal.timeout(5);',
      'process.hrtime.bigint();',
    ].map((text) => ['src/core/a.ts', text] as const),
  },
  {
    title: 'tests wait for conditions, never for time to pass',
    check: (files) => files.filter((file) => inTests(file) && file.path !== waitFile).flatMap(sleeps),
    planted: [
      'const sleep = (ms: number) => new Promise((done) => setTimeout(done, ms));',
      'await wait(setTimeout(50));',
      "import { setTimeout } from 'node:timers/promises';",
    ].map((text) => ['test/unit/a.test.ts', text] as const),
  },
];

function bannedUses(file: SourceFile): Finding[] {
  return file.nodes.flatMap(({ node, parents }) => {
    const [name, mend] = bannedUse(node, parents.at(-1)) ?? [];
    return name === undefined ? [] : [finding(file, node.start, `${name} is the machine's: ${mend}`)];
  });
}

/** What the node uses that it may not, and the mend. */
function bannedUse(node: SyntaxNode, parent: SyntaxNode | undefined): readonly [string, string] | undefined {
  switch (node.type) {
    case 'Identifier':
      return isReference(node, parent) ? entry(bannedNames, String(node.name)) : undefined;
    case 'MemberExpression':
      return bannedMember(node);
    case 'NewExpression':
    case 'CallExpression':
      return readsDate(node) ? ['Date without an argument', wall] : undefined;
    case 'ImportDeclaration':
    case 'ImportExpression':
      return entry(bannedImports, (nameOf(node.source) ?? '').replace(/^node:/, ''));
    case 'ImportSpecifier': {
      const name = nameOf(node.imported) ?? '';
      return bannedImportNames.test(name) ? [name, chance] : undefined;
    }
    default:
      return undefined;
  }
}

function bannedMember(node: SyntaxNode): readonly [string, string] | undefined {
  const object = isNode(node.object) ? (nameOf(node.object) ?? nameOf(node.object.property)) : undefined;
  const property = nameOf(node.property) ?? '';
  if (object === 'globalThis' || object === 'global') return entry(bannedNames, property);
  return entry(bannedMembers, `${object}.${property}`);
}

function readsDate(node: SyntaxNode): boolean {
  const bare = node.type === 'CallExpression' || (Array.isArray(node.arguments) && node.arguments.length === 0);
  return nameOf(node.callee) === 'Date' && bare;
}

/** An identifier that means a value in scope, and not the name of a property, a method or a type's member. */
function isReference(node: SyntaxNode, parent: SyntaxNode | undefined): boolean {
  if (parent === undefined || /^(TS|Import|Export)/.test(parent.type)) return false;
  if (parent.type === 'MemberExpression') return parent.object === node || parent.computed === true;
  return parent.key !== node || parent.shorthand === true;
}

function sleeps(file: SourceFile): Finding[] {
  const mend = `wait for what the test is about: waitFor() of ${waitFile}, or drive the clock`;
  return file.nodes.filter(isSleep).map(({ node }) => finding(file, node.start, mend));
}

function isSleep({ node, parents }: Placed): boolean {
  if (node.type === 'ImportDeclaration') return /^(node:)?timers\/promises$/.test(nameOf(node.source) ?? '');
  if (node.type !== 'CallExpression' || nameOf(node.callee) !== 'setTimeout') return false;
  return parents.some(
    (parent) =>
      parent.type === 'AwaitExpression' || (parent.type === 'NewExpression' && nameOf(parent.callee) === 'Promise'),
  );
}

function entry(table: Readonly<Record<string, string>>, name: string): readonly [string, string] | undefined {
  return Object.hasOwn(table, name) ? [name, table[name] ?? ''] : undefined;
}
