/**
 * A fleet on a Redis that speaks TLS alone: what it trusts, what it refuses, and what it says about it.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Agent, connect, onTask, pool, type Task } from 'agent-runtime';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { startFleet } from '../../src/compose/start-fleet.ts';
import { Observer, type RuntimeEvents } from '../../src/core/observer.ts';
import { type Certificate, createAuthority } from '../support/certificates.ts';
import { type RedisServer, startRedis } from '../support/redis-server.ts';
import { waitFor } from '../support/wait.ts';
import { echoProject, project } from './project.ts';

class EchoAgent extends Agent {
  @onTask('echo')
  echo(task: Task) {
    return { heard: task.input };
  }
}

const authority = createAuthority('test authority');
const stranger = createAuthority('another authority');
const user = 'fleet';
const password = 'p4ss/w0rd#very';
const agents = [pool(EchoAgent)];

let folder: string;
let server: RedisServer;
/** Sees and changes the server from inside, past TLS. */
let admin: Redis;

async function save(name: string, { certificate, key }: Certificate): Promise<{ certificate: string; key: string }> {
  const paths = { certificate: join(folder, `${name}.crt`), key: join(folder, `${name}.key`) };
  await writeFile(paths.certificate, certificate);
  await writeFile(paths.key, key, { mode: 0o600 });
  return paths;
}

/** From the next connection on. */
async function present(name: 'good' | 'expired' | 'elsewhere'): Promise<void> {
  const path = join(folder, name);
  await admin.config('SET', 'tls-cert-file', `${path}.crt`, 'tls-key-file', `${path}.key`);
}

async function setPassword(secret: string): Promise<void> {
  await admin.call('acl', 'SETUSER', user, 'resetpass', `>${secret}`);
}

function urlWith(secret: string): string {
  return `rediss://${user}:${encodeURIComponent(secret)}@localhost:${server.port}`;
}

/** How the start of a fleet fails; nothing it says holds the password. */
async function refusal(ca: string | undefined, secret = password): Promise<string> {
  const tls = ca === undefined ? {} : { ca };
  const error = await startFleet({ redis: urlWith(secret), tls, agents }).then(
    async (running) => running.stop().then(() => new Error('it started')),
    (reason: unknown) => reason as Error,
  );
  expect(JSON.stringify([error.message, error.stack, String(error.cause)])).not.toMatch(/p4ss|w0rd/);
  return error.message;
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tls-'));
  const ca = (await save('authority', authority)).certificate;
  const good = await save('good', authority.issue('localhost'));
  await save('expired', authority.issue('localhost', { until: 2001 }));
  await save('elsewhere', authority.issue('redis.example'));
  const acl = ['--user', user, 'on', `>${password}`, '~*', '&*', '+@all', '--user', 'default', 'off'];
  server = await startRedis({ tls: { ...good, ca }, args: acl });
  admin = new Redis({ path: server.socketPath, username: user, password, disableClientInfo: true });
});
beforeEach(async () => {
  await present('good');
  await setPassword(password);
});
afterAll(async () => {
  admin?.disconnect();
  await server?.stop();
  await rm(folder, { recursive: true, force: true });
});

describe('a fleet on rediss://', () => {
  test('runs a task, and every link of its processes speaks TLS', async () => {
    const redis = urlWith(password);
    const ca = join(folder, 'authority.crt');
    const running = await startFleet({ redis, tls: { ca }, agents });
    await using client = await connect({ redis, tls: { ca: authority.certificate } });
    expect(await client.run(EchoAgent, 'echo', 'hello')).toEqual({ heard: 'hello' });
    expect(JSON.stringify([running.fleet.info, client.info])).not.toMatch(/p4ss|not checked/);

    const list = String(await admin.client('LIST'));
    const links = list.split('\n').filter((line) => /name=\S+:(commands|blocking|subscriptions) /.test(line));
    const roles = links.flatMap((line) => /name=\S+:(\w+)/.exec(line)?.[1] ?? []);
    expect(roles.sort()).toEqual(['blocking', 'commands', 'subscriptions'].flatMap((role) => [role, role]));
    for (const line of links) expect(line).toContain(`laddr=127.0.0.1:${server.port} `);
    await running.stop();
  });

  test('which has no port that speaks anything else', async () => {
    const plain = urlWith(password).replace('rediss:', 'redis:');
    await expect(startFleet({ redis: plain, agents })).rejects.toMatchObject({ code: 'unreachable' });
    await expect(startFleet({ redis: plain, tls: { ca: authority.certificate } })).rejects.toThrow(
      'expected redis (REDIS_URL) to be a rediss:// URL beside tls.ca (REDIS_TLS_CA), got: redis:',
    );
  });

  test('starts unchecked only where that is asked for by name, and warns', async () => {
    const running = await startFleet({ redis: urlWith(password), tls: { insecure: true }, agents });
    expect(running.fleet.info.warnings).toContain(
      'The certificate of Redis is not checked (tls.insecure): whoever answers at its address gets the password.',
    );
    await running.stop();
  });
});

describe('a fleet does not start', () => {
  test('on a certificate that nobody it trusts has signed, whatever the environment says', async () => {
    const before = process.env['NODE_TLS_REJECT_UNAUTHORIZED'];
    process.env['NODE_TLS_REJECT_UNAUTHORIZED'] = '0';
    try {
      for (const ca of [undefined, stranger.certificate])
        expect(await refusal(ca)).toMatch(
          /^expected the certificate of Redis to be trusted by the commands link to Redis, got: [^\n]+\nName the CA that signed it with tls\.ca \(REDIS_TLS_CA\)\.$/,
        );
    } finally {
      if (before === undefined) delete process.env['NODE_TLS_REJECT_UNAUTHORIZED'];
      else process.env['NODE_TLS_REJECT_UNAUTHORIZED'] = before;
    }
  });

  test('on an expired certificate, which it says at once', async () => {
    await present('expired');
    expect(await refusal(authority.certificate)).toMatch(/ got: certificate has expired\nRenew /);
  });

  test('on a certificate for another host', async () => {
    await present('elsewhere');
    expect(await refusal(authority.certificate)).toMatch(/ got: .*localhost.*redis\.example\nWrite the host /);
  });

  test('with a wrong password', async () => {
    expect(await refusal(authority.certificate, 'p4ss-wrong')).toMatch(/^expected .* got: WRONGPASS/);
  });

  test('with a file that holds no certificate', async () => {
    expect(await refusal(join(folder, 'missing.crt'))).toMatch(/^expected tls\.ca \(REDIS_TLS_CA\) .*nothing is there/);
    expect(await refusal(join(folder, 'good.key'))).toMatch(
      /^expected tls\.ca \(REDIS_TLS_CA\) .*no certificate in it/,
    );
  });
});

describe('a fleet that runs', () => {
  const expired = { does: () => present('expired'), undoes: () => present('good'), says: /certificate has expired/ };
  const locked = {
    does: () => setPassword('another'),
    undoes: () => setPassword(password),
    says: /WRONGPASS/,
  };

  test.each([
    ['the certificate expires', expired],
    ['the password changes', locked],
  ])('says once why its links cannot come back when %s, and comes back when that is mended', async (_, change) => {
    const observer = new Observer();
    const troubles: RuntimeEvents['broker.trouble'][0][] = [];
    const recovered: string[] = [];
    observer.on('broker.trouble', (trouble) => troubles.push(trouble));
    observer.on('broker.recovered', ({ what }) => recovered.push(what));
    const links = ['blocking', 'commands', 'subscriptions'].map((role) => `the ${role} link to Redis`);
    const told = (): string[] =>
      troubles.filter(({ error }) => change.says.test(error.message)).map(({ what }) => what);

    await using client = await connect({ redis: urlWith(password), tls: { ca: authority.certificate }, observer });
    await change.does();
    for (const type of ['normal', 'pubsub']) await admin.call('client', 'KILL', 'TYPE', type);
    await waitFor(() => links.every((link) => told().includes(link)), { what: 'each link to say why' });
    await change.undoes();
    const what = 'each link to recover';
    await waitFor(() => links.every((link) => recovered.includes(link)), { what, timeoutMs: 20_000 });
    expect(told().sort()).toEqual(links); // however often it was tried
    expect(JSON.stringify(troubles)).not.toMatch(/p4ss|w0rd/);
    await client.broadcast('tls.works');
  });
});

describe('the command line', () => {
  test('takes the CA beside its configuration, and says what is wrong with one', async () => {
    const config = (ca: string): string =>
      `export default { redis: '${urlWith(password)}', tls: { ca: './${ca}' }, agents: '../agents' };`;
    const { runtime } = await project({
      ...echoProject,
      'settings/good.config.mjs': config('authority.crt'),
      'settings/wrong.config.mjs': config('another.crt'),
      'settings/authority.crt': authority.certificate,
      'settings/another.crt': stranger.certificate,
    });
    const right = runtime('start', '--config', 'settings/good.config.mjs', '--run', 'echo', '--exit');
    expect(await right.ended(), right.out() + right.err()).toBe(0);
    const wrong = runtime('status', '--config', 'settings/wrong.config.mjs');
    expect(await wrong.ended()).toBe(69);
    expect(wrong.err()).toMatch(
      /^error: expected the certificate of Redis to be trusted [^\n]+\n {2}Name the CA [^\n]+\n$/,
    );
    expect(right.out() + wrong.out() + wrong.err()).not.toMatch(/p4ss|w0rd/);
  });
});
