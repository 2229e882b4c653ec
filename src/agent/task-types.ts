/**
 * From an agent class to the tasks it serves, in types: the handlers are the methods whose first parameter is a `Task`.
 *
 * A mapped type instead of a registry, so that callers are typed by `AuditAgent` alone. An undecorated public method that
 * takes a `Task` appears here too; `enqueue` finds at run time that it is none and refuses it.
 */
import type { InputOf, OutputOf, Schema } from './contract.ts';
import type { TaskOf } from './envelopes.ts';

/** A class whose instances the runtime makes: its constructor takes nothing. */
export type AgentClass<A extends object = object> = new () => A;

type MaybeSchema = Schema | undefined;

/** What a method returns in the end; that of an async generator is behind its parts. */
type Returned<R> = R extends AsyncGenerator<unknown, infer Last> ? Last : Awaited<R>;

/** What a method yields; `unknown` where it does not say. */
type Yielded<R> = R extends AsyncIterable<infer Part> ? Part : unknown;

/** The task a method handles, and what it returns; `never` when its first parameter is no `Task`. */
type Handled<M> = M extends (task: infer T) => infer R
  ? T extends TaskOf<infer In, infer Out, infer Name>
    ? {
        readonly in: In;
        readonly out: Out;
        readonly name: Name;
        readonly returns: Returned<R>;
        readonly yields: Yielded<R>;
      }
    : never
  : never;

/** The name callers use: the contract's, or else the method's. */
type NameOf<H, K> = H extends { readonly name: infer Name } ? (string extends Name ? K : Name) : never;

type Tasks<A> = { readonly [K in keyof A as NameOf<Handled<A[K]>, K> & string]: Handled<A[K]> };

/** The names of the tasks that class `A` serves. */
export type TaskNames<A> = keyof Tasks<A> & string;

/** What a caller hands in. */
export type TaskInput<A, N extends TaskNames<A>> = Tasks<A>[N] extends { readonly in: infer In } ? InputOf<In> : never;

/** What a caller gets: from the output schema where the `Task` names it, else what the method returns. */
export type TaskResult<A, N extends TaskNames<A>> = Tasks<A>[N] extends {
  readonly out: infer Out extends MaybeSchema;
  readonly returns: infer R;
}
  ? undefined extends Out
    ? R
    : OutputOf<Out>
  : never;

/** The parts a caller reads: what the method yields. */
export type TaskParts<A, N extends TaskNames<A>> = Tasks<A>[N] extends { readonly yields: infer Part } ? Part : never;
