/**
 * A task on its way out: input checked, options brought to one form, envelope encoded. Nothing has been sent yet.
 *
 * Apart from the verbs, because one call may prepare many before it sends the first.
 */
import { durationMs } from '../core/duration.ts';
import { encodeEnvelope, type TaskPolicy } from '../core/envelope.ts';
import { DeliveryError } from '../core/errors.ts';
import type { Schema } from '../agent/contract.ts';
import type { EnqueueOp, EnqueueReply } from '../broker/tasks.ts';
import { checkSoon } from './check-payload.ts';
import type { Answer } from './frame-line.ts';
import { inputKey } from './input-key.ts';
import type { CallScope, Settings } from './scope.ts';
import type { TaskCall } from './task-call.ts';
import { Handle } from './task-handle.ts';
import type { VerbsDeps } from './verbs.ts';
import { wrap } from './wrap.ts';

export interface PreparedTask {
  readonly queue: string;
  readonly name: string;
  readonly op: EnqueueOp;
  readonly resultTtlMs: number;
  readonly outputSchema?: Schema | undefined;
  readonly partSchema?: Schema | undefined;
}

export interface TaskOrigin {
  /** The caller waits for the result. */
  readonly waits: boolean;
  /** Id of the task that fans this one out. */
  readonly parent?: string;
}

/** Times are written as whole microseconds: up to here they stay exact. */
const farthestMs = 10 * 366 * 86_400_000;

/** Throws, or rejects with, `DeliveryError` and `ConfigError` for what can never be sent. `what` names the input. */
export function prepareTask(
  deps: VerbsDeps,
  call: TaskCall,
  origin: TaskOrigin,
  what = `the input of task "${call.name}"`,
): PreparedTask | Promise<PreparedTask> {
  const checked = checkSoon(call.inputSchema, call.input, what);
  return checked instanceof Promise ? checked.then(() => prepared(deps, call, origin)) : prepared(deps, call, origin);
}

function prepared(deps: VerbsDeps, call: TaskCall, { waits, parent }: TaskOrigin): PreparedTask {
  const { member, settings, identity } = deps;
  const { options, defaults, name, queue, outputSchema, partSchema } = call;
  const policy = policyOf(call);
  const content = {
    kind: 'task',
    to: queue,
    name,
    data: call.input,
    deadline: options.deadline,
    policy,
    waits,
  } as const;
  const wrapped = wrap(member, identity, content);
  const envelope = encodeEnvelope(parent === undefined ? wrapped : { ...wrapped, parent });
  const key = keyOf(call, settings);
  const concurrencyKey = concurrencyKeyOf(call);
  const spread = concurrencyKey ?? key?.name ?? wrapped.opId;
  const op: EnqueueOp = {
    priority: options.priority ?? defaults.priority ?? 'normal',
    delayMs: delayOf(call, member.serverNow()),
    envelope,
    maxWaiting: Math.ceil(settings.maxWaiting / member.partitions.filled(queue)),
    ...(key && { key }),
    ...(concurrencyKey !== undefined && { concurrencyKey }),
  };
  const place = member.partitions.placeFor(queue, spread);
  return { queue: place, name, op, resultTtlMs: policy.resultTtlMs ?? settings.resultTtlMs, outputSchema, partSchema };
}

/** Sends it. Rejects with `DeliveryError('queue-full')`, and `BrokerError` as the lane says. */
export function submitTask(deps: VerbsDeps, task: PreparedTask): Promise<Handle> {
  return new Promise((resolve, reject) => {
    const answer = new Accepting(deps, task, { resolve, reject });
    deps.member.tasks.beginEnqueue();
    deps.member.lanes.enqueue.post(task.queue, task.op, answer);
  });
}

/** A task between its way out and the answer: its handle is made in the tick in which it was accepted. */
class Accepting implements Answer<EnqueueReply> {
  readonly #deps: VerbsDeps;
  readonly #task: PreparedTask;
  readonly #caller: Answer<Handle>;
  readonly #call: CallScope | undefined;

  constructor(deps: VerbsDeps, task: PreparedTask, caller: Answer<Handle>) {
    this.#deps = deps;
    this.#task = task;
    this.#caller = caller;
    this.#call = deps.identity.scope();
  }

  resolve(reply: EnqueueReply): void {
    const { member } = this.#deps;
    member.tasks.endEnqueue();
    const { queue, name, op, resultTtlMs, outputSchema, partSchema } = this.#task;
    if (reply.kind === 'queue-full') {
      const rule = `expected queue "${queue}" to hold fewer than ${op.maxWaiting} tasks, got: ${reply.tasks}`;
      return this.#caller.reject(new DeliveryError('queue-full', rule));
    }
    const { taskId, kind } = reply;
    const call = this.#call;
    this.#caller.resolve(
      new Handle({ member, taskId, isKnown: kind === 'known', name, resultTtlMs, outputSchema, partSchema, call }),
    );
  }

  reject(error: unknown): void {
    this.#deps.member.tasks.endEnqueue();
    this.#caller.reject(error);
  }
}

function policyOf({ options, defaults }: TaskCall): TaskPolicy {
  const retries = options.retries ?? defaults.retries;
  const resultTtlMs =
    options.resultTtl === undefined ? defaults.resultTtlMs : durationMs(options.resultTtl, 'resultTtl');
  return { ...(retries !== undefined && { retries }), ...(resultTtlMs !== undefined && { resultTtlMs }) };
}

/** Milliseconds until the task may start, at least 0. */
function delayOf({ options: { delay, runAt } }: TaskCall, now: number): number {
  if (delay !== undefined && runAt !== undefined)
    throw malformed('one of runAt and delay', 'both\nrunAt is a time, delay counts from now.');
  const at = typeof runAt === 'object' ? runAt.getTime() : runAt;
  if (at !== undefined && !Number.isFinite(at))
    throw malformed('runAt to be a Date or milliseconds since 1970', String(runAt));
  const delayMs = at === undefined ? durationMs(delay ?? 0, 'delay') : Math.max(0, Math.ceil(at - now));
  if (delayMs > farthestMs)
    throw malformed(`${at === undefined ? 'delay' : 'runAt'} to be at most ten years ahead`, `${delayMs} ms`);
  return delayMs;
}

/** What the broker needs of an idempotency key. */
function keyOf(call: TaskCall, { resultTtlMs }: Settings): { name: string; ttlMs: number } | undefined {
  const { key: name, keyTtl, resultTtl, dedupe } = call.options;
  if (dedupe !== undefined) {
    if (name !== undefined || keyTtl !== undefined)
      throw malformed('dedupe to stand alone', 'a key or keyTtl, too\nThe window of a key is its keyTtl.');
    return { name: inputKey('dedupe', [call.name], call.input), ttlMs: durationMs(dedupe, 'dedupe') };
  }
  if (name === undefined) return undefined;
  if (name === '' || name.length > 256) throw malformed('a key of 1 to 256 characters', String(name.length));
  const lives = keyTtl ?? resultTtl ?? call.defaults.resultTtlMs ?? resultTtlMs;
  return { name, ttlMs: durationMs(lives, 'keyTtl') };
}

function concurrencyKeyOf({ options, defaults, input, name }: TaskCall): string | undefined {
  const given = options.concurrencyKey ?? defaults.concurrencyKey;
  const key: unknown = typeof given === 'function' ? given(input as never) : given;
  if (key === undefined || (typeof key === 'string' && key !== '' && key.length <= 256)) return key;
  throw malformed(
    `the concurrency key of task "${name}" to be a text of 1 to 256 characters`,
    typeof key === 'string' ? `${key.length}` : typeof key,
  );
}

function malformed(rule: string, got: string): DeliveryError {
  return new DeliveryError('malformed', `expected ${rule}, got: ${got}`);
}
