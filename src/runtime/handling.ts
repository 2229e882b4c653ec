/**
 * What every execution shares: its dependencies, the call without limits of its own, the report of what no sender hears.
 *
 * It stands apart so that tasks and mail can be executed in files that do not know each other.
 */
import type { ContextSlot } from '../core/context-slot.ts';
import type { Notice, NoticePort } from '../broker/notices.ts';
import type { Member } from '../client/member.ts';
import { Post, type PostDeps } from '../client/post.ts';
import type { CallScope, Settings } from '../client/scope.ts';
import type { RuntimeConfig } from '../config/config.ts';
import type { Trace } from '../core/envelope.ts';
import { describeError } from '../core/errors.ts';
import { observe } from '../core/observer.ts';
import type { Cell } from './cell.ts';
import type { Culprits } from './culprits.ts';
import { callHandler, CallSignal } from './handler-call.ts';
import type { PartStreams } from './outgoing-parts.ts';
import type { QueuedReport } from './progress.ts';
import { drain, isStream, pump } from './pump.ts';
import type { Suspects } from './suspects.ts';
import type { ThreadRunner } from './thread-runner.ts';

export interface ExecutionDeps {
  readonly member: Member;
  readonly scopes: ContextSlot<CallScope>;
  readonly culprits: Culprits;
  readonly settings: Settings;
  readonly progress: Post<QueuedReport>;
  readonly replies: Post<Reply>;
  readonly streams: PartStreams;
  readonly suspects: Suspects;
  /** Absent: every handler runs in place. */
  readonly threads?: ThreadRunner | undefined;
  /** An agent that does not run here may soon run, here or elsewhere (client/asks.ts, A5). */
  readonly isMoving: (agentId: string) => boolean;
}

interface Reply {
  readonly address: string;
  readonly notice: Notice;
}

export function settingsOf({ timing, limits }: RuntimeConfig): Settings {
  const { askDeadlineMs, lockLeaseMs, resultTtlMs } = timing;
  return { askDeadlineMs, lockLeaseMs, resultTtlMs, inboxLimit: limits.inbox, maxWaiting: limits.maxWaiting };
}

/** Answers of one tick in one call. */
export function replyPost(deps: Pick<PostDeps<Reply>, 'clock' | 'observer'>, notices: NoticePort): Post<Reply> {
  const { clock, observer } = deps;
  return new Post({ clock, observer, what: 'sending replies', deliver: (replies) => notices.post(replies) });
}

/** Tells of a failure that no sender hears of. */
export function reportFailure(deps: ExecutionDeps, cell: Cell, name: string, error: unknown, isDead = false): void {
  const report = { agent: cell.id, name, error: describeError(error), ...(isDead && { dead: true as const }) };
  observe(deps.member.deps.observer, 'message.failed', report);
}

/** Calls a handler that has no limits of its own: what it returns, or a promise of it. Throws or rejects with what ends the call. */
export function callFreely(deps: ExecutionDeps, cell: Cell, trace: Trace, method: string, ...args: unknown[]): unknown {
  const { clock } = deps.member.deps;
  const limits = new CallSignal(clock, { sources: [cell.life] });
  const drained = (returned: unknown): unknown =>
    isStream(returned) ? pump(returned, drain, limits.signal) : returned;
  const call = (): unknown => {
    const returned = cell.call(method, ...args);
    return returned instanceof Promise ? returned.then(drained) : drained(returned);
  };
  return limits.during(() =>
    callHandler({
      clock,
      scopes: deps.scopes,
      trace,
      limits,
      culprit: deps.culprits.holding(cell, limits),
      onGivenUp: (rest) => cell.giveUp(method, rest),
      body: call,
    }),
  );
}
