/**
 * One node process, seen from the process that started it: its lines, its words, its watchdog's pipe and its end.
 *
 * It has a session of its own, so that a Ctrl-C of the terminal reaches only its supervisor process, which tells it once.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import type { Duplex } from 'node:stream';
import { StringDecoder } from 'node:string_decoder';
import { fileURLToPath } from 'node:url';
import { type Clock, sleep } from '../core/clock.ts';
import { codeFile } from '../core/code-folder.ts';
import { heapOptions } from './heap-options.ts';
import { isNodeWord, type NodeWord, type SupervisorWord } from './process-words.ts';

const runtimeFile = fileURLToPath(codeFile('../bin/runtime.js'));
/** What is printed without an end of line is cut into lines of this many characters. */
const longestLine = 16_384;
/** After the process has ended; a process of its own may hold its output open for ever. */
const lastLinesMs = 500;

export interface Launch {
  /** Words after `runtime`. */
  readonly args: readonly string[];
  readonly cwd: string;
  readonly env: NodeJS.ProcessEnv;
  readonly clock: Clock;
  /** Id of the node that it replaces. */
  readonly replaces?: string | undefined;
  /** Limit of the JavaScript heap. */
  readonly memoryMb?: number;
  readonly onLine: (line: string, stream: 'out' | 'err') => void;
  readonly onWord: (word: NodeWord) => void;
}

export interface Ended {
  readonly code: number | null;
  readonly signal: string | null;
  readonly outOfMemory: boolean;
}

export class NodeProcess {
  /** Resolves when it has ended and its last lines have been read. Never rejects. */
  readonly ended: Promise<Ended>;
  readonly #child: ChildProcess;
  readonly #clock: Clock;
  #outOfMemory = false;

  constructor(launch: Launch) {
    this.#clock = launch.clock;
    const own = process.execArgv.filter((option) => !option.startsWith('--inspect')); // a debugger's port is taken
    const heap = heapOptions(launch.memoryMb, [...own, launch.env['NODE_OPTIONS'] ?? '']);
    this.#child = spawn(process.execPath, [...own, ...heap, runtimeFile, ...launch.args, '--supervised'], {
      cwd: launch.cwd,
      env: { ...launch.env, RUNTIME_SUPERVISED: '1', RUNTIME_REPLACES: launch.replaces ?? '' },
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe', 'ipc', 'pipe'],
    });
    this.#child.on('message', (word) => isNodeWord(word) && launch.onWord(word));
    this.#watchdogPipe?.on('error', () => {}); // it ends with the process
    const lines = [this.#read('out', launch.onLine), this.#read('err', launch.onLine)];
    this.ended = this.#end(Promise.all(lines));
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  say(word: SupervisorWord): void {
    if (this.#child.connected) this.#child.send(word, () => {}); // an error is the end of the process, which is heard
  }

  /** Ends it without any code of it running. */
  kill(): void {
    this.#child.kill('SIGKILL');
  }

  /** A diagnostic report as JSON, also while its event loop stands still; undefined when it does not come within `patienceMs`. */
  async report(patienceMs: number): Promise<string | undefined> {
    const pipe = this.#watchdogPipe;
    if (pipe === undefined || pipe.destroyed) return undefined;
    let text = '';
    const decoder = new StringDecoder('utf8');
    const whole = new Promise<string>((resolve) => {
      pipe.on('data', (part: Buffer) => {
        text += decoder.write(part);
        if (text.endsWith('\n')) resolve(text.trim());
      });
    });
    pipe.write('report\n');
    const over = new AbortController();
    const late = sleep(this.#clock, patienceMs, over.signal).then(
      () => '',
      () => '',
    );
    const found = await Promise.race([whole, late, this.ended.then(() => '')]);
    over.abort();
    return found === '' ? undefined : found;
  }

  get #watchdogPipe(): Duplex | undefined {
    return this.#child.stdio[4] as Duplex | undefined;
  }

  #end(lines: Promise<unknown>): Promise<Ended> {
    const gone = new Promise<{ code: number | null; signal: string | null }>((resolve) => {
      this.#child.on('exit', (code, signal) => resolve({ code, signal }));
      this.#child.on('error', () => this.pid === undefined && resolve({ code: 1, signal: null })); // it could not be started
    });
    return gone.then(async ({ code, signal }) => {
      const over = new AbortController();
      await Promise.race([lines, sleep(this.#clock, lastLinesMs, over.signal).catch(() => undefined)]);
      over.abort();
      return { code, signal, outOfMemory: this.#outOfMemory };
    });
  }

  /** Resolves when the stream has ended. */
  #read(name: 'out' | 'err', onLine: Launch['onLine']): Promise<void> {
    const stream = name === 'out' ? this.#child.stdout : this.#child.stderr;
    let rest = '';
    const tell = (line: string): void => {
      if (name === 'err' && /^FATAL ERROR: .*JavaScript heap out of memory/.test(line)) this.#outOfMemory = true;
      onLine(line, name);
    };
    return new Promise((resolve) => {
      stream?.setEncoding('utf8').on('data', (part: string) => {
        const lines = (rest + part).split('\n');
        rest = lines.pop() ?? '';
        for (const line of lines) tell(line.replace(/\r$/, ''));
        for (; rest.length > longestLine; rest = rest.slice(longestLine)) tell(rest.slice(0, longestLine));
      });
      stream?.on('close', () => {
        if (rest !== '') tell(rest);
        resolve();
      });
    });
  }
}
