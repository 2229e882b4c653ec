/**
 * A lock between processes of one machine: a file that exists while somebody is inside.
 *
 * Node has no flock, so a holder that died leaves its file behind. The file names its holder's pid and an id of its own:
 * only the file of a dead process is removed, and only by the one process that made the file's guard, so that nobody
 * removes the lock of whoever came next.
 */
import { mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { type Clock, sleep } from '../core/clock.ts';
import { RuntimeError } from '../core/errors.ts';
import type { Random } from '../core/random.ts';

export interface FileLockDeps {
  readonly clock: Clock;
  readonly random: Random;
  /** How long to wait for the others; 30 s by default. */
  readonly patienceMs?: number;
}

const lookAgainMs = 20;
const guardLifeMs = 10_000;

/** Runs `body` alone among all processes that use `path`. Throws `RuntimeError` `lock-held` when others stay too long. */
export async function withFileLock<T>(path: string, deps: FileLockDeps, body: () => Promise<T>): Promise<T> {
  await enter(path, deps);
  try {
    return await body();
  } finally {
    rmSync(path, { force: true });
  }
}

async function enter(path: string, { clock, random, patienceMs = 30_000 }: FileLockDeps): Promise<void> {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  const content = `${process.pid} ${random.id('file-lock')}`;
  const giveUpAt = clock.monotonic() + patienceMs;
  while (!create(path, content)) {
    removeWhenStale(path, clock);
    if (clock.monotonic() > giveUpAt)
      throw new RuntimeError(
        'lock-held',
        `expected ${path} to be free within ${patienceMs} ms, got: held by process ${pidIn(read(path)) ?? 'unknown'}\nWhen no such process of this project runs, delete the file.`,
      );
    await sleep(clock, lookAgainMs);
  }
}

function removeWhenStale(path: string, clock: Clock): void {
  const content = read(path);
  const pid = pidIn(content);
  if (content === undefined || pid === undefined || isAlive(pid)) return;
  const guard = `${path}.${content.split(' ')[1] ?? 'guard'}`;
  if (create(guard, String(process.pid))) {
    if (read(path) === content) rmSync(path, { force: true });
    rmSync(guard, { force: true });
  } else if (ageMs(guard, clock) > guardLifeMs) rmSync(guard, { force: true });
}

/** True when a process of that id runs, also when it is somebody else's. */
export function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

function pidIn(content: string | undefined): number | undefined {
  const pid = Number(content?.split(' ')[0]);
  return Number.isInteger(pid) && pid > 0 ? pid : undefined;
}

/** False when the file was there already. */
function create(path: string, content: string): boolean {
  try {
    writeFileSync(path, content, { flag: 'wx', mode: 0o600 });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

function read(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined; // removed in this moment: look again
  }
}

function ageMs(path: string, clock: Clock): number {
  try {
    return clock.now() - statSync(path).mtimeMs;
  } catch {
    return 0;
  }
}
