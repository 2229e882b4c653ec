/**
 * The book of a proof: what handlers saw, one line a write, in a file outside the fleet that survives whoever wrote it.
 */
import { closeSync, openSync, readSync, writeSync } from 'node:fs';
import { now } from '../rig/contracts.ts';

export interface Stamp {
  readonly pid: number;
  /** On the machine's clock. */
  readonly at: number;
}

export class BookWriter<Entry extends object> {
  readonly #file: number;

  constructor(path: string) {
    this.#file = openSync(path, 'a');
  }

  write(entry: Entry): void {
    writeSync(this.#file, `${JSON.stringify({ ...entry, pid: process.pid, at: now() })}\n`);
  }
}

export class BookReader<Entry extends object> {
  readonly #file: number;
  readonly #onEntry: (entry: Entry & Stamp) => void;
  readonly #buffer = Buffer.alloc(1 << 20);
  #offset = 0;
  #rest = '';

  constructor(path: string, onEntry: (entry: Entry & Stamp) => void) {
    this.#file = openSync(path, 'a+');
    this.#onEntry = onEntry;
  }

  /** Reads what was written since. */
  read(): void {
    for (;;) {
      const bytes = readSync(this.#file, this.#buffer, 0, this.#buffer.length, this.#offset);
      if (bytes === 0) return;
      this.#offset += bytes;
      const lines = (this.#rest + this.#buffer.toString('latin1', 0, bytes)).split('\n');
      this.#rest = lines.pop() ?? '';
      for (const line of lines) this.#onEntry(JSON.parse(line) as Entry & Stamp);
    }
  }

  close(): void {
    closeSync(this.#file);
  }
}
