/**
 * The verbs that everybody in the fleet has, in the name of one agent or client.
 *
 * Each verb checks what it is given, wraps it into an envelope and hands it to a lane; nothing here knows how a broker works.
 */
import type { AskOptions, Events, Verbs } from '../agent/context.ts';
import type { BroadcastContract, MessageContract, Schema } from '../agent/contract.ts';
import type { Lock, LockOptions, TryLockOptions } from '../agent/lock.ts';
import { durationMs } from '../core/duration.ts';
import { encodeEnvelope, encodePayload, type TaskPolicy } from '../core/envelope.ts';
import { DeliveryError, describeError, RuntimeError } from '../core/errors.ts';
import { observe } from '../core/observer.ts';
import { checkPayload } from './check-payload.ts';
import { EventsView } from './events-view.ts';
import type { Member } from './member.ts';
import type { Identity, Settings } from './scope.ts';
import { readTaskCall, type TaskCall } from './task-call.ts';
import { Handle } from './task-handle.ts';
import { wrap } from './wrap.ts';

export interface VerbsDeps {
  readonly member: Member;
  readonly identity: Identity;
  readonly settings: Settings;
}

export class FleetVerbs implements Verbs {
  readonly events: Events;
  readonly #deps: VerbsDeps;

  constructor(deps: VerbsDeps) {
    this.#deps = deps;
    this.events = new EventsView(deps.member);
  }

  readonly enqueue = (async (...args: unknown[]) => this.#enqueue(this.#read(args), false)) as Verbs['enqueue'];

  readonly run = (async (...args: unknown[]) =>
    (await this.#enqueue(this.#read(args), true)).listenNow().result()) as Verbs['run'];

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

  async send(to: string, message: string | MessageContract, data?: unknown): Promise<void> {
    const { member, settings, identity } = this.#deps;
    const { name, schema } = named(message);
    await checkPayload(schema, data, `the data of message "${name}"`);
    const envelope = wrap(member, identity, { kind: 'message', to, name, data, waits: false });
    const reply = await member.lanes.send.submit(member.deps.broker.mail.tagOf(to), {
      to,
      opId: envelope.opId,
      envelope: encodeEnvelope(envelope),
      limit: settings.inboxLimit,
      classic: { from: identity.name, message: name, metadata: JSON.stringify(data ?? {}), sentAt: envelope.sentAt },
    });
    if (reply.kind === 'stored') return;
    throw new DeliveryError(
      'inbox-full',
      `expected the inbox of "${to}" to hold fewer than ${settings.inboxLimit} messages, got: ${reply.entries}`,
    );
  }

  readonly ask = (async (to: string, message: string | MessageContract, data?: unknown, options: AskOptions = {}) => {
    const { member, identity, settings } = this.#deps;
    const { name, schema, reply } = named(message);
    await checkPayload(schema, data, `the data of ask "${name}"`);
    const envelope = wrap(member, identity, {
      kind: 'ask',
      to,
      name,
      data,
      deadline: options.deadline ?? settings.askDeadlineMs,
      waits: true,
    });
    const asks = identity.isAgent ? [...envelope.trace.asks, identity.name] : envelope.trace.asks;
    if (asks.includes(to)) {
      throw new DeliveryError(
        'ask-cycle',
        `expected "${to}" not to wait for this ask itself, got: ${[...asks, to].join(' asks ')}`,
      );
    }
    const leftMs = Math.max(0, (envelope.deadline ?? 0) - member.serverNow());
    const signal = options.signal ?? identity.scope()?.signal;
    const value = await member.asks.ask({ ...envelope, trace: { id: envelope.trace.id, asks } }, leftMs, signal);
    return checkPayload(reply, value, `the answer to "${name}"`);
  }) as Verbs['ask'];

  async broadcast(topic: string | BroadcastContract, data?: unknown): Promise<string> {
    const { member, identity } = this.#deps;
    const name = typeof topic === 'string' ? topic : topic.topic;
    if (name === '' || name.includes('*'))
      throw new DeliveryError('malformed', `expected a topic without wildcards, got: "${name}"`);
    await checkPayload(typeof topic === 'string' ? undefined : topic.data, data, `the data of broadcast "${name}"`);
    return member.lanes.append.submit('events', {
      opId: member.deps.random.id('op'),
      topic: name,
      from: identity.name,
      data: encodePayload(data ?? null, `broadcast "${name}"`),
      sentAt: member.serverNow(),
    });
  }

  async lock(name: string, options: LockOptions = {}): Promise<Lock> {
    const { member, identity, settings } = this.#deps;
    return member.locks.acquire({
      name,
      owner: identity.name,
      leaseMs: options.lease === undefined ? settings.lockLeaseMs : durationMs(options.lease, 'lease'),
      waitMs: options.wait === undefined ? Number.POSITIVE_INFINITY : durationMs(options.wait, 'wait'),
      permits: options.permits,
      signal: options.signal ?? identity.scope()?.signal,
    });
  }

  async tryLock(name: string, options: TryLockOptions = {}): Promise<Lock | undefined> {
    try {
      return await this.lock(name, { ...options, wait: 0 });
    } catch (error) {
      if (error instanceof RuntimeError && error.code === 'lock-held') return undefined;
      throw error;
    }
  }

  readonly withLock = (async (name: string, ...rest: [LockBody] | [LockOptions, LockBody]) => {
    const [options, body] = rest.length === 1 ? [{}, rest[0]] : rest;
    const lock = await this.lock(name, options);
    try {
      return await body(lock);
    } finally {
      await lock.release().catch((error: unknown) => this.#reportRelease(name, error));
    }
  }) as Verbs['withLock'];

  /** The lease ends by itself; what came of the body is not touched by it. */
  #reportRelease(name: string, error: unknown): void {
    const { observer } = this.#deps.member.deps;
    observe(observer, 'broker.trouble', { what: `releasing lock "${name}"`, error: describeError(error) });
  }
}

type LockBody = (lock: Lock) => unknown;

function named(message: string | MessageContract): { name: string; schema?: Schema; reply?: Schema | undefined } {
  return typeof message === 'string'
    ? { name: message }
    : { name: message.name, schema: message.data, reply: message.reply };
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
