/**
 * Watching the source files of a project: one watch per folder, without those that hold what is not its source.
 *
 * Node's recursive watch is not used: on Linux it looks at every single file, those of `node_modules` included.
 */
import { type FSWatcher, readdirSync, watch } from 'node:fs';
import { join, relative } from 'node:path';
import type { Clock, Timer } from '../core/clock.ts';

const leftOut = new Set(['node_modules', 'report', 'reports', 'dist', 'coverage']);
/** An editor writes a file in several steps. */
const settleMs = 40;

export interface SourceWatch {
  close(): void;
}

export interface SourceWatchDeps {
  readonly clock: Clock;
  /** The files that changed, relative to the folder; once for changes that come together. */
  readonly onChange: (files: readonly string[]) => void;
  /** A folder cannot be watched: the system allows no more, as a rule. */
  readonly onTrouble: (folder: string, error: Error) => void;
}

/** Calls `onChange` from now on. */
export function watchSources(root: string, { clock, onChange, onTrouble }: SourceWatchDeps): SourceWatch {
  const watchers = new Map<string, FSWatcher>();
  const changed = new Set<string>();
  let timer: Timer | undefined;
  const note = (file: string): void => {
    changed.add(relative(root, file));
    timer?.cancel();
    timer = clock.setTimer(settleMs, () => {
      const files = [...changed].sort();
      changed.clear();
      onChange(files);
    });
  };
  const forget = (folder: string): void => {
    watchers.get(folder)?.close();
    watchers.delete(folder);
  };
  /** `isNew`: it appeared just now, and so did what is in it. */
  const enter = (folder: string, isNew: boolean): void => {
    if (watchers.has(folder)) return;
    try {
      const watcher = watch(folder, (_, entry) => entry !== null && look(folder, entry));
      watcher.on('error', () => forget(folder)); // the folder was removed
      watchers.set(folder, watcher);
    } catch (error) {
      return onTrouble(folder, error as Error);
    }
    for (const { name, folder: isFolder } of entriesOf(folder)) {
      if (isFolder) enter(join(folder, name), isNew);
      else if (isNew && isSource(name)) note(join(folder, name));
    }
  };
  const look = (folder: string, entry: string): void => {
    if (isSource(entry)) note(join(folder, entry));
    else if (entriesOf(folder).some(({ name, folder: isFolder }) => isFolder && name === entry))
      enter(join(folder, entry), true);
    else forget(join(folder, entry));
  };
  enter(root, false);
  return {
    close() {
      timer?.cancel();
      for (const watcher of watchers.values()) watcher.close();
    },
  };
}

/** Code, and the two files that say how code is read. Data that agents write must not restart them. */
export function isSource(name: string): boolean {
  return !name.startsWith('.') && (/\.[cm]?[jt]sx?$/.test(name) || /^(package|tsconfig)\.json$/.test(name));
}

function entriesOf(folder: string): readonly { readonly name: string; readonly folder: boolean }[] {
  try {
    return readdirSync(folder, { withFileTypes: true })
      .map((entry) => ({ name: entry.name, folder: entry.isDirectory() }))
      .filter(({ name, folder: isFolder }) => !isFolder || !(leftOut.has(name) || name.startsWith('.')));
  } catch {
    return []; // removed in this moment
  }
}
