/**
 * Node commands: what the fleet wants of a node itself, as an ask that is addressed to the node instead of to an agent.
 *
 * It ends like any ask (asks.ts, A1): with the answer, at its deadline, or at once when the node goes. A node answers by
 * node-commands.ts; what the commands are called and what they take is agreed here.
 */
import type { Duration } from '../core/duration.ts';
import { nodeAddress } from '../core/node-address.ts';
import type { VerbsDeps } from './verbs.ts';
import { wrap } from './wrap.ts';

/** What a command is given. */
export interface NodeCommands {
  /** Drain and leave the fleet. */
  readonly drain: { readonly graceMs?: number };
  /** Drain, and come back as a new incarnation. */
  readonly restart: { readonly graceMs?: number };
  /** Bring up an agent that was enrolled for it: the record as it was written. Answered when it is up. */
  readonly spawn: { readonly name: string; readonly text: string; readonly version: string };
  /** Take down an agent that was struck off the roster. Answered when it is down. */
  readonly 'stop-agent': { readonly id: string };
  /** How the node is. */
  readonly health: Record<string, never>;
  /** Never answered: whoever asks hears of it when the node goes. */
  readonly 'until-gone': Record<string, never>;
}

export interface CommandOptions {
  readonly deadline?: Duration | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Commands a node; resolves to its answer.
 *
 * @throws AgentUnavailable when the node is not present, or goes before it has answered; DeliveryError when it does not know the
 *   command or does not answer in time; HandlerError with what went wrong there as its cause.
 */
export async function commandNode<Name extends keyof NodeCommands>(
  { member, identity, settings }: VerbsDeps,
  node: string,
  name: Name,
  data: NodeCommands[Name],
  options: CommandOptions = {},
): Promise<unknown> {
  const deadline = options.deadline ?? settings.askDeadlineMs;
  const envelope = wrap(member, identity, { kind: 'ask', to: nodeAddress(node), name, data, deadline, waits: true });
  const leftMs = Math.max(0, (envelope.deadline ?? 0) - member.serverNow());
  return await member.asks.ask(envelope, leftMs, options.signal ?? identity.scope()?.signal);
}
