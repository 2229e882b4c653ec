/**
 * One worker thread with one class in it, as its process sees it.
 *
 * Z7  A thread that is terminated, or ends by itself, fails the call that runs in it, and only that; nothing of it runs any more then.
 * Z8  What a thread asks for is done only while the call that asks runs.
 */
import { Worker } from 'node:worker_threads';
import type { ThreadPlace } from '../agent/threads.ts';
import { codeFile, isSource } from '../core/code-folder.ts';
import { abortReason, CancelledError, RuntimeError, TerminalError } from '../core/errors.ts';
import type { ThreadCall } from '../runtime/thread-runner.ts';
import { fromWire, toWire } from './thread-errors.ts';
import type { CallOrder, FromThread, ThreadData, ToThread } from './thread-wire.ts';

const starter = codeFile('../bin/thread.js');
const entry = codeFile(isSource ? 'compose/thread-entry.ts' : 'compose/thread-entry.js').href;

interface Running {
  readonly number: number;
  readonly order: ThreadCall;
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: Error) => void;
}

export class HandlerThread {
  /** Rejects with `TerminalError` when the class is not to be had, else with why the thread has ended before. */
  readonly ready: Promise<void>;
  /** Resolves when nothing of the thread runs any more, to why it ended; undefined when it was terminated. */
  readonly gone: Promise<Error | undefined>;
  readonly #worker: Worker;
  readonly #place: ThreadPlace;
  #isReady = false;
  #isGone = false;
  #terminated = false;
  #calls = 0;
  #running: Running | undefined;
  #failure: Error | undefined;

  constructor(place: ThreadPlace) {
    const data: ThreadData = { agentRuntimeThread: true, entry, place };
    const limit = place.memoryMb === undefined ? {} : { resourceLimits: { maxOldGenerationSizeMb: place.memoryMb } };
    const worker = new Worker(starter, { workerData: data, name: place.role, ...limit });
    this.#worker = worker;
    this.#place = place;
    worker.on('error', (error: unknown) => (this.#failure = this.#failureOf(error)));
    this.gone = new Promise((resolve) => worker.once('exit', (code) => resolve(this.#onExit(code))));
    this.ready = new Promise((resolve, reject) => {
      void this.gone.then((why) => reject(why ?? terminated()));
      worker.on('message', (message: FromThread) => {
        if (message.kind === 'ready') resolve(this.#onReady());
        else if (message.kind === 'unready') reject(new TerminalError(message.problem));
        else this.#onMessage(message);
      });
    });
    this.ready.catch(() => undefined); // told to whoever waits for it
  }

  /** It can take calls. */
  get isUp(): boolean {
    return this.#isReady && !this.#isGone && !this.#terminated;
  }

  /** One at a time. */
  async run(order: ThreadCall): Promise<unknown> {
    await this.ready;
    const { signal, agent, method, task } = order;
    const number = ++this.#calls;
    const onAbort = (): void => this.#post({ kind: 'abort', call: number, reason: toWire(abortReason(signal)) });
    try {
      return await new Promise((resolve, reject) => {
        this.#running = { number, order, resolve, reject };
        if (!this.isUp) return reject(this.#failure ?? terminated());
        this.#worker.ref();
        this.#order({ kind: 'call', call: number, agent, method, task });
        if (signal.aborted) onAbort();
        else signal.addEventListener('abort', onAbort, { once: true });
      });
    } finally {
      this.#running = undefined;
      this.#worker.unref();
      signal.removeEventListener('abort', onAbort);
    }
  }

  /** Z7. Resolves when it is gone. */
  async terminate(): Promise<void> {
    this.#terminated = true;
    await this.#worker.terminate();
    await this.gone;
  }

  #post(message: ToThread): void {
    this.#worker.postMessage(message);
  }

  #order(message: CallOrder): void {
    try {
      this.#post(message);
    } catch (cause) {
      const got = cause instanceof Error ? cause.message : String(cause);
      throw new TerminalError(`expected the input of ${message.method} to be plain data in a thread, got: ${got}`, {
        cause,
      });
    }
  }

  /** From here on the node is what keeps the process up. */
  #onReady(): void {
    this.#isReady = true;
    this.#worker.unref();
  }

  #onExit(code: number): Error | undefined {
    this.#isGone = true;
    const why = this.#terminated ? undefined : (this.#failure ?? endedBy(code));
    this.#running?.reject(why ?? terminated());
    return why;
  }

  #failureOf(error: unknown): Error {
    const { code } = (error ?? {}) as { readonly code?: unknown };
    if (code === 'ERR_WORKER_OUT_OF_MEMORY') {
      const { memoryMb } = this.#place;
      const most = memoryMb === undefined ? 'the heap of its process' : `${memoryMb} MB`;
      return new RuntimeError(
        'out-of-memory',
        `expected the handler to need at most ${most}, got: it ran out of memory`,
      );
    }
    return fromWire(toWire(error));
  }

  #onMessage(message: Exclude<FromThread, { readonly kind: 'ready' | 'unready' }>): void {
    const running = message.call === this.#running?.number ? this.#running : undefined;
    switch (message.kind) {
      case 'use':
        return void this.#use(message, running);
      case 'log':
        return running?.order.host.log(message.level, message.message, message.data);
      case 'status':
        return running?.order.host.setStatus(message.text);
      case 'returned':
        return running?.resolve(message.value);
      case 'threw':
        return running?.reject(fromWire(message.error));
    }
  }

  /** Z8. Never rejects. */
  async #use(message: FromThread & { readonly kind: 'use' }, running: Running | undefined): Promise<void> {
    const { request, verb, args } = message;
    try {
      if (running === undefined) throw overBefore(verb);
      this.#post({ kind: 'answer', request, value: await running.order.host.use(verb, args) });
    } catch (error) {
      this.#post({ kind: 'refusal', request, error: toWire(error) });
    }
  }
}

function terminated(): Error {
  return new CancelledError('stopped', 'the thread was ended');
}

function endedBy(code: number): Error {
  const expected = 'expected the thread to live until its handler has ended';
  return new RuntimeError('thread-ended', `${expected}, got: it ended with exit code ${code}`);
}

function overBefore(verb: string): Error {
  return new CancelledError('given-up', `expected the handler to run while it uses ${verb}, got: its call has ended`);
}
