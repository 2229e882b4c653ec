/**
 * Real node processes on one Redis, of the example fleet or of another project, ended by their handles whatever the test did.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { cp, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';
import { builtPackage } from '../support/package.ts';
import { waitFor } from '../support/wait.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));

export interface NodeProcess {
  readonly child: ChildProcess;
  /** What it has printed. */
  readonly output: () => string;
  /** Ends it without any code running; resolves when it is gone. */
  kill(): Promise<void>;
}

/** A folder with a project in it, and the folder of the package that it uses. */
export interface Project {
  readonly folder: string;
  readonly home: string;
}

/** A project of the test, with no more in it than the package. */
export async function emptyProject(): Promise<Project> {
  const home = await builtPackage();
  const folder = await mkdtemp(join(tmpdir(), 'fleet-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  await mkdir(join(folder, 'node_modules'));
  await symlink(home, join(folder, 'node_modules', 'agent-runtime'));
  await writeFile(join(folder, 'package.json'), '{ "type": "module" }');
  return { folder, home };
}

/** The example fleet as a user of the package has it. */
export async function exampleProject(): Promise<Project> {
  const project = await emptyProject();
  await symlink(join(root, 'node_modules', 'zod'), join(project.folder, 'node_modules', 'zod'));
  for (const part of ['agents', 'runtime.config.ts'])
    await cp(join(root, part), join(project.folder, part), { recursive: true });
  return project;
}

/** Starts `runtime start` on `redis`. */
export function spawnNode(redis: string, { folder, home }: Project): NodeProcess {
  const args = [join(home, 'bin', 'runtime.js'), 'start', '--plain', '--redis', redis];
  const child = spawn(process.execPath, args, { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] });
  onTestFinished(() => void child.kill('SIGKILL'));
  let text = '';
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (part: string) => (text += part));
  const gone = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  return {
    child,
    output: () => text,
    kill: () => {
      child.kill('SIGKILL');
      return gone;
    },
  };
}

/** Starts `runtime start` on `redis` and resolves when its fleet is up. */
export async function startNode(redis: string, project: Project): Promise<NodeProcess> {
  const node = spawnNode(redis, project);
  await waitFor(() => node.output().includes('the fleet is up'), {
    what: `a node to come up, got:\n${node.output()}`,
    timeoutMs: 30_000,
  });
  return node;
}
