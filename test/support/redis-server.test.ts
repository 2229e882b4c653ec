/**
 * The private redis-server of the tests, tested itself: what leaks here leaks into every suite.
 */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Redis } from 'ioredis';
import { expect, onTestFinished, test } from 'vitest';
import { type RedisOptions, type RedisServer, startRedis } from './redis-server.ts';
import { waitFor } from './wait.ts';

async function start(options?: RedisOptions): Promise<RedisServer> {
  const server = await startRedis(options);
  onTestFinished(() => server.stop());
  return server;
}

async function once<T>(target: string, use: (redis: Redis) => Promise<T>): Promise<T> {
  const redis = new Redis(target, { retryStrategy: null });
  redis.on('error', () => {});
  try {
    return await use(redis);
  } finally {
    redis.disconnect();
  }
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

test('a started server answers on its port and on its socket, and many have ports of their own', async () => {
  const servers = await Promise.all([start(), start(), start()]);
  for (const { url, socketPath, pid } of servers) {
    expect(await once(url, (redis) => redis.info('server'))).toContain(`process_id:${pid}\r`);
    expect(await once(socketPath, (redis) => redis.ping())).toBe('PONG');
  }
  expect(new Set(servers.map(({ port }) => port)).size).toBe(3);
});

test('a stopped server is gone, with its folder, and stopping twice does nothing', async () => {
  const server = await start();
  await server.stop();
  await server.stop();
  expect(isAlive(server.pid)).toBe(false);
  expect(existsSync(server.socketPath)).toBe(false);
});

test('a killed server restarts on the same port, empty without persistence and whole with it', async () => {
  for (const args of [[], ['--appendonly', 'yes', '--appendfsync', 'always']]) {
    const server = await start({ args });
    const first = server.pid;
    await once(server.url, (redis) => redis.set('key', 'value'));
    await server.kill('SIGKILL');
    await server.restart();
    expect(server.pid).not.toBe(first);
    expect(await once(server.url, (redis) => redis.get('key'))).toBe(args.length > 0 ? 'value' : null);
  }
});

test('a server that cannot start says why', async () => {
  await expect(startRedis({ args: ['--no-such-option', '1'] })).rejects.toThrow(/Bad directive/);
});

test('a server ends with the process that started it, even when that is killed', async () => {
  const module = fileURLToPath(new URL('./redis-server.ts', import.meta.url));
  const code = `const { startRedis } = await import(${JSON.stringify(module)}); console.log((await startRedis()).pid);`;
  const owner = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', code]);
  let printed = '';
  owner.stdout.on('data', (text) => (printed += text));
  const pid = await waitFor(() => Number(printed), { what: 'the owner to start a server', timeoutMs: 15_000 });
  expect(isAlive(pid)).toBe(true);
  owner.kill('SIGKILL');
  await waitFor(() => !isAlive(pid), { what: 'the server to end' });
});

test('waitFor says what it waited for, and what the condition threw', async () => {
  const waiting = waitFor(() => Promise.reject(new Error('not there')), { what: 'the moon', timeoutMs: 20 });
  await expect(waiting).rejects.toMatchObject({
    message: 'expected the moon within 20 ms',
    cause: { message: 'not there' },
  });
});
