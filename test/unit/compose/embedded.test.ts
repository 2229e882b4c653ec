/**
 * The private server of a project: started once, adopted, left, and never mistaken for somebody else's.
 */
import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { Redis } from 'ioredis';
import { expect, onTestFinished, test } from 'vitest';
import { type EmbeddedServer, findEmbedded, socketPathFor, startEmbedded } from '../../../src/compose/embedded.ts';
import { isAlive, withFileLock } from '../../../src/compose/file-lock.ts';
import { systemClock, systemRandom } from '../../../src/core/system.ts';
import { startRedis } from '../../support/redis-server.ts';
import { waitFor } from '../../support/wait.ts';

const deps = { clock: systemClock, random: systemRandom, env: process.env };

async function folder(name = 'embedded-'): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), name));
  onTestFinished(() => rm(path, { recursive: true, force: true }));
  return path;
}

async function start(projectDir: string): Promise<EmbeddedServer> {
  const server = await startEmbedded(projectDir, deps);
  if (server.kind !== 'server') throw new Error(server.why);
  onTestFinished(async () => void (await server.release()));
  return server;
}

async function ask<T>(url: string, use: (redis: Redis) => Promise<T>): Promise<T> {
  const redis = new Redis({ path: url.replace('unix://', ''), retryStrategy: () => null });
  redis.on('error', () => {});
  try {
    return await use(redis);
  } finally {
    redis.disconnect();
  }
}

const recordOf = (projectDir: string): string => join(projectDir, '.runtime', 'redis.json');

test('it keeps an append-only file, listens on its socket only, and is in a session of its own', async () => {
  const project = await folder();
  const { url, pid } = await start(project);
  const config = await ask(url, (redis) => redis.call('CONFIG', 'GET', 'append*', 'port', 'save'));
  expect(config).toEqual(expect.arrayContaining(['appendonly', 'yes', 'appendfsync', 'everysec', 'port', '0']));
  expect(statSync(url.replace('unix://', '')).mode & 0o077).toBe(0);
  const session = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ')[3];
  expect(Number(session)).toBe(pid);
});

test('two who start at the same time share one server; it runs until the last one leaves, and its data stays', async () => {
  const project = await folder();
  const [first, second] = await Promise.all([start(project), start(project)]);
  expect(second.pid).toBe(first.pid);
  expect([first.adopted, second.adopted].filter(Boolean)).toHaveLength(1);
  expect(await findEmbedded(project)).toBe(first.url);
  await ask(first.url, (redis) => redis.set('kept', 'yes'));

  expect(await first.release()).toBe('left running');
  expect(isAlive(second.pid)).toBe(true);
  expect(await second.release()).toBe('stopped');
  expect(await findEmbedded(project)).toBeUndefined();
  await waitFor(() => !isAlive(first.pid), { what: 'the server to be gone' });

  const again = await start(project);
  expect(again.adopted).toBe(false);
  expect(await ask(again.url, (redis) => redis.get('kept'))).toBe('yes');
});

test('a user that was killed does not keep it alive', async () => {
  const project = await folder();
  const server = await start(project);
  const record = JSON.parse(readFileSync(recordOf(project), 'utf8')) as { users: string[] };
  const gone = 2 ** 22 + 1; // above every pid
  writeFileSync(recordOf(project), JSON.stringify({ ...record, users: [`${gone} crashed`, ...record.users] }));
  expect(await server.release()).toBe('stopped');
});

test('one that was left without a record is adopted, for two on one file would destroy it', async () => {
  const project = await folder();
  const server = await start(project);
  await rm(recordOf(project));
  expect((await start(project)).pid).toBe(server.pid);
});

test('a stale record is replaced, and whoever has its pid or socket now is left alone', async () => {
  const project = await folder();
  const stranger = await startRedis();
  onTestFinished(() => stranger.stop());
  mkdirSync(dirname(recordOf(project)));
  for (const record of [
    { pid: process.pid, socket: join(project, 'nobody.sock'), users: [] },
    { pid: process.pid, socket: stranger.socketPath, users: [] },
    'half a rec',
  ]) {
    writeFileSync(recordOf(project), typeof record === 'string' ? record : JSON.stringify(record));
    expect(await findEmbedded(project)).toBeUndefined();
    const server = await start(project);
    expect(server.pid).not.toBe(stranger.pid);
    expect(await server.release()).toBe('stopped');
  }
  expect(isAlive(stranger.pid)).toBe(true);
});

test('a project with a long or unusual path has its socket in a short private folder', async () => {
  const base = await folder();
  for (const name of ['x'.repeat(120), 'with spaces', 'ümlaut']) {
    const project = join(base, name);
    const socket = socketPathFor(project);
    onTestFinished(() => rm(dirname(socket), { recursive: true, force: true }));
    expect(Buffer.byteLength(socket)).toBeLessThanOrEqual(103);
    expect(statSync(dirname(socket)).mode & 0o777).toBe(0o700);
    expect(socketPathFor(project)).toBe(socket);
    const server = await start(project);
    expect(await findEmbedded(project)).toBe(`unix://${socket}`);
    await server.release();
  }
});

test('without a server on the PATH, or with one that is too old, it says so', async () => {
  const bin = await folder('bin-');
  const project = await folder();
  const without = { ...deps, env: { PATH: bin } };
  expect(await startEmbedded(project, without)).toEqual({ kind: 'none', why: 'no redis-server on the PATH' });
  writeFileSync(join(bin, 'redis-server'), '#!/bin/sh\necho Redis server v=6.2.14 sha=0\n', { mode: 0o755 });
  expect(await startEmbedded(project, without)).toMatchObject({
    why: expect.stringContaining('6.2.14, older than 7.0'),
  });
});

test('a server that does not start is an error that says why', async () => {
  const bin = await folder('bin-');
  const script = '#!/bin/sh\n[ "$1" = --version ] && echo v=7.2.0 && exit\necho the disk is full\nexit 1\n';
  writeFileSync(join(bin, 'redis-server'), script, { mode: 0o755 });
  const starting = startEmbedded(await folder(), { ...deps, env: { PATH: bin } });
  await expect(starting).rejects.toThrow(/to start, got: the disk is full/);
});

test('the file lock lets one in at a time, and takes over from a holder that died', async () => {
  const path = join(await folder(), 'lock');
  writeFileSync(path, `${2 ** 22 + 1} dead`);
  let inside = 0;
  let most = 0;
  const enter = (): Promise<void> =>
    withFileLock(path, deps, async () => {
      most = Math.max(most, ++inside);
      await new Promise(setImmediate);
      inside -= 1;
    });
  await Promise.all(Array.from({ length: 8 }, enter));
  expect(most).toBe(1);
  expect(existsSync(path)).toBe(false);
});

test('a file lock whose holder lives on is an error after a while', async () => {
  const path = join(await folder(), 'lock');
  writeFileSync(path, `${process.pid} busy`);
  const entering = withFileLock(path, { ...deps, patienceMs: 30 }, () => Promise.resolve());
  await expect(entering).rejects.toThrow(`held by process ${process.pid}`);
});
