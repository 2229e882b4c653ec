/**
 * Where a Redis is, read from its URL.
 */
import { expect, test } from 'vitest';
import { describeTarget, parseTarget } from '../../../src/redis/target.ts';

test('a cluster is named by some of its nodes, which share user and password', () => {
  const target = parseTarget('redis+cluster://app:secret@a:7000,b:7001,c');
  expect(target).toMatchObject({ cluster: ['a:7000', 'b:7001', 'c:6379'], username: 'app', password: 'secret', db: 0 });
  expect(target).not.toHaveProperty('host');
  expect(describeTarget(target)).toBe('the cluster of a:7000, b:7001, c:6379');
});

test('sentinels are named with the master that they watch, and its database', () => {
  const target = parseTarget('redis+sentinel://a:26380,b/main/2');
  const sentinels = [
    { host: 'a', port: 26_380 },
    { host: 'b', port: 26_379 },
  ];
  expect(target).toMatchObject({ sentinels, name: 'main', db: 2 });
  expect(describeTarget(target)).toBe('main of the sentinels a:26380, b:26379');
});

test('sentinels have a user and a password of their own', () => {
  const target = parseTarget('redis+sentinel://app:secret@a/main/1?sentinelUsername=ask&sentinelPassword=p%40ss%2B%3D');
  expect(target).toMatchObject({ name: 'main', db: 1, username: 'app', password: 'secret' });
  expect(target).toMatchObject({ sentinelUsername: 'ask', sentinelPassword: 'p@ss+=' });
  expect(parseTarget('redis+sentinel://app:secret@a/main')).not.toHaveProperty('sentinelPassword');
});

test('with rediss all of them speak TLS, and certificates are checked', () => {
  const cluster = parseTarget('rediss+cluster://a:7000,b:7001', { insecure: false, authorities: 'PEM' });
  expect(cluster.tls).toMatchObject({ ca: 'PEM', rejectUnauthorized: true });
  const watched = parseTarget('rediss+sentinel://a/main');
  expect(watched).toMatchObject({ tls: { rejectUnauthorized: true }, sentinelTLS: { rejectUnauthorized: true } });
});

test('what cannot be read is refused, and no password is shown', () => {
  const wrong = [
    'redis+sentinel://app:secret@a:26379',
    'redis+sentinel://app:secret@a:26379/main/x',
    'redis+cluster://app:secret@a:7000/3',
    'redis+cluster://app:secret@',
    'redis+cluster://a:7000?sentinelPassword=secret',
    'redis+sentinel://a/main?sentinelPasswort=secret',
    'redis+sentinel://a/main?sentinelPassword=secret%',
  ];
  for (const url of wrong) {
    const message = expect.not.stringContaining('secret');
    expect(() => parseTarget(url), url).toThrow(expect.objectContaining({ name: 'ConfigError', message }));
  }
});
