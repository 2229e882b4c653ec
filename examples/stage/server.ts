/**
 * The Redis of one run of an example: private, in memory, on a socket in a folder of the run, gone with the run.
 *
 * It stands in a session of its own, so that Ctrl-C reaches the example and not the server that the example still needs to leave in order.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Guard } from './guard.ts';

export interface Server {
  /** As ioredis, Predis and redis-py understand it. */
  readonly url: string;
  readonly pid: number | undefined;
  stop(): Promise<void>;
}

/** Starts `binary`; resolves when it takes commands. */
export async function startServer(binary: string, folder: string, guard: Guard): Promise<Server> {
  const socket = join(folder, 'redis.sock');
  const args = ['--port', '0', '--unixsocket', socket, '--unixsocketperm', '700', '--dir', folder, '--save', ''];
  const child = spawn(binary, args, { stdio: ['ignore', 'pipe', 'ignore'], detached: true });
  const ended = once(child, 'close');
  guard.watch(child);
  await ready(child);
  return {
    url: `unix://${socket}`,
    pid: child.pid,
    async stop() {
      child.kill('SIGKILL'); // nobody needs what it holds
      await ended;
    },
  };
}

/** Resolves when the server says so itself. */
async function ready(child: ChildProcess): Promise<void> {
  const said: string[] = [];
  for await (const line of createInterface({ input: child.stdout! })) {
    if (line.includes('eady to accept connections')) return void child.stdout?.resume();
    said.push(line);
  }
  throw new Error(`expected ${child.spawnfile} to start, got: ${said.slice(-3).join(' | ') || 'nothing'}`);
}
