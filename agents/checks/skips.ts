/**
 * What a check passed over, and why: unreadable, binary, too large, vanished.
 *
 * An audit that silently leaves files out claims more than it knows, so every such file is counted; only the first few
 * are kept, because a hostile tree can hold any number of them.
 */
export interface Skipped {
  readonly file: string;
  readonly reason: string;
}

const KEPT = 20;

export class Skips {
  readonly #kept: Skipped[] = [];
  #total = 0;

  add(file: string, reason: string): void {
    this.#total += 1;
    if (this.#kept.length < KEPT) this.#kept.push({ file, reason });
  }

  get kept(): readonly Skipped[] {
    return this.#kept;
  }

  get total(): number {
    return this.#total;
  }
}

const REASONS: Readonly<Record<string, string>> = {
  EACCES: 'permission denied',
  EPERM: 'permission denied',
  ENOENT: 'vanished while being read',
  ENOTDIR: 'vanished while being read',
  ESTALE: 'vanished while being read',
  ELOOP: 'symbolic link loop',
  ENAMETOOLONG: 'path too long',
  EMFILE: 'too many open files',
  EISDIR: 'became a directory while being read',
};

/** The reason to show for what a file system call threw: never a path, never a stack. */
export function reasonOf(error: unknown): string {
  if (error instanceof Error && 'code' in error && typeof error.code === 'string') {
    return REASONS[error.code] ?? `cannot be read (${error.code})`;
  }
  return 'cannot be read';
}
