/**
 * The largest files, binary or not: what makes a clone slow and is rarely meant to be in a repository.
 *
 * A finding is a note from 256 KiB and a warning from 2 MiB; the ten largest are facts whatever their size.
 */
import type { Check } from './check.ts';
import { Findings } from './findings.ts';

const NOTE_BYTES = 256 * 1024;
const WARNING_BYTES = 2 * 1024 * 1024;

export const largestFiles: Check = {
  name: 'largest-files',
  title: 'Largest files',
  async run(tree, signal) {
    signal.throwIfAborted();
    const findings = new Findings();
    const sorted = [...tree.files].sort((a, b) => b.size - a.size || (a.path < b.path ? -1 : 1));
    for (const file of sorted) {
      if (file.size < NOTE_BYTES) break;
      findings.add(file.size >= WARNING_BYTES ? 'warning' : 'info', `large file: ${showSize(file.size)}`, file.path);
    }
    const total = sorted.reduce((sum, file) => sum + file.size, 0);
    const top = sorted
      .slice(0, 10)
      .map((file, rank) => [`largest ${rank + 1}`, `${file.path} (${showSize(file.size)})`]);
    return { findings, facts: { files: sorted.length, 'total size': showSize(total), ...Object.fromEntries(top) } };
  },
};

function showSize(bytes: number): string {
  if (bytes < 1024) return `${bytes} bytes`;
  const kib = bytes / 1024;
  return kib < 1024 ? `${kib.toFixed(1)} KiB` : `${(kib / 1024).toFixed(1)} MiB`;
}
