/**
 * The verbs of tasks, in the name of one agent or client: the input is checked, wrapped and handed to the lane of its queue.
 *
 * Options are brought to one form here; how a handle waits for the outcome is task-handle.ts.
 */
import type { TaskVerbs } from '../agent/task-verbs.ts';
import { durationMs } from '../core/duration.ts';
import { encodeEnvelope, type TaskPolicy } from '../core/envelope.ts';
import { DeliveryError } from '../core/errors.ts';
import { checkPayload } from './check-payload.ts';
import type { Settings } from './scope.ts';
import { readTaskCall, type TaskCall } from './task-call.ts';
import { Handle } from './task-handle.ts';
import type { VerbsDeps } from './verbs.ts';
import { wrap } from './wrap.ts';

export class ClientTasks implements TaskVerbs {
  readonly #deps: VerbsDeps;

  constructor(deps: VerbsDeps) {
    this.#deps = deps;
  }

  readonly enqueue = (async (...args: unknown[]) => this.#enqueue(this.#read(args), false)) as TaskVerbs['enqueue'];

  readonly run = (async (...args: unknown[]) =>
    (await this.#enqueue(this.#read(args), true)).listenNow().result()) as TaskVerbs['run'];

  #read(args: readonly unknown[]): TaskCall {
    return readTaskCall(args, (Class) => this.#deps.member.handlersOf(Class));
  }

  async #enqueue(call: TaskCall, waits: boolean): Promise<Handle> {
    const { member, settings } = this.#deps;
    const { options, defaults, name, queue } = call;
    await checkPayload(call.inputSchema, call.input, `the input of task "${name}"`);
    const key = keyOf(call, settings);
    const delayMs = options.delay === undefined ? 0 : durationMs(options.delay, 'delay');
    const policy = policyOf(call);
    const content = { to: queue, name, data: call.input, deadline: options.deadline, policy, waits };
    const envelope = encodeEnvelope(wrap(member, this.#deps.identity, { kind: 'task', ...content }));
    const priority = options.priority ?? defaults.priority ?? 'normal';
    return member.tasks.duringEnqueue(async () => {
      const reply = await member.lanes.enqueue.submit(queue, {
        priority,
        delayMs,
        envelope,
        maxWaiting: settings.maxWaiting,
        ...(key && { key }),
      });
      if (reply.kind !== 'queue-full')
        return new Handle({
          member,
          taskId: reply.taskId,
          isKnown: reply.kind === 'known',
          name,
          resultTtlMs: policy.resultTtlMs ?? settings.resultTtlMs,
          outputSchema: call.outputSchema,
          callSignal: this.#deps.identity.scope()?.signal,
        });
      throw new DeliveryError(
        'queue-full',
        `expected queue "${queue}" to hold fewer than ${settings.maxWaiting} tasks, got: ${reply.tasks}`,
      );
    });
  }
}

function policyOf({ options, defaults }: TaskCall): TaskPolicy {
  const retries = options.retries ?? defaults.retries;
  const resultTtlMs =
    options.resultTtl === undefined ? defaults.resultTtlMs : durationMs(options.resultTtl, 'resultTtl');
  return { ...(retries !== undefined && { retries }), ...(resultTtlMs !== undefined && { resultTtlMs }) };
}

/** What the broker needs of an idempotency key. */
function keyOf(
  { options, defaults }: TaskCall,
  { resultTtlMs }: Settings,
): { name: string; ttlMs: number } | undefined {
  const { key: name, keyTtl, resultTtl } = options;
  if (name === undefined) return undefined;
  if (name === '' || name.length > 256)
    throw new DeliveryError('malformed', `expected a key of 1 to 256 characters, got: ${name.length}`);
  const lives = keyTtl ?? resultTtl ?? defaults.resultTtlMs ?? resultTtlMs;
  return { name, ttlMs: durationMs(lives, 'keyTtl') };
}
