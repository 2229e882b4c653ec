/**
 * Real classic clients for the tests: a PHP process with Predis and a Python process with redis-py, driven by lines of JSON.
 */
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { onTestFinished } from 'vitest';
import { type Language, programOf } from './programs.ts';

export interface ClassicClient {
  /** Calls a method of the agent; calls are carried out one after the other. Rejects with what it throws. */
  call<T = unknown>(method: string, ...args: readonly unknown[]): Promise<T>;
  /** Calls one that listens; resolves when it does, to what it will have heard. */
  listen<T = unknown>(method: string, ...args: readonly unknown[]): Promise<{ readonly heard: Promise<T> }>;
  /** Ends the process at once. */
  kill(): void;
}

/** Starts a client in the name of `agent`; it ends with the test. */
export function startClient(
  language: Language,
  agent: string,
  server: { readonly host: string; readonly port: number },
): ClassicClient {
  const program = programOf(language);
  const folder = join(import.meta.dirname, language);
  const script = join(folder, language === 'php' ? 'drive.php' : 'drive.py');
  const child = spawn(program, [script, agent, server.host, String(server.port)], { cwd: folder });
  onTestFinished(() => void child.kill('SIGKILL'));
  return new Driven(child, `${language} ${agent}`);
}

interface Pending {
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: Error) => void;
  readonly onWord?: () => void;
}

class Driven implements ClassicClient {
  readonly #child: ChildProcessWithoutNullStreams;
  readonly #pending: Pending[] = [];
  #errors = '';

  constructor(child: ChildProcessWithoutNullStreams, name: string) {
    this.#child = child;
    createInterface({ input: child.stdout }).on('line', (line) => this.#onLine(line, name));
    child.stderr.setEncoding('utf8').on('data', (text) => (this.#errors += text));
    child.stdin.on('error', () => {});
    child.on('close', () => {
      for (const { reject } of this.#pending.splice(0)) reject(new Error(`${name} has ended: ${this.#errors}`));
    });
  }

  call<T>(method: string, ...args: readonly unknown[]): Promise<T> {
    return this.#send(method, args);
  }

  listen<T>(method: string, ...args: readonly unknown[]): Promise<{ readonly heard: Promise<T> }> {
    return new Promise((resolve, reject) => {
      const heard: Promise<T> = this.#send(method, args, () => resolve({ heard }));
      heard.catch(reject);
    });
  }

  kill(): void {
    this.#child.kill('SIGKILL');
  }

  #send<T>(method: string, args: readonly unknown[], onWord?: () => void): Promise<T> {
    return new Promise<unknown>((resolve, reject) => {
      this.#pending.push({ resolve, reject, ...(onWord && { onWord }) });
      this.#child.stdin.write(`${JSON.stringify({ call: method, args })}\n`);
    }) as Promise<T>;
  }

  #onLine(line: string, name: string): void {
    let reply: { word?: string; error?: string; value?: unknown };
    try {
      reply = JSON.parse(line) as typeof reply;
    } catch {
      this.#errors += line; // PHP says its warnings on the standard output
      return;
    }
    if (reply.word !== undefined) return this.#pending[0]?.onWord?.();
    const next = this.#pending.shift();
    if (reply.error === undefined) next?.resolve(reply.value);
    else next?.reject(new Error(`${name}: ${reply.error}`));
  }
}
