/**
 * A classic worker of the rigs, in PHP: a process of its own that ends with the rig.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { programOf } from '../programs.ts';

/** Set: entries that a classic worker has in its hands. */
export const heldKey = 'rig:held';

export class PhpWorker {
  readonly #child: ChildProcess;
  readonly #kill = (): void => void this.#child.kill('SIGKILL');

  private constructor(child: ChildProcess) {
    this.#child = child;
    process.once('exit', this.#kill);
  }

  /** Resolves when it takes tasks. */
  static async start({ redis, name }: { readonly redis: string; readonly name: string }): Promise<PhpWorker> {
    const { hostname, port } = new URL(redis);
    const args = [join(import.meta.dirname, 'worker.php'), name, hostname, port, heldKey];
    const child = spawn(programOf('php'), args, { stdio: ['ignore', 'pipe', 'inherit'] });
    const worker = new PhpWorker(child);
    await new Promise<void>((resolve, reject) => {
      child.once('exit', (code) =>
        reject(new Error(`expected a PHP worker to take tasks, got: it ended with ${code}`)),
      );
      createInterface({ input: child.stdout }).once('line', () => resolve());
    });
    return worker;
  }

  /** Ends it without any code of it running. */
  async kill(): Promise<void> {
    process.off('exit', this.#kill);
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const gone = once(this.#child, 'exit');
    this.#kill();
    await gone;
  }
}
