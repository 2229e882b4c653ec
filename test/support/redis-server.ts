/**
 * A private redis-server for one test file, on a free port of 127.0.0.1 and a socket in a temporary folder.
 *
 * R1  It belongs to this process: it is ended by its own handle, and a shell that waits for the end of this process ends
 *     it when the process was killed and could not.
 * R2  It is ready when it says so itself; an answering port could be somebody else's server.
 * R3  A port that was taken between asking for a free one and binding it is tried again with another.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { waitFor } from './wait.ts';

export interface RedisServer {
  readonly url: string;
  readonly host: string;
  readonly port: number;
  readonly socketPath: string;
  /** Of the running server; another one after a restart. */
  readonly pid: number;
  /** Ends it, waits for its end and removes its folder. Twice does nothing. */
  stop(): Promise<void>;
  /** Sends a signal; resolves when the server has ended, for signals that end it (not SIGSTOP and SIGCONT). */
  kill(signal?: NodeJS.Signals): Promise<void>;
  /** Kills it if it runs and starts it again: same port, same folder; data only where `args` ask for persistence. */
  restart(): Promise<void>;
}

export interface RedisOptions {
  /** Further arguments of redis-server, such as `['--appendonly', 'yes']`. They win over the defaults. */
  readonly args?: readonly string[];
  /** Set in its environment besides what this process has. */
  readonly env?: Readonly<Record<string, string>>;
  /** Files in PEM form: the port speaks TLS alone, with this certificate; the socket stays plain. */
  readonly tls?: { readonly certificate: string; readonly key: string; readonly ca: string };
}

/** An address in front of a server, which is known before the server is. */
export interface Door {
  readonly port: number;
  aim(target: number): void;
}

export interface Running {
  readonly child: ChildProcess;
  readonly pid: number;
}

const binary = findBinary();
const startTimeoutMs = 10_000;
const bindAttempts = 10;

/** Starts a server and resolves when it takes commands. */
export async function startRedis({ args = [], env = {}, tls }: RedisOptions = {}): Promise<RedisServer> {
  const folder = await mkdtemp(join(tmpdir(), 'redis-'));
  const socketPath = join(folder, 's');
  const launchOn = (port: number): Promise<Running> =>
    launch({ folder, port, env }, [
      '--unixsocket',
      socketPath,
      ...(tls === undefined ? [] : tlsArguments(tls, port)),
      ...args,
    ]);
  const removeFolder = (): Promise<void> => rm(folder, { recursive: true, force: true });
  const started = await firstFreePort(launchOn).catch(async (error: unknown) => {
    await removeFolder();
    throw error;
  });
  const { port } = started;
  let { running } = started;

  const kill = async (signal: NodeJS.Signals = 'SIGKILL'): Promise<void> => {
    running.child.kill(signal);
    if (signal !== 'SIGSTOP' && signal !== 'SIGCONT') await ended(running.child);
  };
  return {
    url: tls === undefined ? `redis://127.0.0.1:${port}` : `rediss://localhost:${port}`,
    host: '127.0.0.1',
    port,
    socketPath,
    get pid() {
      return running.pid;
    },
    kill,
    async stop() {
      await kill('SIGKILL');
      await removeFolder();
    },
    async restart() {
      await kill('SIGKILL');
      running = await launchOn(port);
    },
  };
}

function tlsArguments({ certificate, key, ca }: NonNullable<RedisOptions['tls']>, port: number): readonly string[] {
  const files = ['--tls-cert-file', certificate, '--tls-key-file', key, '--tls-ca-cert-file', ca];
  return ['--port', '0', '--tls-port', String(port), ...files, '--tls-auth-clients', 'no'];
}

/** R3 */
async function firstFreePort(
  launchOn: (port: number) => Promise<Running>,
): Promise<{ port: number; running: Running }> {
  for (let attempt = 1; ; attempt++) {
    const port = await freePort();
    try {
      return { port, running: await launchOn(port) };
    } catch (error) {
      if (attempt === bindAttempts || !String(error).includes('Address already in use')) throw error;
    }
  }
}

interface Place {
  readonly folder: string;
  readonly port: number;
  readonly env: Readonly<Record<string, string>>;
}

function launch({ folder, port, env }: Place, args: readonly string[]): Promise<Running> {
  const fixed = ['--bind', '127.0.0.1', '--port', String(port), '--dir', folder];
  const whole = [...fixed, '--save', '', '--appendonly', 'no', ...args];
  return launchBinary(whole, { folder, env, ready: 'Ready to accept connections' });
}

/** R1 and R2, of whatever the binary is started as; `ready` is what it says then. */
export async function launchBinary(
  args: readonly string[],
  { folder, env = {}, ready }: { folder: string; env?: Readonly<Record<string, string>>; ready: string },
): Promise<Running> {
  const child = spawn(binary, [...args], { stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, ...env } });
  let log = '';
  for (const stream of [child.stdout, child.stderr]) stream?.setEncoding('utf8').on('data', (text) => (log += text));
  child.on('error', (error) => (log += String(error)));

  await waitFor(() => hasEnded(child) || log.includes(ready), {
    what: `${binary} to be ready`,
    timeoutMs: startTimeoutMs,
  });
  if (hasEnded(child) || child.pid === undefined) throw new Error(`expected ${binary} to start, got: ${log.trim()}`);
  guard(child, child.pid, folder);
  return { child, pid: child.pid };
}

/** R1: a shell whose standard input ends with this process. It goes when the server goes: pids are used again. */
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

/** Resolves when it is gone. */
export async function ended(child: ChildProcess): Promise<void> {
  await waitFor(() => hasEnded(child), { what: 'redis-server to end' });
}

function hasEnded(child: ChildProcess): boolean {
  return child.pid === undefined || child.exitCode !== null || child.signalCode !== null;
}

/** The file that a server with `--appendonly yes` appends to, while it has not been rewritten. */
export function appendOnlyFile({ socketPath }: RedisServer): string {
  const folder = join(dirname(socketPath), 'appendonlydir');
  return join(folder, readdirSync(folder).find((name) => name.endsWith('.incr.aof')) ?? '');
}

/** One that nobody listens on now. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.on('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() =>
        address && typeof address === 'object' ? resolve(address.port) : reject(new Error('no port')),
      );
    });
  });
}

function findBinary(): string {
  const folders = (process.env.PATH ?? '').split(delimiter);
  const candidates = ['redis-server', 'valkey-server'].flatMap((name) => folders.map((folder) => join(folder, name)));
  return candidates.find((path) => existsSync(path)) ?? 'redis-server';
}
