/**
 * What a command of the command line is given instead of reaching for the process: printing, time, environment, signals.
 * Tests hand in their own, so that a command runs without a process of its own.
 */
import type { Command } from 'commander';
import type { Clock } from '../core/clock.ts';
import type { Random } from '../core/random.ts';
import type { FleetOptions } from './load.ts';
import type { Output } from './output.ts';
import type { SupervisorChannel } from './process-words.ts';

/** SIGINT and SIGTERM of this process. */
export interface Signals {
  /** Hears every signal from now on, instead of the process ending by it. Returns the way to stop listening. */
  listen(hear: (signal: 'SIGINT' | 'SIGTERM') => void): () => void;
  /** Ends the process at once; nothing else runs. */
  exitNow(code: number): void;
}

export interface CliContext {
  readonly output: Output;
  readonly cwd: string;
  readonly env: NodeJS.ProcessEnv;
  readonly clock: Clock;
  readonly random: Random;
  readonly signals: Signals;
  /** To the process that started this one to supervise it; absent: nobody did. */
  readonly channel?: SupervisorChannel;
  /** Asks the person at the terminal; absent where there is none. */
  readonly confirm?: ((question: string) => Promise<boolean>) | undefined;
}

/** Adds one command or family to the program. `act` runs its body and keeps the exit code it resolves to. */
export interface Registration {
  readonly program: Command;
  readonly context: CliContext;
  readonly act: <Args extends readonly unknown[]>(
    body: (...args: Args) => Promise<number>,
  ) => (...args: Args) => Promise<void>;
}

export type Register = (registration: Registration) => void;

/** The options of every command that meets a fleet. */
export function withFleetOptions(command: Command): Command {
  return command
    .option('--config <file>', 'configuration file (default: runtime.config.ts of this directory)')
    .option('--redis <url>', 'Redis of the fleet (or REDIS_URL)')
    .option('--fleet <name>', 'name of the fleet (or RUNTIME_FLEET)')
    .option('--verbose', 'tell everything, and errors with their stacks');
}

export type CommonOptions = FleetOptions;
