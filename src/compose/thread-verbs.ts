/**
 * The verbs that a handler in a thread has: classes, contracts and schemas stay on its side, plain data goes to the process.
 *
 * The process uses the verb in the name of the agent, in the course of its call. What is sent and what comes back is checked here,
 * where the schemas are.
 */
import type { Verbs } from '../agent/context.ts';
import type { BroadcastContract, MessageContract } from '../agent/contract.ts';
import { handlersOf } from '../agent/handlers.ts';
import { checkPayload } from '../client/check-payload.ts';
import { readTaskCall, type TaskCall } from '../client/task-call.ts';
import { TerminalError } from '../core/errors.ts';
import type { ThreadVerb } from '../runtime/thread-runner.ts';

export type Use = (verb: ThreadVerb, args: readonly unknown[]) => Promise<unknown>;

export function verbsOf(use: Use): Pick<Verbs, 'enqueue' | 'run' | 'send' | 'ask' | 'broadcast'> {
  const enqueue = async (...args: unknown[]): Promise<unknown> =>
    idOnly(await use('enqueue', await plainTask(readTaskCall(args, handlersOf))));
  const run = async (...args: unknown[]): Promise<unknown> => {
    const call = readTaskCall(args, handlersOf);
    return checkPayload(
      call.outputSchema,
      await use('run', await plainTask(call)),
      `the result of task "${call.name}"`,
    );
  };
  const send = async (to: string, message: string | MessageContract, data?: unknown, options = {}): Promise<unknown> =>
    use('send', [to, await plainMessage(message, data, 'message'), data, options]);
  const ask = async (to: string, message: string | MessageContract, data?: unknown, options = {}): Promise<unknown> =>
    checkAnswer(message, await use('ask', [to, await plainMessage(message, data, 'ask'), data, options]));
  const broadcast = async (topic: string | BroadcastContract, data?: unknown): Promise<unknown> => {
    if (typeof topic === 'string') return use('broadcast', [topic, data]);
    await checkPayload(topic.data, data, `the data of broadcast "${topic.topic}"`);
    return use('broadcast', [topic.topic, data]);
  };
  return { enqueue, run, send, ask, broadcast } as Pick<Verbs, 'enqueue' | 'run' | 'send' | 'ask' | 'broadcast'>;
}

/** What is refused in a thread, and why. */
export function notInThread(what: string): TerminalError {
  return new TerminalError(
    `expected a handler in a thread to use this.run, enqueue, send, ask, broadcast, log or setStatus, got: ${what}\n` +
      'It is not available in a thread; use it in a handler without thread: true.',
  );
}

/** The arguments by which the process makes the same call. */
async function plainTask({
  queue,
  name,
  input,
  inputSchema,
  defaults,
  options,
}: TaskCall): Promise<readonly unknown[]> {
  await checkPayload(inputSchema, input, `the input of task "${name}"`);
  const { priority, retries, resultTtlMs: resultTtl, concurrencyKey } = defaults;
  const key: unknown = typeof concurrencyKey === 'function' ? concurrencyKey(input as never) : concurrencyKey;
  return [{ role: queue, task: name }, input, { priority, retries, resultTtl, concurrencyKey: key, ...options }];
}

async function plainMessage(message: string | MessageContract, data: unknown, what: string): Promise<string> {
  if (typeof message === 'string') return message;
  await checkPayload(message.data, data, `the data of ${what} "${message.name}"`);
  return message.name;
}

function checkAnswer(message: string | MessageContract, value: unknown): Promise<unknown> {
  if (typeof message === 'string') return Promise.resolve(value);
  const { name, reply, part } = message;
  if (part === undefined || !Array.isArray(value)) return checkPayload(reply, value, `the answer to "${name}"`);
  return Promise.all(value.map((one) => checkPayload(part, one, `a part of the answer to "${name}"`)));
}

/** A handle that knows the task's id; whoever waits for the task says `run`. */
function idOnly(given: unknown): object {
  return new Proxy(given as object, {
    get(handle, key) {
      if (typeof key === 'string' && key !== 'then' && !(key in handle))
        throw notInThread(`${key} of the handle that this.enqueue gave`);
      return Reflect.get(handle, key) as unknown;
    },
  });
}
