/**
 * Files with the same content under several names.
 *
 * Size decides first, so that only files which could be equal are read; SHA-256 decides then. Empty files are not
 * duplicates. Groups are reported by what they waste, largest first.
 */
import type { Check } from './check.ts';
import { Findings } from './findings.ts';
import type { Tree, TreeFile } from './tree.ts';

const WARNING_BYTES = 1024;
const SHOWN = 4;

export const duplicateFiles: Check = {
  name: 'duplicate-files',
  title: 'Duplicate files',
  async run(tree, signal) {
    const findings = new Findings();
    const groups = await groupsOf(tree, signal);
    let wasted = 0;
    for (const group of groups) {
      const [first, ...others] = group;
      if (first === undefined) continue;
      wasted += wasteOf(group);
      const more = others.length > SHOWN ? ` and ${others.length - SHOWN} more` : '';
      const names = others.slice(0, SHOWN).map((file) => shorten(file.path));
      const message = `the same ${first.size} bytes as ${names.join(', ')}${more}`;
      findings.add(first.size >= WARNING_BYTES ? 'warning' : 'info', message, first.path);
    }
    return { findings, facts: { groups: groups.length, 'bytes wasted': wasted } };
  },
};

async function groupsOf(tree: Tree, signal: AbortSignal): Promise<TreeFile[][]> {
  const bySize = group(tree.files, (file) => file.size);
  const candidates = [...bySize].filter(([size, files]) => size > 0 && files.length > 1).flatMap(([, files]) => files);
  const hashed: { file: TreeFile; hash: string }[] = [];
  for await (const entry of tree.hashes(candidates)) {
    signal.throwIfAborted();
    hashed.push(entry);
  }
  return [...group(hashed, ({ file, hash }) => `${file.size}:${hash}`).values()]
    .filter((files) => files.length > 1)
    .map((files) => files.map(({ file }) => file))
    .sort((a, b) => wasteOf(b) - wasteOf(a) || ((a[0]?.path ?? '') < (b[0]?.path ?? '') ? -1 : 1));
}

function group<Item, Key>(items: readonly Item[], keyOf: (item: Item) => Key): Map<Key, Item[]> {
  const groups = new Map<Key, Item[]>();
  for (const item of items) {
    const key = keyOf(item);
    const members = groups.get(key);
    if (members === undefined) groups.set(key, [item]);
    else members.push(item);
  }
  return groups;
}

function wasteOf(files: readonly TreeFile[]): number {
  return (files[0]?.size ?? 0) * (files.length - 1);
}

function shorten(path: string): string {
  return path.length > 50 ? `…${path.slice(-49)}` : path;
}
