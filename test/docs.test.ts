/**
 * The documentation is held to the code: examples compile and run, commands exist, links and names of files are alive,
 * keys and options are those of the source.
 */
import { execFile, spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Redis } from 'ioredis';
import { afterAll, describe, expect, onTestFinished, test } from 'vitest';
import { runCommand } from '../src/cli/main.ts';
import { classicMessages, classicProgress, Keys } from '../src/redis/keys.ts';
import { compileIn } from './docs/compile.ts';
import { moduleOf, readExamples, world } from './docs/examples.ts';
import {
  blocksOf,
  deadLinks,
  missingFiles,
  pageAt,
  pages,
  type Page,
  root,
  shellLines,
  shellWords,
} from './docs/pages.ts';
import { project, says } from './e2e/project.ts';
import { startRedis } from './support/redis-server.ts';
import { recording } from './unit/cli/recording.ts';

const folder = mkdtempSync(join(tmpdir(), 'docs-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { scripts: Record<string, string> };

/** The TypeScript of a page as files; blocks without a name stand for themselves. */
function filesOf(page: Page): Readonly<Record<string, string>> {
  const named = blocksOf(page, 'ts').map(
    ({ words: [path], text, line }) => [path ?? `block-${line}.ts`, text] as const,
  );
  return Object.fromEntries(named);
}

describe('TypeScript in the documentation', () => {
  test('every block compiles', async () => {
    const files = pages.flatMap((page) =>
      Object.entries(filesOf(page)).map(([path, text]) => [join(page.path.replace(/\W/g, '-'), path), text] as const),
    );
    expect(files.length).toBeGreaterThan(5);
    expect(await compileIn(join(folder, 'pages'), Object.fromEntries(files))).toBe('');
  });

  test('every @example of a docstring compiles, and the names that users meet first have one', async () => {
    const examples = readExamples();
    const modules = examples.map((example, index) => [`${example.name}-${index}.ts`, moduleOf(example)] as const);
    expect(await compileIn(join(folder, 'examples'), { 'world.ts': world, ...Object.fromEntries(modules) })).toBe('');
    const names = examples.map(({ name }) => name);
    const first = [
      'Agent',
      'onTask',
      'onMessage',
      'onBroadcast',
      'defineTask',
      'pool',
      'single',
      'defineConfig',
      'connect',
    ];
    expect(names).toEqual(expect.arrayContaining([...first, 'startFleet', 'enqueue', 'run', 'Task', 'lock']));
  });

  test('an example that does not compile is reported', async () => {
    const wrong = moduleOf({
      name: 'wrong',
      path: 'src/x.ts',
      text: "await fleet.run(AuditAgent, 'audit', { pat: '.' });",
    });
    expect(await compileIn(join(folder, 'wrong'), { 'world.ts': world, 'wrong.ts': wrong })).toContain('wrong.ts(');
  });

  for (const page of pages.filter((one) => blocksOf(one, 'ts').some(({ words }) => words.includes('run')))) {
    test(`what ${page.path} marks to be run runs against its fleet and prints what the page says`, async () => {
      const { folder: home, runtime } = await project(filesOf(page));
      symlinkSync(join(root, 'node_modules', 'zod'), join(home, 'node_modules', 'zod'));
      const fleet = runtime('start');
      await says(fleet, 'the fleet is up');
      for (const { words } of blocksOf(page, 'ts').filter((block) => block.words.includes('run'))) {
        const [path = ''] = words;
        const printed = await runScript(home, path);
        const said = blocksOf(page, 'text').find((block) => block.words.join(' ') === `output of ${path}`);
        if (said !== undefined) expect(printed.split('\n')).toEqual(expect.arrayContaining(said.text.split('\n')));
      }
      fleet.child.kill('SIGTERM');
      expect(await fleet.ended(), fleet.err()).toBe(0);
    });
  }
});

async function runScript(cwd: string, path: string): Promise<string> {
  const { REDIS_URL: _, ...env } = process.env;
  const loader = join(root, 'node_modules', 'tsx', 'dist', 'loader.mjs');
  const args = ['--import', loader, path];
  const { stdout } = await promisify(execFile)(process.execPath, args, { cwd, env, timeout: 15_000 });
  return stdout;
}

describe('commands in the documentation', () => {
  const lines = pages.flatMap((page) => shellLines(page).map((line) => ({ page: page.path, line })));

  test('every command of runtime exists, with its options, and every JSON argument is JSON', async () => {
    const inText = pages.flatMap(({ text }) =>
      [...text.matchAll(/`(runtime [a-z][^`]*)`/g)].map(([, line]) => line ?? ''),
    );
    const found = [...lines.map(({ line }) => line), ...inText].filter((line) => line.startsWith('runtime '));
    expect(found.length).toBeGreaterThan(8);
    for (const [, command = '', ...args] of found.map(shellWords)) {
      const context = recording();
      expect(await runCommand([command, '--help'], context), command).toBe(0);
      const help = context.lines.out.join('\n');
      for (const arg of args.filter((one) => one.startsWith('-'))) expect(help, command).toContain(arg);
      for (const arg of args.filter((one) => one.startsWith('{')))
        expect(() => JSON.parse(arg) as unknown).not.toThrow();
    }
  });

  test('every script of npm exists', () => {
    const known = ['ci', 'pack', ...Object.keys(manifest.scripts)];
    const called = pages.flatMap(({ text }) =>
      [...text.matchAll(/\bnpm (?:run )?([a-z][\w:]*)/g)].map(([, name]) => name ?? ''),
    );
    expect(called.filter((name) => !known.includes(name))).toEqual([]);
  });

  test('every redis-cli line is a command that Redis takes', async () => {
    const server = await startRedis();
    const redis = new Redis(server.url);
    onTestFinished(async () => {
      redis.disconnect();
      await server.stop();
    });
    const calls = lines
      .filter(({ line }) => line.startsWith('redis-cli '))
      .map(({ line }) => shellWords(line).slice(1));
    expect(calls.length).toBeGreaterThan(5);
    for (const [command = '', ...args] of calls) {
      const refused = await redis.call(command, ...args).catch((error: unknown) => String(error));
      // There is no stream yet, which is all that may be wrong.
      if (typeof refused === 'string') expect(refused).toMatch(/NOGROUP|no such key/);
    }
  });
});

describe('names in the documentation', () => {
  for (const page of pages) {
    test(`links and files of ${page.path} are there`, () => {
      expect(deadLinks(page)).toEqual([]);
      expect(missingFiles(page)).toEqual([]);
    });
  }

  test('every file in the picture of the architecture is there', () => {
    const picture = readFileSync(join(root, 'docs', 'architecture.svg'), 'utf8');
    const named = [...picture.matchAll(/class="file"[^>]*>([^<]+)</g)].flatMap(([, names]) =>
      (names ?? '').split(/\s+/),
    );
    const there = readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' }).map((path) => `/${path}`);
    expect(named.length).toBeGreaterThan(15);
    expect(named.filter((name) => !there.some((path) => path.replace(/\.ts$/, '').endsWith(`/${name}`)))).toEqual([]);
  });

  test('every invariant that is cited stands in the file that is said to keep it', () => {
    const rows = pageAt('docs/guarantees.md').text.matchAll(/^\| ([A-Z]\d+(?: [A-Z]\d+)*) +\| `([^`]+)` +\|/gm);
    const cited = [...rows].map(([, codes, path]) => ({ codes: (codes ?? '').split(' '), path: path ?? '' }));
    expect(cited.length).toBeGreaterThan(10);
    for (const { codes, path } of cited) {
      const text = readFileSync(join(root, path), 'utf8');
      expect(
        codes.filter((code) => !new RegExp(`^ \\* +${code} `, 'm').test(text)),
        path,
      ).toEqual([]);
    }
    const listed = new Set(cited.flatMap(({ codes }) => codes));
    const used = [...pageAt('docs/guarantees.md').text.matchAll(/[( ]([A-Z]\d+)\b/g)].map(([, code]) => code ?? '');
    expect(used.filter((code) => !listed.has(code))).toEqual([]);
  });
});

describe('references', () => {
  test('the page of the configuration is what the schema says', () => {
    const script = join(root, 'scripts', 'config-reference.js');
    const { status, stderr } = spawnSync(process.execPath, [script, '--check'], { encoding: 'utf8' });
    expect(status, stderr).toBe(0);
  });

  test('the page of the protocol names every key and channel', () => {
    const native = namesOf(new Keys({ fleet: '<fleet>', db: 0, classic: false }));
    const classic = namesOf(new Keys({ fleet: '<fleet>', db: 0, classic: true }));
    const { text } = pageAt('docs/protocol.md');
    const missing = [
      ...native,
      ...classic,
      classicMessages.channel('<from>', '<to>'),
      classicProgress('<id>', '<name>'),
    ]
      .map((name) => name.replace('<fleet>:0:', '<fleet>:<db>:'))
      .filter((name) => !text.includes(`\`${name}\``));
    expect(missing).toEqual([]);
  });
});

/** Every key and channel there is, with the words of the page in the place of names. */
function namesOf(keys: Keys): readonly string[] {
  const { result, progress, parts, key, streams, ...queue } = keys.queue('<queue>');
  const { inbox, key: messageKey, dead, ...mail } = keys.mail('<m>');
  return [
    [keys.mailShards, ...streams, ...Object.values(queue), result('<name>'), progress('<name>'), key('<key>')],
    [parts('<name>')],
    [...Object.values(mail), inbox('<agent>'), messageKey('<agent>', '<key>'), dead('<agent>')],
    [...Object.values(keys.presence), keys.lease('<node>'), keys.serverAt('p'), ...Object.values(keys.schedules)],
    [...Object.values(keys.foreign), keys.quarantine.stream, keys.quarantine.about, keys.quarantine.once('<hash>')],
    [...Object.values(keys.events), ...keys.lock('<lock>'), keys.log('<agent>')],
    [keys.frames('<tag>', '<lane>', '<sender>'), keys.channel('<address>'), keys.channel('*'), keys.eventsChannel],
  ].flat();
}
