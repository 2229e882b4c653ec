/**
 * The ledger: what handlers saw, kept in a file outside the system under test.
 *
 * Workers append one line per write to a file opened with O_APPEND, so that a killed process leaves whole lines; the rig reads on from
 * where it was.
 */
import { closeSync, openSync, readSync, writeSync } from 'node:fs';
import { type Line, now } from './contracts.ts';

type Entry = Line extends infer L ? (L extends unknown ? Omit<L, 'pid' | 'at'> : never) : never;

/** The worker's end. */
export class LedgerWriter {
  readonly #file: number;

  constructor(path: string) {
    this.#file = openSync(path, 'a');
  }

  write(entry: Entry): void {
    writeSync(this.#file, `${JSON.stringify({ ...entry, pid: process.pid, at: now() })}\n`);
  }
}

/** The rig's end: every line so far, in the order of writing. */
export class LedgerReader {
  readonly lines: Line[] = [];
  /** Processes that have said that they are up. */
  readonly ready = new Set<number>();
  readonly #file: number;
  readonly #buffer = Buffer.alloc(1 << 20);
  #offset = 0;
  #rest = '';

  constructor(path: string) {
    this.#file = openSync(path, 'a+');
  }

  /** Reads what was written since; the new lines. */
  read(): readonly Line[] {
    const before = this.lines.length;
    for (;;) {
      const bytes = readSync(this.#file, this.#buffer, 0, this.#buffer.length, this.#offset);
      if (bytes === 0) return this.lines.slice(before);
      this.#offset += bytes;
      const parts = (this.#rest + this.#buffer.toString('latin1', 0, bytes)).split('\n');
      this.#rest = parts.pop() ?? '';
      for (const part of parts) this.#take(JSON.parse(part) as Line);
    }
  }

  #take(line: Line): void {
    this.lines.push(line);
    if (line.t === 'ready') this.ready.add(line.pid);
  }

  close(): void {
    closeSync(this.#file);
  }
}
