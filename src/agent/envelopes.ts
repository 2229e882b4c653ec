/**
 * What a handler receives: a task, a message or a broadcast, typed by the schema or contract named in the parameter.
 *
 * Decorators cannot type a parameter, so the parameter says it (`task: Task<typeof AuditInput>`), the decorator checks
 * it, and callers read it from there. The `types` symbol holds no value at run time; it makes schemas part of the type.
 */
import type { Trace } from '../core/envelope.ts';
import type { BroadcastContract, MessageContract, OutputOf, Schema, TaskContract } from './contract.ts';
import type { Lock } from './lock.ts';
import type { FanOut } from './many-tasks.ts';

type MaybeSchema = Schema | undefined;

declare const types: unique symbol;

/** A task in the hands of its handler. Write it as `Task<...>`. */
export interface TaskOf<In extends MaybeSchema, Out extends MaybeSchema, Name extends string = string> {
  /** The fleet-wide id, the same in every attempt: the right idempotency key for effects outside. */
  readonly id: string;
  readonly name: Name;
  /** Checked, with the schema's defaults and transforms applied. */
  readonly input: OutputOf<In>;
  /** 1 for the first delivery. */
  readonly attempt: number;
  /** True when an earlier delivery may have run in part: its holder was lost, or the attempt failed. */
  readonly redelivered: boolean;
  /** Milliseconds since 1970, server time, after which nobody waits for the result. */
  readonly deadline?: number;
  /** Agent id or client name of the sender. */
  readonly from: string;
  readonly trace: Trace;
  /** Id of the task whose handler fanned this one out. */
  readonly parent?: string;
  /** Aborts on timeout, deadline, cancellation, a lost lease or lock, and at the end of a drain's grace. */
  readonly signal: AbortSignal;
  /** The lock taken for this task by the `lock` option, with its fencing token. */
  readonly lock?: Lock;
  /**
   * Tells how far the work is, to callers, command line and dashboard. Live: the latest report replaces the one before,
   * and reports within one tick are merged.
   */
  progress(done: number, total?: number, note?: string): Promise<void>;
  /** Splits this task into children. See {@link FanOut}. */
  readonly fanOut: FanOut;
  readonly [types]?: { readonly in: (schema: In) => In; readonly out: Out };
}

/** A message or an ask in the hands of its handler. Write it as `Message<...>`. */
export interface MessageOf<Data extends MaybeSchema, Name extends string = string> {
  readonly id: string;
  readonly name: Name;
  /** Agent id or client name of the sender. */
  readonly from: string;
  /** Checked, with the schema's defaults and transforms applied. */
  readonly data: OutputOf<Data>;
  /** Milliseconds since 1970, server time. */
  readonly sentAt: number;
  /** True when an earlier owner of this agent id may have handled the message already. Never true for an ask. */
  readonly redelivered: boolean;
  /** True when the sender waits for the value that the handler returns. */
  readonly isAsk: boolean;
  /** Of an ask: milliseconds since 1970, server time, when the sender gives up. */
  readonly deadline?: number;
  readonly trace: Trace;
  /** Aborts at an ask's deadline, when the activation is lost, and at the end of a drain's grace. */
  readonly signal: AbortSignal;
  readonly [types]?: (schema: Data) => Data;
}

/** A broadcast in the hands of its handler. Write it as `Broadcast<...>`. */
export interface BroadcastOf<Data extends MaybeSchema, Topic extends string = string> {
  /** Its id in the fleet's event stream. */
  readonly id: string;
  readonly topic: Topic;
  /** Agent id or client name of the sender. */
  readonly from: string;
  /** Checked, with the schema's defaults and transforms applied. */
  readonly data: OutputOf<Data>;
  /** Milliseconds since 1970, server time. */
  readonly sentAt: number;
  /** True when retention trimmed events between the last one seen and this one: some broadcasts were missed. */
  readonly gap?: boolean;
  /** True when the agent may have handled the event already: before a crash, or before the broker lost data and got it again. */
  readonly redelivered?: boolean;
  readonly [types]?: (schema: Data) => Data;
}

/**
 * A handler's task: `Task<typeof Input>`, `Task<typeof contract>`, or `Task` without a schema.
 *
 * A class-form caller sees the handler's return type as the result. `Task<typeof Input, typeof Output>` and the contract
 * form make it see the output schema's type instead, which is what it gets when that schema transforms.
 *
 * @example
 * async audit(task: Task<typeof AuditInput>) {
 *   await task.progress(1, 3, 'reading');
 *   task.signal.throwIfAborted();
 *   return { findings: [] };
 * }
 */
export type Task<S extends MaybeSchema | TaskContract = undefined, Out extends MaybeSchema = MaybeSchema> =
  S extends TaskContract<infer Name, infer In, infer ContractOut>
    ? TaskOf<In, ContractOut, Name>
    : TaskOf<Extract<S, MaybeSchema>, Out>;

/** A handler's message: `Message<typeof Data>`, `Message<typeof contract>`, or `Message` without a schema. */
export type Message<S extends MaybeSchema | MessageContract = undefined> =
  S extends MessageContract<infer Name, infer Data> ? MessageOf<Data, Name> : MessageOf<Extract<S, MaybeSchema>>;

/** A handler's broadcast: `Broadcast<typeof Data>`, `Broadcast<typeof contract>`, or `Broadcast` without a schema. */
export type Broadcast<S extends MaybeSchema | BroadcastContract = undefined> =
  S extends BroadcastContract<infer Topic, infer Data>
    ? BroadcastOf<Data, Topic>
    : BroadcastOf<Extract<S, MaybeSchema>>;
