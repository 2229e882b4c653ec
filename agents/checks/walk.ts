/**
 * Lists the regular files below a root, and why everything else is not among them.
 *
 * Kept apart from the tree because every rule about hostile trees is here: links are looked at but never followed,
 * FIFOs, sockets and devices are never opened, depth and number are bounded, and a directory that cannot be listed
 * costs only itself. Directories wait on a list of our own, so depth costs no call stack.
 */
import type { Disk, Entry } from './disk.ts';
import { showName } from './file-name.ts';
import { type IgnoreRule, isIgnored, isToolFolder, parseIgnoreRules } from './ignore-rules.ts';
import { inOrder } from './in-order.ts';
import { reasonOf, type Skips } from './skips.ts';
import type { TreeFile } from './tree.ts';

const MAX_FILES = 200_000;
const MAX_DEPTH = 200;
const IGNORE_FILE_LIMIT = 64 * 1024;
const SLASH = Buffer.from('/');

export interface WalkDeps {
  readonly disk: Disk;
  readonly skips: Skips;
  readonly signal: AbortSignal;
  readonly exclude: readonly string[];
}

interface Folder {
  readonly place: Buffer;
  /** `''` for the root, else with a trailing `/`. */
  readonly prefix: string;
  readonly depth: number;
  readonly rules: readonly IgnoreRule[];
}

interface Seen {
  readonly name: string;
  readonly place: Buffer;
  readonly entry: Entry | { readonly kind: 'unreadable'; readonly reason: string };
}

/** Files sorted by path, and how many entries were left out by name or by `.gitignore`. */
export async function walk(root: string, deps: WalkDeps): Promise<{ files: TreeFile[]; ignored: number }> {
  const walker = new Walker(await deps.disk.resolve(Buffer.from(root)), deps);
  await walker.run();
  walker.files.sort((a, b) => (a.path < b.path ? -1 : a.path > b.path ? 1 : 0));
  return { files: walker.files, ignored: walker.ignored };
}

class Walker {
  readonly files: TreeFile[] = [];
  ignored = 0;
  readonly #root: Buffer;
  readonly #deps: WalkDeps;
  readonly #exclude: ReadonlySet<string>;
  readonly #waiting: Folder[] = [];

  constructor(root: Buffer, deps: WalkDeps) {
    this.#root = root;
    this.#deps = deps;
    this.#exclude = new Set(deps.exclude);
  }

  async run(): Promise<void> {
    this.#waiting.push({ place: this.#root, prefix: '', depth: 0, rules: [] });
    for (let folder = this.#waiting.pop(); folder !== undefined; folder = this.#waiting.pop()) {
      this.#deps.signal.throwIfAborted();
      if (this.files.length >= MAX_FILES) {
        this.#deps.skips.add(folder.prefix, `the tree holds more than ${MAX_FILES} files`);
        return;
      }
      await this.#visit(folder);
    }
  }

  async #visit(folder: Folder): Promise<void> {
    const { disk, skips, signal } = this.#deps;
    let names: readonly Buffer[];
    try {
      names = await disk.list(folder.place);
    } catch (error) {
      skips.add(folder.prefix, reasonOf(error));
      return;
    }
    const rules = await this.#rulesIn(folder, names);
    for await (const seen of inOrder(names, (name) => this.#inspect(folder, name), signal)) {
      await this.#take(folder, seen, rules);
    }
  }

  async #inspect(folder: Folder, name: Buffer): Promise<Seen> {
    const place = Buffer.concat([folder.place, SLASH, name]);
    try {
      return { name: showName(name), place, entry: await this.#deps.disk.inspect(place) };
    } catch (error) {
      return { name: showName(name), place, entry: { kind: 'unreadable', reason: reasonOf(error) } };
    }
  }

  async #take(folder: Folder, { name, place, entry }: Seen, rules: readonly IgnoreRule[]): Promise<void> {
    const path = folder.prefix + name;
    const isDirectory = entry.kind === 'directory';
    if (this.#exclude.has(path)) return;
    if (((isDirectory || name === '.git') && isToolFolder(name)) || isIgnored(path, isDirectory, rules)) {
      this.ignored += 1;
      return;
    }
    switch (entry.kind) {
      case 'file':
        if (this.files.length < MAX_FILES) this.files.push({ path, size: entry.size, place });
        return;
      case 'directory':
        if (folder.depth >= MAX_DEPTH) this.#deps.skips.add(path, `deeper than ${MAX_DEPTH} directories`);
        else this.#waiting.push({ place, prefix: `${path}/`, depth: folder.depth + 1, rules });
        return;
      case 'link':
        await this.#lookAtLink(path, place);
        return;
      case 'unreadable':
        this.#deps.skips.add(path, entry.reason);
        return;
      default:
        this.#deps.skips.add(path, `not a regular file (${entry.kind})`);
    }
  }

  /** A link within the tree needs no word: what it leads to is listed under its own name. */
  async #lookAtLink(path: string, place: Buffer): Promise<void> {
    try {
      const end = await this.#deps.disk.resolve(place);
      if (!this.#isWithin(end)) this.#deps.skips.add(path, 'symbolic link out of the tree, not followed');
    } catch (error) {
      const reason = reasonOf(error);
      this.#deps.skips.add(path, reason.startsWith('vanished') ? 'broken symbolic link' : reason);
    }
  }

  #isWithin(place: Buffer): boolean {
    const below = this.#root.toString('latin1').replace(/\/$/, '');
    const path = place.toString('latin1');
    return path === this.#root.toString('latin1') || path.startsWith(`${below}/`);
  }

  async #rulesIn(folder: Folder, names: readonly Buffer[]): Promise<readonly IgnoreRule[]> {
    const name = names.find((candidate) => candidate.toString('latin1') === '.gitignore');
    if (name === undefined) return folder.rules;
    const place = Buffer.concat([folder.place, SLASH, name]);
    try {
      if ((await this.#deps.disk.inspect(place)).kind !== 'file') return folder.rules;
      let text = '';
      for await (const chunk of this.#deps.disk.chunks(place, IGNORE_FILE_LIMIT)) text += chunk.toString('utf8');
      return [...folder.rules, ...parseIgnoreRules(text, folder.prefix)];
    } catch {
      // The file itself is reported as unreadable when a check reads it.
      return folder.rules;
    }
  }
}
