/**
 * Who may import whom. The list of layers here is the one of the design: imports point down it, folders on one line do
 * not know each other, and the two brokers are known only to those who put a fleet together.
 */
import { type Finding, finding, inSource, nameOf, type Rule, type SourceFile } from './source.ts';

/** Lowest first. */
const layers: readonly (readonly string[])[] = [
  ['core'],
  ['agent', 'broker', 'config'],
  ['redis', 'memory'],
  ['client'],
  ['runtime'],
  ['bridge'],
  ['compose'],
  ['sim'],
  ['replay'], // the one way by which a command comes to the simulation
  ['cli', 'dashboard'],
  ['index.ts', 'testing.ts', 'vitest.ts'],
];
const doors = layers.at(-1) ?? [];
const brokers = ['redis', 'memory'];
const compositionRoots = ['compose', 'sim', 'replay', 'cli', ...doors];
const knowTheSimulation = ['sim', 'replay', ...doors];

interface Import {
  readonly file: SourceFile;
  readonly offset: number;
  readonly from: string;
  readonly to: string;
  /** A type, or loaded when it is needed. */
  readonly isLazy: boolean;
}

export const layerRules: readonly Rule[] = [
  {
    title: 'every file of src/ lives in a folder that has a place in the layers',
    check: (files) =>
      files
        .filter((file) => file.path.startsWith('src/') && levelOf(roomOf(file.path)) < 0)
        .map((file) =>
          finding(
            file,
            0,
            `"${roomOf(file.path)}" is not a layer: move the file, or give the folder a line in the list`,
          ),
        ),
    planted: [['src/services/mail.ts', 'export const mail = 1;']],
  },
  {
    title: 'imports point down the layers, and folders on one line do not import each other',
    check: (files) =>
      importsOf(files)
        .filter(({ from, to }) => from !== to && levelOf(to) >= levelOf(from) && !isDoor(from))
        .map((i) =>
          finding(i.file, i.offset, `${i.from} may not import ${i.to}: hand it in as a dependency, or move it lower`),
        ),
    planted: [
      ['src/core/clock.ts', "import { Node } from '../runtime/node.ts';"],
      ['src/agent/agent.ts', "import type { Broker } from '../broker/broker.ts';"],
      ['src/sim/simulation.ts', "const replay = await import('../replay/replay.ts');"],
      ['src/runtime/node.ts', "export { Agent } from '../index.ts';"],
      ['src/runtime/cell.ts', "export type Fleet = import('../cli/main.ts').Fleet;"],
    ],
  },
  {
    title: 'only composition roots know the two brokers',
    check: (files) =>
      importsOf(files)
        .filter(({ from, to }) => brokers.includes(to) && from !== to && !compositionRoots.includes(from))
        .map((i) => finding(i.file, i.offset, `${i.from} may not know ${i.to}: use the ports of broker/ instead`)),
    planted: [
      ['src/runtime/node.ts', "import { RedisBroker } from '../redis/broker.ts';"],
      ['src/client/verbs.ts', "import { MemoryBroker } from '../memory/broker.ts';"],
      ['src/dashboard/page.ts', "import { keys } from '../redis/keys.ts';"],
    ],
  },
  {
    title: 'only a replay and the door for tests know the simulation, and commands load a replay only when they run',
    check: (files) =>
      importsOf(files)
        .filter(
          ({ from, to, isLazy }) =>
            (to === 'sim' && !knowTheSimulation.includes(from)) || (to === 'replay' && from === 'cli' && !isLazy),
        )
        .map((i) => finding(i.file, i.offset, `${i.from} may not load ${i.to}: production never does`)),
    planted: [
      ['src/cli/start.ts', "const sim = await import('../sim/simulation.ts');"],
      ['src/cli/replay.ts', "import { replay } from '../replay/replay.ts';"],
    ],
  },
  {
    title: 'src/ reaches its own package by path, never by name',
    check: (files) =>
      specifiersOf(files)
        .filter(({ to }) => to === 'agent-runtime' || to.startsWith('agent-runtime/'))
        .map((i) => finding(i.file, i.offset, `import the file itself instead of "${i.to}"`)),
    planted: [['src/runtime/node.ts', "import { Agent } from 'agent-runtime';"]],
  },
  {
    title: 'doors only re-export, by name',
    check: (files) => files.filter((file) => isDoor(roomOf(file.path)) && inSource(file)).flatMap(checkDoor),
    planted: [
      ['src/index.ts', 'export const version = 1;'],
      ['src/testing.ts', "import { simulate } from './sim/simulation.ts';\nexport { simulate };"],
      ['src/vitest.ts', "import './sim/simulation.ts';"],
    ],
  },
];

function checkDoor(file: SourceFile): Finding[] {
  return file.nodes
    .filter(({ parents }) => parents.length === 1)
    .filter(({ node }) => !(node.type === 'ExportNamedDeclaration' && node.source))
    .map(({ node }) => finding(file, node.start, "a door holds nothing but `export { name } from './file.ts'`"));
}

function importsOf(files: readonly SourceFile[]): Import[] {
  return specifiersOf(files)
    .filter(({ to }) => to.startsWith('.'))
    .map((found) => ({ ...found, to: roomOf(new URL(found.to, `file:///${found.file.path}`).pathname.slice(1)) }))
    .filter(({ to }) => to !== '');
}

/** Static imports, re-exports, dynamic imports and import types, with the specifier as it is written. */
function specifiersOf(files: readonly SourceFile[]): Import[] {
  return files.filter(inSource).flatMap((file) =>
    file.nodes.flatMap(({ node }) => {
      const to = /^(Import|TSImport|Export)/.test(node.type) ? nameOf(node.source) : undefined;
      if (to === undefined) return [];
      const isLazy =
        node.type !== 'ExportNamedDeclaration' && (node.type !== 'ImportDeclaration' || node.importKind === 'type');
      return [{ file, offset: node.start, from: roomOf(file.path), to, isLazy }];
    }),
  );
}

/** The folder directly below src/, or the name of a file that lies there; empty outside src/. */
function roomOf(path: string): string {
  return path.startsWith('src/') ? (path.split('/')[1] ?? '') : '';
}

function levelOf(room: string): number {
  return layers.findIndex((line) => line.includes(room));
}

function isDoor(room: string): boolean {
  return doors.includes(room);
}
