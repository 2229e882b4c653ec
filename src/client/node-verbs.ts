/**
 * Draining and restarting nodes from outside: tell one, and wait until it has left, or until its successor is up.
 *
 * The end of a node is heard, not looked for: an ask that is never answered fails when its node goes (commands.ts).
 */
import { sleep } from '../core/clock.ts';
import { type Duration, durationMs } from '../core/duration.ts';
import { AgentUnavailable, DeliveryError } from '../core/errors.ts';
import { commandNode } from './commands.ts';
import type { VerbsDeps } from './verbs.ts';

export interface DrainOptions {
  /** How long running handlers may go on. Default: as the node is configured. */
  readonly grace?: Duration;
}

/** How long a drain takes at most: the longest grace that can be configured, and time to leave. */
const longestDrainMs = 3_630_000;
/** How long a node has to come back when its predecessor has left. */
const comeBackMs = 120_000;
const lookEveryMs = 100;

/** Drains a node; resolves when it has left the fleet. */
export async function drainNode(deps: VerbsDeps, node: string, options: DrainOptions = {}): Promise<void> {
  await tell(deps, node, 'drain', options);
}

/** Drains a node and has it come back; resolves to the id of its successor when that is up. */
export async function restartNode(deps: VerbsDeps, node: string, options: DrainOptions = {}): Promise<string> {
  await tell(deps, node, 'restart', options);
  const { clock } = deps.member.deps;
  const until = clock.monotonic() + comeBackMs;
  for (;;) {
    const successor = await successorOf(deps, node);
    if (successor !== undefined) return successor;
    if (clock.monotonic() > until)
      throw new DeliveryError(
        'reply-timeout',
        `expected a successor of node "${node}" to be up within ${comeBackMs} ms, got: none\nLook at the process that ran it.`,
      );
    await sleep(clock, lookEveryMs, deps.identity.scope()?.signal);
  }
}

async function tell(deps: VerbsDeps, node: string, kind: 'drain' | 'restart', { grace }: DrainOptions): Promise<void> {
  await commandNode(deps, node, kind, grace === undefined ? {} : { graceMs: durationMs(grace, 'grace') });
  try {
    await commandNode(deps, node, 'until-gone', {}, { deadline: longestDrainMs });
  } catch (error) {
    if (!(error instanceof AgentUnavailable)) throw error; // that it has gone is what was waited for
  }
}

/** Once it is up. */
async function successorOf(deps: VerbsDeps, node: string): Promise<string | undefined> {
  const nodes = await deps.member.deps.broker.presence.nodes();
  const successor = nodes.find(({ replaces, alive }) => alive && replaces === node)?.node;
  if (successor === undefined) return undefined;
  try {
    const health = (await commandNode(deps, successor, 'health', {})) as { state?: unknown } | null;
    return health?.state === 'up' ? successor : undefined;
  } catch (error) {
    if (error instanceof AgentUnavailable) return undefined; // it went before it was up; the next one says so, too
    throw error;
  }
}
