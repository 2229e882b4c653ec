/**
 * Ends what an example has started when the example itself was killed and could not: a shell that is told of every process, and acts when its
 * standard input ends, which is when this process does.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import type { Socket } from 'node:net';

/** A pid that comes a second time has ended, and may be somebody else's by then. */
const script = `
pids=' '
while read -r pid; do
  case "$pids" in
    *" $pid "*) pids="\${pids%%" $pid "*} \${pids#*" $pid "}" ;;
    *) pids="$pids$pid " ;;
  esac
done
for pid in $pids; do kill -9 "$pid"; done
rm -rf "$1"
`;

export class Guard {
  readonly #shell: ChildProcess;

  /** `folder` is removed, too. */
  constructor(folder: string) {
    const stdio = ['pipe', 'ignore', 'ignore'] as const;
    this.#shell = spawn('/bin/sh', ['-c', script, 'guard', folder], { stdio: [...stdio], detached: true });
    this.#shell.unref();
    (this.#shell.stdin as Socket | null)?.unref();
  }

  /** From now on until it ends, `child` is looked after. */
  watch(child: ChildProcess): void {
    const { pid } = child;
    if (pid === undefined) return; // it was not started
    const tell = (): void => void this.#shell.stdin?.write(`${pid}\n`);
    tell();
    child.once('exit', tell);
  }

  /** There is nothing left to be ended. */
  dismiss(): void {
    this.#shell.kill('SIGKILL');
  }
}
