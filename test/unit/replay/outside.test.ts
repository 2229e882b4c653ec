/**
 * The way out of a replay: whatever would leave the process is written down and refused, and afterwards all is as before.
 */
import { once } from 'node:events';
import { createServer, get } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { type Attempted, closeOutside } from '../../../src/replay/outside.ts';

test('requests and connections are refused and told, until it is opened again', async () => {
  const server = createServer((_, response) => void response.end('hello')).listen(0, '127.0.0.1');
  onTestFinished(() => void server.close());
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const url = `http://127.0.0.1:${port}/rates`;
  const attempts: Attempted[] = [];
  const open = closeOutside((attempted) => attempts.push(attempted));
  onTestFinished(open);
  await expect(fetch(url, { method: 'PUT', body: '1' })).rejects.toThrow('fetch failed');
  await expect(fetch(new Request(url))).rejects.toThrow('fetch failed');
  const [refused] = (await once(get(url), 'error')) as [Error];
  expect(refused.message).toBe(
    `expected nothing to leave a replay, got: 127.0.0.1:${port}, which was written down and refused`,
  );
  await once(connect(port, '127.0.0.1'), 'error');
  await once(connect('redis.sock'), 'error');
  expect(attempts.map(({ kind, what }) => `${kind} ${what}`)).toEqual([
    `request PUT ${url}`,
    `request GET ${url}`,
    `connection 127.0.0.1:${port}`,
    `connection 127.0.0.1:${port}`,
    'connection redis.sock',
  ]);
  open();
  expect(await (await fetch(url)).text()).toBe('hello');
});
