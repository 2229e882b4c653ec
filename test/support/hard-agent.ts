/**
 * Agents whose handlers run in threads. In a module of their own, since a test file cannot be loaded in a thread,
 * and without the front door of the package, so that a thread has less to load.
 */
import { isMainThread, threadId } from 'node:worker_threads';
import { onMessage, onTask } from '../../src/agent/decorators.ts';
import { Agent } from '../../src/agent/agent.ts';
import { defineMessage, defineTask } from '../../src/agent/contract.ts';
import type { Message, Task } from '../../src/agent/envelopes.ts';
import { AgentUnavailable, RetryableError, TerminalError } from '../../src/core/errors.ts';
import { z } from 'zod';

export const half = defineTask('half', {
  role: 'desk',
  input: z.number(),
  output: z.number().transform((n) => n * 10),
});
export const whoIs = defineMessage('who-is', { data: z.object({ name: z.string() }), reply: z.string() });

const How = z.string();

class QuotaError extends Error {
  readonly code = 'quota';
  readonly details = { left: 0 };
}

/** Computes until the thread ends. */
function forEver(): never {
  for (;;);
}

export class HardAgent extends Agent {
  #calls = 0;

  @onTask('spin', undefined, undefined, { thread: true, retries: 0, grace: '100ms' })
  spin(task: Task): void {
    void task.progress(1, undefined, 'spinning');
    forEver();
  }

  /** Its input is shared memory, which no task has: for those who use threads without a fleet. */
  @onTask('beat', undefined, undefined, { thread: true })
  beat(task: Task): never {
    const beats = new Int32Array(task.input as SharedArrayBuffer);
    for (;;) Atomics.add(beats, 0, 1);
  }

  @onTask('spinTooLong', undefined, undefined, { thread: true, retries: 0, timeout: '50ms', grace: '50ms' })
  spinTooLong(_task: Task): void {
    forEver();
  }

  @onTask('waitForEnd', undefined, undefined, { thread: true, retries: 0 })
  async waitForEnd(task: Task): Promise<void> {
    await new Promise((_, reject) => {
      task.signal.addEventListener('abort', () => reject(task.signal.reason as Error));
      void task.progress(1, undefined, 'waiting');
    }).catch(async (reason: unknown) => {
      await new Promise<void>((resolve) => this.clock.endOfTick(resolve)); // it has a moment to tidy up
      this.log.info(`ended in order: ${reason instanceof Error ? reason.message : ''}`);
      throw reason;
    });
  }

  @onTask('fail', How, undefined, { thread: true, retries: 1, backoff: '1ms' })
  fail(task: Task<typeof How>): never {
    if (task.input === 'quit') process.exit(3);
    if (task.input === 'terminal') throw new TerminalError('never again', { details: { page: 7 } });
    if (task.input === 'retryable' && task.attempt === 1) throw new RetryableError('not now', { afterMs: 1 });
    throw new QuotaError(`attempt ${task.attempt}`);
  }

  @onTask('hoard', undefined, undefined, { thread: { memory: '64mb' }, retries: 0 })
  hoard(_task: Task): number {
    const kept: number[][] = [];
    for (;;) kept.push(Array.from({ length: 10_000 }, (_, index) => index + kept.length / 3));
  }

  @onTask('where', undefined, undefined, { thread: true })
  where(task: Task) {
    const { id, role } = this;
    return { id, role, isMainThread, threadId, calls: ++this.#calls, attempt: task.attempt, input: task.input };
  }

  @onTask('verbs', undefined, undefined, { thread: true, retries: 0 })
  async verbs(_task: Task) {
    this.setStatus('using verbs');
    this.log.warn('to be seen', { in: 'the log' });
    const halves = await this.run(half, 8);
    const handle = await this.enqueue(DeskAgent, 'note', 'enqueued');
    const who = await this.ask('desk', whoIs, { name: 'hard' });
    const sent = await this.send('desk', 'hello', { from: this.id });
    const event = await this.broadcast('hard.done', { by: this.id });
    const gone = await this.ask('nobody', 'hello').catch((error: unknown) => error instanceof AgentUnavailable);
    return { halves, task: handle.id, who, stored: sent.stored, event, gone };
  }

  @onTask('refused', How, undefined, { thread: true, retries: 3 })
  async refused(task: Task<typeof How>): Promise<unknown> {
    if (task.input === 'lock') await this.lock('x');
    if (task.input === 'fanOut') return String(task.fanOut);
    if (task.input === 'handle') return (await this.enqueue(DeskAgent, 'note', 'x')).result();
    if (task.input === 'arguments') await this.send('desk', 'hello', () => 1);
    return () => 'no data';
  }

  @onTask('locked', undefined, undefined, { thread: true, lock: 'hard' })
  locked(task: Task): unknown {
    return { name: task.lock?.name, token: task.lock?.token };
  }
}

/** Runs in place, and hears what the other one says. */
export class DeskAgent extends Agent {
  @onTask(half) half(task: Task<typeof half>) {
    return task.input / 2;
  }
  @onTask('note', How) note(_task: Task<typeof How>): void {}
  @onMessage(whoIs) whoIs(message: Message<typeof whoIs>) {
    return `${message.data.name}, asks ${message.trace.asks.length}`;
  }
  @onMessage('hello') hello(message: Message): unknown {
    return message.from;
  }
}

/** No module exports it. */
class HiddenAgent extends Agent {
  @onTask('hide', undefined, undefined, { thread: true }) hide(_task: Task): void {}
}
export const hidden = { agent: HiddenAgent };
