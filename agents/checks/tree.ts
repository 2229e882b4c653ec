/**
 * A directory as the checks see it: its regular files in sorted order, and a way to read them that survives anything.
 *
 * The audited tree is not trusted. The walk never follows a link, never opens what is not a regular file, ends at
 * bounded depth and number, and turns every failure into a skipped entry. The paths are held in memory, contents only
 * for the 16 files being read.
 */
import { createHash } from 'node:crypto';
import { posix, resolve } from 'node:path';
import { disk as realDisk, type Disk } from './disk.ts';
import { inOrder } from './in-order.ts';
import { reasonOf, Skips } from './skips.ts';
import { walk } from './walk.ts';

/** Larger files are listed and counted, but not read as text. */
export const TEXT_LIMIT = 2 * 1024 * 1024;
const HASH_LIMIT = 64 * 1024 * 1024;
const BINARY_PROBE = 8 * 1024;
const PROGRESS_EVERY = 250;

export interface TreeFile {
  /** Relative to the root, with `/`, safe to print. */
  readonly path: string;
  readonly size: number;
  /** The absolute path in the bytes of the file system. */
  readonly place: Buffer;
}

export interface TextFile extends TreeFile {
  readonly bytes: Buffer;
  /** Decoded as UTF-8; invalid bytes become U+FFFD. */
  readonly text: string;
}

export type Progress = (done: number, total: number) => void | Promise<void>;

export interface TreeOptions {
  readonly signal: AbortSignal;
  /** Called every 250 files and after the last, with files done and files in all; awaited. */
  readonly onProgress?: Progress | undefined;
  /** Paths left out, relative to the root. */
  readonly exclude?: readonly string[];
  readonly disk?: Disk | undefined;
}

type Reading = { readonly file: TextFile } | { readonly skipped: TreeFile; readonly reason: string };
type Hashing =
  | { readonly file: TreeFile; readonly hash: string }
  | { readonly skipped: TreeFile; readonly reason: string };

/**
 * Walks `path` and returns its tree.
 *
 * @throws Error when `path` is missing or is not a directory; the signal's reason once it is aborted.
 */
export async function openTree(path: string, options: TreeOptions): Promise<Tree> {
  const root = resolve(path);
  const disk = options.disk ?? realDisk;
  const kind = await kindOfRoot(root, disk);
  if (kind !== 'directory') {
    throw new Error(
      `expected path to be a directory, got: ${JSON.stringify(path)} (${kind})\nGive the folder of the repository to audit.`,
    );
  }
  const skips = new Skips();
  const { files, ignored } = await walk(root, { disk, skips, signal: options.signal, exclude: options.exclude ?? [] });
  return new Tree(root, files, ignored, { disk, skips, signal: options.signal, onProgress: options.onProgress });
}

async function kindOfRoot(root: string, disk: Disk): Promise<string> {
  try {
    // A link to a directory is a fair way to name a root, so the root alone is resolved.
    return (await disk.inspect(await disk.resolve(Buffer.from(root)))).kind;
  } catch (error) {
    const reason = reasonOf(error);
    return reason.startsWith('vanished') ? 'nothing is there' : reason;
  }
}

interface TreeDeps {
  readonly disk: Disk;
  readonly skips: Skips;
  readonly signal: AbortSignal;
  readonly onProgress: Progress | undefined;
}

export class Tree {
  readonly root: string;
  readonly files: readonly TreeFile[];
  /** Directories and files left out by name or by `.gitignore`. */
  readonly ignored: number;
  readonly #deps: TreeDeps;

  constructor(root: string, files: readonly TreeFile[], ignored: number, deps: TreeDeps) {
    this.root = root;
    this.files = files;
    this.ignored = ignored;
    this.#deps = deps;
  }

  get skips(): Skips {
    return this.#deps.skips;
  }

  /** The text files that `select` accepts, in sorted order; binary, large and unreadable ones are noted as skipped. */
  async *texts(select: (file: TreeFile) => boolean = () => true): AsyncGenerator<TextFile> {
    const chosen = this.files.filter(select);
    let done = 0;
    for await (const reading of inOrder(chosen, (file) => this.#read(file), this.#deps.signal)) {
      if ('file' in reading) yield reading.file;
      else this.skips.add(reading.skipped.path, reading.reason);
      done += 1;
      await this.#tell(done, chosen.length);
    }
  }

  /** The SHA-256 of each of `files`, whatever they hold, in the order given. */
  async *hashes(files: readonly TreeFile[]): AsyncGenerator<{ readonly file: TreeFile; readonly hash: string }> {
    let done = 0;
    for await (const hashing of inOrder(files, (file) => this.#hash(file), this.#deps.signal)) {
      if ('hash' in hashing) yield hashing;
      else this.skips.add(hashing.skipped.path, hashing.reason);
      done += 1;
      await this.#tell(done, files.length);
    }
  }

  /** Whether anything is at `path` (relative, with `/`), ignored or not; false for paths out of the tree. */
  async exists(path: string): Promise<boolean> {
    const relative = posix.normalize(path);
    if (relative === '..' || relative.startsWith('../') || relative.includes('\0')) return false;
    try {
      await this.#deps.disk.inspect(Buffer.from(resolve(this.root, `./${relative}`)));
      return true;
    } catch {
      return false;
    }
  }

  async #read(file: TreeFile): Promise<Reading> {
    if (file.size > TEXT_LIMIT) return { skipped: file, reason: 'larger than 2 MiB' };
    try {
      const parts: Buffer[] = [];
      for await (const chunk of this.#deps.disk.chunks(file.place, TEXT_LIMIT + 1)) parts.push(Buffer.from(chunk));
      const bytes = Buffer.concat(parts);
      if (bytes.length > TEXT_LIMIT) return { skipped: file, reason: 'larger than 2 MiB' };
      if (bytes.subarray(0, BINARY_PROBE).includes(0)) return { skipped: file, reason: 'binary' };
      return { file: { ...file, bytes, text: bytes.toString('utf8') } };
    } catch (error) {
      return { skipped: file, reason: reasonOf(error) };
    }
  }

  async #hash(file: TreeFile): Promise<Hashing> {
    if (file.size > HASH_LIMIT) return { skipped: file, reason: 'larger than 64 MiB' };
    try {
      const hash = createHash('sha256');
      for await (const chunk of this.#deps.disk.chunks(file.place, HASH_LIMIT)) {
        this.#deps.signal.throwIfAborted();
        hash.update(chunk);
      }
      return { file, hash: hash.digest('hex') };
    } catch (error) {
      return { skipped: file, reason: reasonOf(error) };
    }
  }

  async #tell(done: number, total: number): Promise<void> {
    if (done === total || done % PROGRESS_EVERY === 0) await this.#deps.onProgress?.(done, total);
  }
}
