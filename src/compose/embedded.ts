/**
 * The embedded default: the private redis-server of a project, so that work survives a restart and other terminals can
 * look in without anybody installing or configuring a server.
 *
 * E1  A project has at most one: starting, adopting and stopping happen under a file lock in `.runtime/`.
 * E2  `.runtime/redis.json` names it (pid and socket). It is the recorded one only when that pid answers on that socket;
 *     any other record is stale and is replaced. One that answers on the project's own socket without a record (its
 *     starter was killed in that moment) is adopted: two servers on one append-only file would destroy it.
 * E3  Every process that uses it is listed in the record from the moment it starts or adopts it. Whoever leaves and finds
 *     no other living user stops it, so no node can lose it between finding it and joining.
 * E4  A user that was killed is recognised by its pid; the server it leaves behind is adopted by the next start.
 */
import { createHash } from 'node:crypto';
import { chmodSync, lstatSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { Clock } from '../core/clock.ts';
import { RuntimeError } from '../core/errors.ts';
import type { Random } from '../core/random.ts';
import { isAlive, withFileLock } from './file-lock.ts';
import { findRedisBinary, launchRedis, loaded, probeRedis, shutdownRedis } from './private-redis.ts';

export interface EmbeddedDeps {
  readonly clock: Clock;
  readonly random: Random;
  /** Where PATH is read from. */
  readonly env: NodeJS.ProcessEnv;
}

export interface EmbeddedServer {
  readonly kind: 'server';
  /** `unix:///...` */
  readonly url: string;
  readonly pid: number;
  /** It ran already: another node uses it, or a crash left it behind. */
  readonly adopted: boolean;
  /** Leaves it; the last user stops it. Says whether it did. */
  release(): Promise<'stopped' | 'left running'>;
}

/** There is nothing to run; `why` completes the sentence that tells the user. */
export interface NoEmbeddedServer {
  readonly kind: 'none';
  readonly why: string;
}

interface Server {
  readonly pid: number;
  readonly socket: string;
}
interface ServerRecord extends Server {
  /** E3: `<pid> <id>` each. */
  readonly users: readonly string[];
}

/** Longest socket path that every system takes (Linux 107, macOS 103). */
const longestSocketPath = 103;

/** Starts or adopts the private server of `projectDir`. Rejects when one is installed but does not start. */
export async function startEmbedded(
  projectDir: string,
  deps: EmbeddedDeps,
): Promise<EmbeddedServer | NoEmbeddedServer> {
  const folder = runtimeFolder(projectDir);
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
  } catch (error) {
    return { kind: 'none', why: `${folder} cannot be made (${(error as NodeJS.ErrnoException).code})` };
  }
  const user = `${process.pid} ${deps.random.id('embedded-user')}`;
  return withFileLock(lockPath(projectDir), deps, async () => {
    const running = await runningServer(projectDir);
    const server = running ?? (await launch(projectDir, deps));
    if ('missing' in server) return { kind: 'none', why: server.missing };
    const users = livingUsers(running?.users ?? []);
    writeRecord(projectDir, { pid: server.pid, socket: server.socket, users: [...users, user] });
    const { pid, socket } = server;
    await loaded(socket, deps.clock);
    const release = () => releaseServer(projectDir, deps, user);
    return { kind: 'server', url: `unix://${socket}`, pid, adopted: running !== undefined, release };
  });
}

/** The URL of the private server that runs for `projectDir`; undefined when none does. */
export async function findEmbedded(projectDir: string): Promise<string | undefined> {
  const running = await runningServer(projectDir);
  return running && `unix://${running.socket}`;
}

async function launch(projectDir: string, deps: EmbeddedDeps): Promise<Server | { readonly missing: string }> {
  const socketPath = socketPathFor(projectDir);
  const unrecorded = await probeRedis(socketPath);
  if (unrecorded) return { pid: unrecorded.pid, socket: socketPath };
  const binary = await findRedisBinary(deps.env);
  if ('missing' in binary) return binary;
  const dataDir = join(runtimeFolder(projectDir), 'data');
  mkdirSync(dataDir, { recursive: true, mode: 0o700 });
  const logFile = join(runtimeFolder(projectDir), 'redis.log');
  const pid = await launchRedis({ binary: binary.path, socketPath, dataDir, logFile, clock: deps.clock });
  return { pid, socket: socketPath };
}

/** E3 */
function releaseServer(projectDir: string, deps: EmbeddedDeps, user: string): Promise<'stopped' | 'left running'> {
  return withFileLock(lockPath(projectDir), deps, async () => {
    const running = await runningServer(projectDir);
    if (running === undefined) return 'stopped';
    const users = livingUsers(running.users).filter((other) => other !== user);
    if (users.length > 0) {
      writeRecord(projectDir, { ...running, users });
      return 'left running';
    }
    await shutdownRedis(running.socket, deps.clock);
    rmSync(recordPath(projectDir), { force: true });
    return 'stopped';
  });
}

/** E2 */
async function runningServer(projectDir: string): Promise<ServerRecord | undefined> {
  const record = readRecord(projectDir);
  if (record === undefined) return undefined;
  return (await probeRedis(record.socket))?.pid === record.pid ? record : undefined;
}

/** E4 */
function livingUsers(users: readonly string[]): readonly string[] {
  return users.filter((user) => isAlive(Number(user.split(' ')[0])));
}

/**
 * Beside the data, or, where that path is too long for a socket or not plain enough for a URL, in a folder of the
 * temporary directory that is named after the project and belongs to this user alone.
 */
export function socketPathFor(projectDir: string): string {
  const near = join(runtimeFolder(projectDir), 'redis.sock');
  if (fits(near)) return near;
  const name = `runtime-${createHash('sha256').update(resolve(projectDir)).digest('hex').slice(0, 16)}`;
  const folder = [tmpdir(), '/tmp'].map((root) => join(root, name)).find((path) => fits(join(path, 'redis.sock')));
  if (folder === undefined)
    throw new RuntimeError('socket', `expected a temporary directory with a short path, got: ${tmpdir()}\nSet TMPDIR.`);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const owner = lstatSync(folder);
  if (!owner.isDirectory() || (process.getuid !== undefined && owner.uid !== process.getuid()))
    throw new RuntimeError('socket', `expected ${folder} to be a directory of this user, got: somebody else's`);
  chmodSync(folder, 0o700);
  return join(folder, 'redis.sock');
}

function fits(path: string): boolean {
  return Buffer.byteLength(path) <= longestSocketPath && /^[\w./@+-]+$/.test(path);
}

function readRecord(projectDir: string): ServerRecord | undefined {
  try {
    const record = JSON.parse(readFileSync(recordPath(projectDir), 'utf8')) as Partial<ServerRecord> | null;
    if (typeof record?.pid !== 'number' || typeof record.socket !== 'string') return undefined;
    const users = Array.isArray(record.users) ? record.users.filter((user) => typeof user === 'string') : [];
    return { pid: record.pid, socket: record.socket, users };
  } catch {
    return undefined; // none, or half of one: as good as none
  }
}

function writeRecord(projectDir: string, record: ServerRecord): void {
  const path = recordPath(projectDir);
  writeFileSync(`${path}.new`, `${JSON.stringify(record, null, 2)}\n`, { mode: 0o600 });
  renameSync(`${path}.new`, path);
}

function runtimeFolder(projectDir: string): string {
  return join(resolve(projectDir), '.runtime');
}
function recordPath(projectDir: string): string {
  return join(runtimeFolder(projectDir), 'redis.json');
}
function lockPath(projectDir: string): string {
  return join(runtimeFolder(projectDir), 'redis.lock');
}
