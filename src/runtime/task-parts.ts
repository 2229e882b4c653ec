/**
 * What the handler of a task yields, on its way into the broker.
 *
 * J9  The handler is asked for no part while `limits.frameOps` parts or `limits.frameBytes` bytes wait to be stored.
 * J10  The parts of one tick are stored with one call, one call at a time. While the broker cannot be reached it is repeated, as long as
 *     the task is ours: a part is neither lost nor stored twice.
 * J11  Every part is stored before the task is settled.
 */
import type { TaskHandler } from '../agent/handlers.ts';
import type { LogPort } from '../broker/logs.ts';
import type { ClaimedTask } from '../broker/tasks.ts';
import { checkPayload } from '../client/check-payload.ts';
import type { Member } from '../client/member.ts';
import { type Clock, sleep } from '../core/clock.ts';
import { encodePayload } from '../core/envelope.ts';
import { abortReason, BrokerError, HandlerError, OwnershipError, TerminalError } from '../core/errors.ts';
import { limits } from '../core/limits.ts';
import { isStream, type PartSink, pump } from './pump.ts';

interface TaskPartsDeps {
  readonly clock: Clock;
  readonly logs: LogPort;
  readonly node: string;
  readonly handler: TaskHandler;
  readonly claimed: ClaimedTask;
  /** Address of who enqueued the task. */
  readonly notify: string;
  /** Of the call. */
  readonly signal: AbortSignal;
}

const repeatMs = 250;

type PartsCall = Pick<TaskPartsDeps, 'handler' | 'claimed' | 'notify' | 'signal'>;

/** What a handler that was called returns in the end, also when it yields parts before; or a promise of it. */
export function toItsEnd(member: Member, call: () => PartsCall, running: unknown): unknown {
  const { clock, broker, address } = member.deps;
  const end = (returned: unknown): unknown =>
    isStream(returned) ? streamTask({ clock, logs: broker.logs, node: address, ...call() }, returned) : returned;
  return running instanceof Promise ? running.then(end) : end(running);
}

/** Runs a handler that yields to its end. Resolves to what it returns, with every part stored. */
async function streamTask(deps: TaskPartsDeps, parts: AsyncIterable<unknown>): Promise<unknown> {
  const stored = new TaskParts(deps);
  try {
    const result = await pump(parts, stored, deps.signal);
    await stored.flush();
    return result;
  } catch (error) {
    await stored.flush().catch(() => undefined); // what ended the run is what matters
    throw error;
  }
}

class TaskParts implements PartSink {
  readonly #deps: TaskPartsDeps;
  readonly #waiting: string[] = [];
  #bytes = 0;
  /** Parts stored. */
  #stored = 0;
  #storing: Promise<void> | undefined;
  #failure: { readonly error: unknown } | undefined;
  #wake = (): void => {};

  constructor(deps: TaskPartsDeps) {
    this.#deps = deps;
  }

  /** J9 */
  async room(): Promise<void> {
    while (this.#waiting.length >= limits.frameOps || this.#bytes >= limits.frameBytes) {
      if (this.#failure !== undefined) throw this.#failure.error;
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }

  async put(value: unknown): Promise<void> {
    const body = await this.#encode(value);
    if (this.#failure !== undefined) throw this.#failure.error;
    this.#waiting.push(body);
    this.#bytes += Buffer.byteLength(body);
    this.#storing ??= this.#storeAll();
  }

  /** J11 */
  async flush(): Promise<void> {
    await this.#storing;
    if (this.#failure !== undefined) throw this.#failure.error;
  }

  async #encode(value: unknown): Promise<string> {
    const { name, part } = this.#deps.handler;
    try {
      await checkPayload(part, value, `a part of task "${name}"`);
    } catch (cause) {
      throw new HandlerError(cause instanceof Error ? cause.message : String(cause), { cause });
    }
    try {
      return encodePayload(value ?? null, `a part of task "${name}"`);
    } catch (cause) {
      throw new TerminalError(cause instanceof Error ? cause.message : String(cause), { cause }); // it would not fit next time
    }
  }

  /** Never rejects. */
  async #storeAll(): Promise<void> {
    try {
      await new Promise<void>((resolve) => this.#deps.clock.endOfTick(resolve));
      while (this.#waiting.length > 0) {
        const bodies = [...this.#waiting];
        await this.#store(bodies);
        this.#stored += bodies.length;
        this.#waiting.splice(0, bodies.length);
        for (const body of bodies) this.#bytes -= Buffer.byteLength(body);
        this.#wake();
      }
    } catch (error) {
      this.#failure = { error };
    } finally {
      this.#storing = undefined;
      this.#wake();
    }
  }

  /** J10 */
  async #store(bodies: readonly string[]): Promise<void> {
    const { clock, logs, node, claimed, notify, signal } = this.#deps;
    const { queue, receipt, attempt } = claimed;
    for (;;) {
      if (signal.aborted) throw abortReason(signal);
      try {
        const added = { attempt, first: this.#stored + 1, bodies, keepMs: limits.taskPartsKeptMs, notify };
        const reply = await logs.addParts({ queue, node, receipt, ...added });
        if (reply === 'added') return;
      } catch (error) {
        if (!(error instanceof BrokerError && error.repeatable)) throw error;
        await sleep(clock, repeatMs, signal);
        continue;
      }
      throw new OwnershipError('lease-lost', `expected task ${receipt.taskId} to be held by ${node}, got: it is not`);
    }
  }
}
