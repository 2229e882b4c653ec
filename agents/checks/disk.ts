/**
 * The few calls the audit makes on the file system, as a seam that tests replace to inject read errors.
 *
 * Paths are bytes, because file names on disk need not be UTF-8. A file is opened without following links and without
 * blocking, and looked at again after opening: what was a regular file a moment ago may be a FIFO now, and opening a
 * FIFO for reading would wait for ever.
 */
import { constants, lstat, open, readdir, realpath } from 'node:fs/promises';

export type Kind = 'file' | 'directory' | 'link' | 'FIFO' | 'socket' | 'device';

export interface Entry {
  readonly kind: Kind;
  /** Bytes. */
  readonly size: number;
}

export interface Disk {
  /** The kind and size of what is there; a link is not followed. */
  inspect(place: Buffer): Promise<Entry>;
  /** The names in a directory, sorted by their bytes. */
  list(place: Buffer): Promise<readonly Buffer[]>;
  /** Where a link leads in the end. */
  resolve(place: Buffer): Promise<Buffer>;
  /** The chunks of a regular file, up to `limit` bytes; each chunk is valid until the next is taken. */
  chunks(place: Buffer, limit: number): AsyncIterable<Buffer>;
}

const CHUNK = 256 * 1024;

export const disk: Disk = {
  async inspect(place) {
    const stat = await lstat(place);
    return { kind: kindOf(stat), size: stat.size };
  },
  async list(place) {
    return (await readdir(place, { encoding: 'buffer' })).sort((a, b) => Buffer.compare(a, b));
  },
  resolve(place) {
    return realpath(place, { encoding: 'buffer' });
  },
  async *chunks(place, limit) {
    // Both flags are undefined on Windows, which has neither FIFOs in directories nor links without privilege.
    const flags = constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0);
    const handle = await open(place, flags);
    try {
      const stat = await handle.stat();
      if (!stat.isFile()) throw Object.assign(new Error('not a regular file'), { code: 'ENOENT' });
      const buffer = Buffer.allocUnsafe(Math.max(1, Math.min(CHUNK, stat.size + 1, limit)));
      for (let left = limit; left > 0; ) {
        const { bytesRead } = await handle.read(buffer, 0, Math.min(buffer.length, left), null);
        if (bytesRead === 0) return;
        left -= bytesRead;
        yield buffer.subarray(0, bytesRead);
      }
    } finally {
      await handle.close();
    }
  },
};

type Stat = Awaited<ReturnType<typeof lstat>>;

function kindOf(stat: Stat): Kind {
  if (stat.isFile()) return 'file';
  if (stat.isDirectory()) return 'directory';
  if (stat.isSymbolicLink()) return 'link';
  if (stat.isFIFO()) return 'FIFO';
  return stat.isSocket() ? 'socket' : 'device';
}
