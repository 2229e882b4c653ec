/**
 * Where settings come from, and what is said when they cannot be had.
 */
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { withEnvironment } from '../../../src/cli/environment.ts';
import { loadFleet, loadSettings } from '../../../src/cli/load.ts';
import { ConfigError } from '../../../src/core/errors.ts';
import { files } from './recording.ts';

const agent = (name: string, extra = ''): string => `
  import { Agent, task } from 'agent-runtime';
  export class ${name} extends Agent {
    static handlers = { work: task() };
    ${extra}
    work() {}
  }
`;
const folderConfig = `export default { agents: './agents', fleet: 'from-file', redis: '' };`;

async function problems(promise: Promise<unknown>): Promise<readonly string[]> {
  const error = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (error instanceof ConfigError) return error.problems;
  throw error ?? new Error('expected a ConfigError, got: none');
}

describe('the order of settings', () => {
  const config = { 'runtime.config.mjs': `export default { fleet: 'from-file', redis: 'redis://file' };` };

  test('option before environment before file before default', async () => {
    const cwd = await files(config);
    const env = { RUNTIME_FLEET: 'from-env' };
    const load = async (options: { fleet?: string }, from: NodeJS.ProcessEnv) =>
      (await loadSettings({ cwd, env: from, options })).config;
    expect((await load({ fleet: 'from-option' }, env)).fleet).toBe('from-option');
    expect((await load({}, env)).fleet).toBe('from-env');
    expect(await load({}, {})).toMatchObject({ fleet: 'from-file', redis: 'redis://file' });
    expect((await loadSettings({ cwd: await files({}), env: {}, options: {} })).config.fleet).toBe('default');
  });

  test('a variable is read as the kind of value its option has, and an empty one sets nothing', () => {
    const env = {
      RUNTIME_CLASSIC: '1',
      RUNTIME_TASK_LEASE: '1500',
      RUNTIME_INBOX: '12',
      RUNTIME_FLEET: '7',
      REDIS_URL: '',
    };
    expect(withEnvironment({ redis: 'redis://a', timing: { heartbeat: '1s' } }, env)).toEqual({
      redis: 'redis://a',
      classic: true,
      fleet: '7',
      timing: { heartbeat: '1s', taskLease: 1500 },
      limits: { inbox: 12 },
    });
  });
});

describe('the folder form', () => {
  test('runs every exported class of its top-level files, as its static hosting says', async () => {
    const cwd = await files({
      'runtime.config.mjs': folderConfig,
      'agents/docs-agent.mjs': agent('DocsAgent', "static hosting = { kind: 'single', id: 'the-docs' };"),
      'agents/audit-agent.mjs': agent('AuditAgent', 'static hosting = { size: 3 };'),
      'agents/plain-agent.mjs': `${agent('BaseAgent')} export class PlainAgent extends BaseAgent {} export const other = 1;`,
      'agents/some.test.mjs': 'throw new Error("tests are not loaded");',
      'agents/inner/deep-agent.mjs': agent('DeepAgent'),
    });
    const { agents, config } = await loadFleet({ cwd, env: {}, options: {} });
    expect(agents).toMatchObject([
      { kind: 'pool', role: 'audit', size: 3 },
      { kind: 'single', role: 'docs', id: 'the-docs' },
      { kind: 'pool', role: 'plain', size: 1 },
    ]);
    expect(config.redis).toBeUndefined();
  });

  test('tells every file that does not load, a folder without agents, and one that is not there', async () => {
    const broken = await files({
      'runtime.config.mjs': folderConfig,
      'agents/a.mjs': 'throw new Error("no licence");',
      'agents/b.mjs': 'import "./nowhere.mjs";',
    });
    const found = await problems(loadFleet({ cwd: broken, env: {}, options: {} }));
    expect(found).toHaveLength(2);
    expect(found[0]).toBe('expected agents/a.mjs to load, got: no licence');
    const empty = await files({ 'runtime.config.mjs': folderConfig, 'agents/a.mjs': 'export const a = 1;' });
    expect(await problems(loadFleet({ cwd: empty, env: {}, options: {} }))).toEqual([
      expect.stringContaining('got: none in agents'),
    ]);
    const missing = await files({ 'runtime.config.mjs': folderConfig });
    expect(await problems(loadFleet({ cwd: missing, env: {}, options: {} }))).toEqual([
      expect.stringContaining('got: agents (ENOENT)'),
    ]);
  });

  test('tells of a folder that is not there together with everything else that is wrong', async () => {
    const cwd = await files({
      'runtime.config.mjs': "export default { agents: './agents', flet: 'x', timing: { heartbeat: '3s' } };",
    });
    const found = await problems(loadFleet({ cwd, env: {}, options: {} }));
    for (const part of ['ENOENT', 'flet', 'timing.heartbeat']) expect(found.join()).toContain(part);
    expect(found).toHaveLength(3);
  });
});

describe('the path of a CA', () => {
  test('is beside the file that names it, and below the working directory when the environment does', async () => {
    const cwd = await files({
      'in/runtime.config.mjs': `export default { redis: 'rediss://a', tls: { ca: 'ca.pem' } };`,
    });
    const caFrom = async (env: NodeJS.ProcessEnv) =>
      (await loadSettings({ cwd, env, options: { config: 'in/runtime.config.mjs' } })).config.tls.ca;
    expect(await caFrom({})).toBe(join(cwd, 'in', 'ca.pem'));
    expect(await caFrom({ REDIS_TLS_CA: 'other.pem' })).toBe(join(cwd, 'other.pem'));
    expect(await caFrom({ REDIS_TLS_CA: '/etc/ca.pem' })).toBe('/etc/ca.pem');
    expect(await caFrom({ REDIS_TLS_CA: '-----BEGIN CERTIFICATE-----' })).toBe('-----BEGIN CERTIFICATE-----');
  });
});

describe('what is wrong is said', () => {
  test('no configuration, one that is not there, and one that exports nothing', async () => {
    const cwd = await files({ 'empty.mjs': 'export const a = 1;' });
    const load = (config?: string) =>
      problems(loadFleet({ cwd, env: {}, options: config === undefined ? {} : { config } }));
    expect((await load())[0]).toContain('no runtime.config.ts there');
    expect((await load('gone.ts'))[0]).toContain('--config to be a file, got: gone.ts');
    expect((await load('empty.mjs'))[0]).toContain('expected empty.mjs to export its options, got: no default export');
  });

  test('a project of CommonJS, before it gets a second copy of the framework', async () => {
    const cwd = await files({ 'runtime.config.ts': 'export default {};', 'package.json': '{ "name": "x" }' });
    const [problem] = await problems(loadFleet({ cwd, env: {}, options: {} }));
    expect(problem).toContain('to say "type": "module", got: package.json without it');
  });

  test('options and agent classes in one list', async () => {
    const text = `
      import { Agent, pool } from 'agent-runtime';
      class IdleAgent extends Agent {}
      export default { flet: 'a', agents: [pool(IdleAgent)] };`;
    const cwd = await files({ 'runtime.config.mjs': text });
    const found = await problems(loadFleet({ cwd, env: {}, options: {} }));
    expect(found.join('\n')).toContain('Did you mean "fleet"?');
    expect(found.join('\n')).toContain('class IdleAgent');
  });

  test('a fleet without agents', async () => {
    const cwd = await files({ 'runtime.config.mjs': 'export default { agents: [] };' });
    expect((await problems(loadFleet({ cwd, env: {}, options: {} })))[0]).toContain('agents to name at least one');
  });
});
