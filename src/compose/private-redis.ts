/**
 * One private redis-server: found on the PATH, launched in a session of its own, asked who it is, and ended.
 *
 * It only knows a server by its socket; which server belongs to a project is embedded.ts's affair. A server is never ended
 * by its pid: only the one that answers on the socket can be told to shut down.
 */
import { execFile, spawn } from 'node:child_process';
import { accessSync, closeSync, constants, openSync, readFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import type { Redis } from 'ioredis';
import { type Clock, sleep } from '../core/clock.ts';
import { BrokerError } from '../core/errors.ts';
import { newClient } from '../redis/client.ts';

/** The least major version that has what the runtime needs. */
const leastMajor = 7;
const startTimeoutMs = 60_000;
const stopTimeoutMs = 10_000;
const lookAgainMs = 10;

export type FoundBinary = { readonly path: string } | { readonly missing: string };

/** The first redis-server or valkey-server on the PATH that is new enough, or a clause that says why there is none. */
export async function findRedisBinary(env: NodeJS.ProcessEnv): Promise<FoundBinary> {
  const folders = (env['PATH'] ?? '').split(delimiter).filter((folder) => folder !== '');
  let missing = 'no redis-server on the PATH';
  for (const name of ['redis-server', 'valkey-server']) {
    for (const path of folders.map((folder) => join(folder, name)).filter(isExecutable)) {
      const version = await versionOf(path);
      if (version !== undefined && Number.parseInt(version, 10) >= leastMajor) return { path };
      missing = `${name} on the PATH is ${version ?? 'of an unknown version'}, older than ${leastMajor}.0`;
    }
  }
  return { missing };
}

async function versionOf(path: string): Promise<string | undefined> {
  const answer = await promisify(execFile)(path, ['--version'], { timeout: 5_000 }).catch(() => undefined);
  return /\bv=(\d+(?:\.\d+)*)/.exec(answer?.stdout ?? '')?.[1];
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

export interface LaunchOptions {
  readonly binary: string;
  readonly socketPath: string;
  /** Where the append-only file lives. */
  readonly dataDir: string;
  readonly logFile: string;
  readonly clock: Clock;
}

/**
 * Starts a server that outlives this process; resolves to its pid when it takes commands.
 *
 * Detached means setsid: a Ctrl-C on this terminal goes to the node, which drains, and not to the server it drains into.
 */
export async function launchRedis(options: LaunchOptions): Promise<number> {
  const log = openSync(options.logFile, 'w', 0o600);
  const child = spawn(options.binary, redisArguments(options), { detached: true, stdio: ['ignore', log, log] });
  closeSync(log);
  let failure: Error | undefined;
  child.once('error', (error) => (failure = error));
  child.unref();
  const giveUpAt = options.clock.monotonic() + startTimeoutMs;
  for (;;) {
    const ended = failure !== undefined || child.exitCode !== null || child.signalCode !== null;
    const answers = ended || child.pid === undefined ? undefined : await probeRedis(options.socketPath);
    if (answers !== undefined) return await loaded(options.socketPath, options.clock);
    if (ended || options.clock.monotonic() > giveUpAt) {
      child.kill();
      throw new BrokerError('unreachable', startFailure(options, failure));
    }
    await sleep(options.clock, lookAgainMs);
  }
}

/** Waits until the server has read its data; resolves to its pid. However much it is, an end of the server ends the wait. */
export async function loaded(socketPath: string, clock: Clock): Promise<number> {
  for (;;) {
    const answers = await probeRedis(socketPath);
    if (answers?.ready) return answers.pid;
    if (answers === undefined)
      throw new BrokerError('unreachable', `expected the server at ${socketPath} to load its data, got: it has ended`);
    await sleep(clock, lookAgainMs);
  }
}

function redisArguments({ socketPath, dataDir }: LaunchOptions): string[] {
  const socket = ['--port', '0', '--unixsocket', socketPath, '--unixsocketperm', '700'];
  return [...socket, '--dir', dataDir, '--save', '', '--appendonly', 'yes', '--appendfsync', 'everysec'];
}

function startFailure({ binary, logFile }: LaunchOptions, failure: Error | undefined): string {
  const said = failure?.message ?? readFileSync(logFile, 'utf8').trim().split('\n').slice(-3).join(' | ');
  return `expected ${binary} to start, got: ${said}\nIts log is ${logFile}. To use another Redis, set REDIS_URL.`;
}

export interface Probed {
  readonly pid: number;
  /** False while it loads its data. */
  readonly ready: boolean;
}

/** Who answers on the socket; undefined when nobody does. */
export function probeRedis(socketPath: string): Promise<Probed | undefined> {
  return withLink(socketPath, async (redis) => {
    const info = `${await redis.info('server')}\r\n${await redis.info('persistence')}`;
    const pid = Number(/process_id:(\d+)/.exec(info)?.[1]);
    return Number.isInteger(pid) ? { pid, ready: /^loading:0\r?$/m.test(info) } : undefined;
  });
}

/** Writes everything to disk and ends the server; resolves when its socket no longer answers. */
export async function shutdownRedis(socketPath: string, clock: Clock): Promise<void> {
  await withLink(socketPath, (redis) => redis.call('SHUTDOWN', 'FORCE'));
  const giveUpAt = clock.monotonic() + stopTimeoutMs;
  while ((await probeRedis(socketPath)) !== undefined) {
    if (clock.monotonic() > giveUpAt)
      throw new BrokerError('unreachable', `expected the server at ${socketPath} to end, got: it still answers`);
    await sleep(clock, lookAgainMs);
  }
}

/** One short-lived connection; undefined when there is no server, or it hung up. */
async function withLink<T>(socketPath: string, use: (redis: Redis) => Promise<T>): Promise<T | undefined> {
  const redis = newClient({
    path: socketPath,
    lazyConnect: true,
    retryStrategy: () => null,
    enableReadyCheck: false,
    connectTimeout: 2_000,
    commandTimeout: 5_000,
  });
  redis.on('error', () => undefined); // every call below rejects with it
  try {
    await redis.connect();
    return await use(redis);
  } catch {
    return undefined;
  } finally {
    redis.disconnect();
  }
}
