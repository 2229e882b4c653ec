/**
 * The Redis of one run of an example: private, in memory, on a socket in a temporary folder, gone with the run.
 *
 * It stands in a session of its own, so that Ctrl-C reaches the example and not the server that the example still needs to leave in order;
 * a shell that waits for the end of this process ends it when the process was killed and could not.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import type { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

export interface Server {
  /** As ioredis, Predis and redis-py understand it. */
  readonly url: string;
  readonly pid: number;
  /** Ends it and removes its folder. */
  stop(): Promise<void>;
}

export async function startServer(binary: string): Promise<Server> {
  const folder = await mkdtemp(join(tmpdir(), 'example-'));
  const socket = join(folder, 'redis.sock');
  const args = ['--port', '0', '--unixsocket', socket, '--unixsocketperm', '700', '--dir', folder, '--save', ''];
  const child = spawn(binary, args, { stdio: ['ignore', 'pipe', 'ignore'], detached: true });
  const ended = once(child, 'close');
  const { pid } = child;
  if (pid !== undefined) guard(child, pid, folder);
  try {
    await ready(child);
  } catch (error) {
    await rm(folder, { recursive: true, force: true });
    throw error;
  }
  return {
    url: `unix://${socket}`,
    pid: pid ?? -1,
    async stop() {
      child.kill('SIGKILL'); // nobody needs what it holds
      await ended;
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** Resolves when the server says itself that it takes commands. */
async function ready(child: ChildProcess): Promise<void> {
  const said: string[] = [];
  for await (const line of createInterface({ input: child.stdout! })) {
    if (line.includes('eady to accept connections')) return void child.stdout?.resume();
    said.push(line);
  }
  throw new Error(`expected ${child.spawnfile} to start, got: ${said.slice(-3).join(' | ') || 'nothing'}`);
}

/** A shell whose standard input ends with this process. It goes when the server goes: pids are used again. */
function guard(child: ChildProcess, pid: number, folder: string): void {
  const script = 'read -r _; kill -9 "$1" 2>/dev/null; rm -rf "$2"';
  const shell = spawn('/bin/sh', ['-c', script, 'guard', String(pid), folder], {
    stdio: ['pipe', 'ignore', 'ignore'],
    detached: true,
  });
  shell.unref();
  (shell.stdin as Socket | null)?.unref();
  child.once('exit', () => shell.kill('SIGKILL'));
}
