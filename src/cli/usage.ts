/**
 * The ways a command ends badly that are nobody's bug, each with its exit code of sysexits.h, and how any error is told.
 *
 * One line and the line that says how to mend it; a stack only when asked for. Nothing that is told holds a secret.
 */
import { AgentUnavailable, BrokerError, ConfigError, DefinitionError, redact, RuntimeError } from '../core/errors.ts';
import { NodeFailed } from '../runtime/ending.ts';
import type { Output } from './output.ts';
import { bad, faint } from './render/colours.ts';
import { plainLines } from './render/text.ts';

export const exitCodes = {
  ok: 0,
  failed: 1,
  /** EX_USAGE */
  usage: 64,
  /** EX_UNAVAILABLE */
  unavailable: 69,
  /** EX_SOFTWARE: agents or node processes fail more often than they may be restarted, or too many errors are left unhandled */
  givenUp: 70,
  /** EX_TEMPFAIL, of a node under a supervisor process: start me again */
  restart: 75,
  /** EX_CONFIG */
  config: 78,
  /** 128 + SIGINT */
  interrupted: 130,
} as const;

/** The command line is wrong. */
export class UsageError extends RuntimeError {
  constructor(message: string) {
    super('usage', message);
  }
}

/** There is no fleet to talk to. */
export class NoFleetError extends RuntimeError {
  constructor(message: string) {
    super('no-fleet', message);
  }
}

/** Tells `error` and answers with its exit code. */
export function tellError(error: unknown, output: Output, verbose: boolean): number {
  const [first = 'unknown error', ...mends] = messageOf(error).split('\n');
  output.err(`${bad('error:')} ${first}`);
  for (const line of mends) output.err(`  ${line}`);
  if (verbose && error instanceof Error && error.stack !== undefined)
    output.err(faint(plainLines(redact(stacks(error)))));
  return exitCodeOf(error);
}

function exitCodeOf(error: unknown): number {
  if (error instanceof UsageError) return exitCodes.usage;
  if (error instanceof ConfigError || error instanceof DefinitionError) return exitCodes.config;
  if (error instanceof NodeFailed) return exitCodes.givenUp;
  if (error instanceof NoFleetError || error instanceof AgentUnavailable) return exitCodes.unavailable;
  if (error instanceof BrokerError) return exitCodes.unavailable;
  return exitCodes.failed;
}

/** Node reports a refused connection as an AggregateError without words of its own. */
function messageOf(error: unknown): string {
  if (error instanceof AggregateError && error.message === '' && error.errors.length > 0)
    return messageOf(error.errors[0]);
  const message = error instanceof Error ? error.message || error.name : String(error);
  return plainLines(redact(message)).slice(0, 4_000);
}

function stacks(error: Error): string {
  const cause = error.cause instanceof Error ? `\ncaused by: ${stacks(error.cause)}` : '';
  return `${error.stack ?? error.message}${cause}`;
}

/** A whole number from 1 to `most` from the command line. `what` names the option. */
export function parseCount(text: string, what: string, most: number): number {
  const value = /^\d{1,9}$/.test(text) ? Number(text) : 0;
  if (value >= 1 && value <= most) return value;
  throw new UsageError(
    `expected ${what} to be a whole number from 1 to ${most}, got: ${plainLines(text).slice(0, 40)}`,
  );
}

/** JSON from the command line. `what` names the argument. */
export function parseJson(text: string, what: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch (error) {
    throw new UsageError(
      `expected ${what} to be JSON, got: ${plainLines(redact(text)).slice(0, 120)}\n${(error as Error).message}. Quote it for the shell: '{"path":"."}'`,
    );
  }
}
