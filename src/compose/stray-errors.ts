/**
 * Errors of the process that nobody handles (unhandled rejections, uncaught exceptions): whose they are, and how many are too many.
 *
 * Only where this is installed; a process that embeds a fleet keeps its own way unless it asks for it (`StartDeps.catchUnhandled`).
 *
 * U19 An error of an agent's code fails that agent (`src/runtime/culprits.ts`), and the process goes on.
 * U20 More than `limit` of those within a minute end the process's part in the fleet, with the reason: agents that break so often are
 *     not mended by restarts, and what they share with each other may be broken, too.
 * U21 An error that is no agent's is not ours: where others listen they decide; else it ends the process as if nobody had listened.
 */
import type { Clock } from '../core/clock.ts';
import { describeError } from '../core/errors.ts';
import { observe, type Observer } from '../core/observer.ts';
import { addRestart } from '../runtime/restart-policy.ts';

const periodMs = 60_000;
const names = ['unhandledRejection', 'uncaughtException'] as const;
type Name = (typeof names)[number];

/** The part of `process` that is used. */
export interface ErrorSource {
  on(name: Name, hear: (error: unknown) => void): unknown;
  off(name: Name, hear: (error: unknown) => void): unknown;
  listenerCount(name: Name): number;
}

export interface StrayErrorsDeps {
  readonly source: ErrorSource;
  readonly clock: Clock;
  readonly observer: Observer;
  /** U20: errors in any minute. */
  readonly limit: number;
  /** Asked in the context of the error: the agent that it is laid to. */
  readonly blame: (error: unknown) => string | undefined;
  /** U20 */
  readonly onTooMany: (reason: string, error: unknown) => void;
}

/** Listens until the function that it returns is called. */
export function catchStrayErrors(deps: StrayErrorsDeps): () => void {
  const { source, clock, observer, limit } = deps;
  let history: readonly number[] | undefined = [];
  const hear = (name: Name) => (error: unknown) => {
    const agent = deps.blame(error);
    if (agent === undefined) return leaveToOthers(name, error);
    observe(observer, 'log', { agent, level: 'error', message: `${what[name]}: ${stackOf(error)}` });
    if (history === undefined) return; // it was told
    history = addRestart({ intensity: limit, periodMs }, history, clock.monotonic());
    if (history === undefined) deps.onTooMany(tooMany(limit, agent, error), error);
  };
  const heard = names.map((name) => ({ name, listener: hear(name) }));
  const stop = (): void => heard.forEach(({ name, listener }) => void source.off(name, listener));
  /** U21 */
  const leaveToOthers = (name: Name, error: unknown): void => {
    if (source.listenerCount(name) > 1) return;
    stop();
    clock.setTimer(0, () => {
      throw error; // nobody listens any more: it ends the process, with its stack
    });
  };
  for (const { name, listener } of heard) source.on(name, listener);
  return stop;
}

const what: Readonly<Record<Name, string>> = {
  unhandledRejection: 'a rejection that nobody handles',
  uncaughtException: 'an exception that nobody catches',
};

function stackOf(error: unknown): string {
  const { message, stack } = describeError(error);
  return stack ?? message;
}

function tooMany(limit: number, agent: string, error: unknown): string {
  return (
    `expected the agents of this process to leave at most ${limit} errors unhandled in a minute, got: one more, by agent "${agent}": ` +
    `${describeError(error).message.split('\n', 1)[0]}\nAwait what the agents begin, or handle its failure; limits.unhandled allows more.`
  );
}
