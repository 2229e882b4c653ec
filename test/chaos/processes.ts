/**
 * Real node processes of the example fleet on one Redis, ended by their handles whatever the test did.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';
import { waitFor } from '../support/wait.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));

export interface NodeProcess {
  readonly child: ChildProcess;
  /** What it has printed. */
  readonly output: () => string;
  /** Ends it without any code running; resolves when it is gone. */
  kill(): Promise<void>;
}

/** Starts `runtime start` on `redis`. */
export function spawnNode(redis: string, config = 'runtime.config.ts'): NodeProcess {
  const args = [join(root, 'bin', 'runtime.js'), 'start', '--plain', '--redis', redis, '--config', config];
  const child = spawn(process.execPath, args, { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] });
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
export async function startNode(redis: string, config?: string): Promise<NodeProcess> {
  const node = spawnNode(redis, config);
  await waitFor(() => node.output().includes('the fleet is up'), {
    what: `a node to come up, got:\n${node.output()}`,
    timeoutMs: 30_000,
  });
  return node;
}
