/**
 * A user's project in a temporary folder, and the `runtime` command run in it as a child process.
 *
 * Children are ended by their handles and the private server of the folder by the code that owns it, whatever the test did.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';
import { startEmbedded } from '../../src/compose/embedded.ts';
import { systemClock, systemRandom } from '../../src/core/system.ts';
import { builtPackage } from '../support/package.ts';
import { waitFor } from '../support/wait.ts';

export const root = fileURLToPath(new URL('../..', import.meta.url));

export interface Run {
  readonly child: ChildProcess;
  /** Standard output and error so far. */
  readonly out: () => string;
  readonly err: () => string;
  /** Exit code; rejects when it does not end. */
  readonly ended: () => Promise<number>;
}

export interface Project {
  readonly folder: string;
  readonly runtime: Runtime;
}

export interface Runtime {
  (...args: readonly string[]): Run;
  /** The same with these variables set. */
  with(env: NodeJS.ProcessEnv): (...args: readonly string[]) => Run;
}

/** A project with these files, by path; package.json and the package `agent-runtime` are there. */
export async function project(files: Readonly<Record<string, string>>): Promise<Project> {
  const home = await builtPackage();
  const folder = await mkdtemp(join(tmpdir(), 'e2e-'));
  const children: ChildProcess[] = [];
  onTestFinished(async () => {
    await Promise.all(children.map(endAtOnce)); // one that is only about to die would still count as a user of the server
    await stopPrivateServer(folder);
    await rm(folder, { recursive: true, force: true });
  });
  await mkdir(join(folder, 'node_modules'));
  await symlink(home, join(folder, 'node_modules', 'agent-runtime'));
  for (const [path, text] of Object.entries({ 'package.json': '{ "type": "module" }', ...files })) {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), text);
  }
  const runtime = (...args: readonly string[]): Run => run({ home, cwd: folder, children }, args);
  const withEnv: Runtime['with'] =
    (own) =>
    (...args) =>
      run({ home, cwd: folder, children }, args, own);
  return { folder, runtime: Object.assign(runtime, { with: withEnv }) };
}

interface Place {
  /** Folder of the package. */
  readonly home: string;
  readonly cwd: string;
  readonly children: ChildProcess[];
}

function run({ home, cwd, children }: Place, args: readonly string[], own: NodeJS.ProcessEnv = {}): Run {
  const { REDIS_URL: _, DEBUG: __, ...env } = process.env;
  const child = spawn(process.execPath, [join(home, 'bin', 'runtime.js'), ...args], {
    cwd,
    env: { ...env, ...own },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  children.push(child);
  const texts = { out: '', err: '' };
  child.stdout.setEncoding('utf8').on('data', (text: string) => (texts.out += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (texts.err += text));
  let code: number | undefined;
  child.on('close', (exit, signal) => (code = exit ?? (signal === null ? -1 : -2)));
  return {
    child,
    out: () => texts.out,
    err: () => texts.err,
    ended: async () => {
      await waitFor(() => code !== undefined, { what: `"runtime ${args.join(' ')}" to end`, timeoutMs: 40_000 });
      return code ?? -1;
    },
  };
}

/** Resolves when the run has printed `text`. */
export async function says(run: Run, text: string | RegExp): Promise<void> {
  const found = (): boolean => run.out().search(text) >= 0 || run.err().search(text) >= 0;
  try {
    await waitFor(found, { what: `"${text}" to be printed`, timeoutMs: 40_000 });
  } catch (error) {
    throw new Error(`${String(error)}\n${run.out()}\n${run.err()}`, { cause: error });
  }
}

function endAtOnce(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve();
  return new Promise((resolve) => {
    child.once('exit', () => resolve());
    child.kill('SIGKILL');
  });
}

/** Fails when a server is left behind: it would outlive the tests. */
async function stopPrivateServer(folder: string): Promise<void> {
  if (!existsSync(join(folder, '.runtime', 'redis.json'))) return;
  const server = await startEmbedded(folder, { clock: systemClock, random: systemRandom, env: process.env });
  const left = server.kind === 'server' ? await server.release() : 'stopped';
  if (left !== 'stopped') throw new Error(`expected the private server of ${folder} to be stopped, got: ${left}`);
}

export const echoProject: Readonly<Record<string, string>> = {
  'runtime.config.ts': `
    import { defineConfig } from 'agent-runtime';
    export default defineConfig({ agents: './agents' });
  `,
  'agents/echo-agent.ts': `
    import { Agent, onMessage, onTask, type Message, type Task, TerminalError } from 'agent-runtime';
    export class EchoAgent extends Agent {
      static hosting = { kind: 'single', id: 'echo' };
      @onTask('echo') async echo(task: Task) {
        await task.progress(1, 2, 'half way');
        this.log.info('echoing');
        await this.broadcast('echo.done', { by: this.id });
        return task.input;
      }
      @onTask('fail') async fail(_task: Task) { throw new TerminalError('it cannot be done'); }
      @onTask('hang') async hang(_task: Task) {
        this.log.info('hanging');
        await new Promise(() => {});
      }
      @onMessage('who') who(_message: Message) { return { id: this.id }; }
    }
  `,
};
