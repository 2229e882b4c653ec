/**
 * A command line without a process: what is printed is kept, signals are sent by hand, and files are a temporary folder.
 */
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { stripVTControlCharacters } from 'node:util';
import { onTestFinished } from 'vitest';
import type { CliContext } from '../../../src/cli/context.ts';
import { VirtualClock } from '../../../src/sim/virtual-clock.ts';
import { systemRandom } from '../../../src/core/system.ts';

const root = fileURLToPath(new URL('../../..', import.meta.url));

export interface Recording extends CliContext {
  readonly lines: { readonly out: string[]; readonly err: string[]; readonly live: string[] };
  readonly exits: number[];
  press(signal?: 'SIGINT' | 'SIGTERM'): void;
  readonly clock: VirtualClock;
}

export function recording(given: { cwd?: string; env?: NodeJS.ProcessEnv; isTty?: boolean } = {}): Recording {
  const lines = { out: [] as string[], err: [] as string[], live: [] as string[] };
  const keep = (list: string[]) => (line: string) => void list.push(stripVTControlCharacters(line));
  const listeners = new Set<(signal: 'SIGINT' | 'SIGTERM') => void>();
  const exits: number[] = [];
  return {
    lines,
    exits,
    output: {
      out: keep(lines.out),
      err: keep(lines.err),
      live: keep(lines.live),
      isTty: given.isTty ?? false,
      columns: 100,
      rows: 40,
      colours: false,
    },
    cwd: given.cwd ?? tmpdir(),
    env: given.env ?? {},
    clock: new VirtualClock(),
    random: systemRandom,
    signals: {
      listen(hear) {
        listeners.add(hear);
        return () => void listeners.delete(hear);
      },
      exitNow: (code) => void exits.push(code),
    },
    press: (signal = 'SIGINT') => listeners.forEach((hear) => hear(signal)),
  };
}

/** A folder with these files, and with the package as `agent-runtime`. */
export async function files(given: Readonly<Record<string, string>>): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'cli-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  await mkdir(join(folder, 'node_modules'));
  await symlink(root, join(folder, 'node_modules', 'agent-runtime'));
  for (const [path, text] of Object.entries({ 'package.json': '{ "type": "module" }', ...given })) {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), text);
  }
  return folder;
}
