/**
 * From the words after `runtime` to an exit code: the list of commands, and what becomes of everything they throw.
 *
 * Follow it down: bin/runtime.js calls `main`, one file per command registers itself here, `start.ts` puts a node together.
 */
import { readFileSync } from 'node:fs';
import { Command, CommanderError } from 'commander';
import { codeFile } from '../core/code-folder.ts';
import { systemClock, systemRandom } from '../core/system.ts';
import { terminalConfirm } from './confirm.ts';
import type { CliContext, Register, Registration, Signals } from './context.ts';
import { terminalOutput } from './output.ts';
import { supervisorChannel, type Watchdog } from './process-words.ts';
import { registerStart } from './start.ts';
import { exitCodes, tellError } from './usage.ts';

/**
 * Runs one command line (without node and script) in this process and resolves to its exit code. `watchdog`: of a process that has a
 * supervisor process.
 */
export async function main(argv: readonly string[], watchdog?: Watchdog): Promise<number> {
  const { stdout, stderr, env } = process;
  stdout.on('error', endOnClosedPipe);
  const output = await terminalOutput({ stdout, stderr, env, plain: argv.includes('--plain') });
  const context = {
    output,
    cwd: process.cwd(),
    env,
    clock: systemClock,
    random: systemRandom,
    signals: processSignals,
    ...(argv.includes('--supervised') && superviseMe(watchdog)),
    confirm: terminalConfirm(process),
  };
  return runCommand(argv, context);
}

/** The channel, where there is one. Whoever reads the errors may be gone before the drain is over. */
function superviseMe(watchdog: Watchdog | undefined): Pick<CliContext, 'channel'> {
  process.stderr.on('error', () => {});
  const channel = supervisorChannel(process, watchdog);
  return channel === undefined ? {} : { channel };
}

/** The same with everything handed in. */
export async function runCommand(argv: readonly string[], context: CliContext): Promise<number> {
  let code: number = exitCodes.ok;
  const program = createProgram(context, await commandsFor(argv), (result) => (code = result));
  const debug = (context.env['DEBUG'] ?? '') !== '';
  try {
    await program.parseAsync([...argv], { from: 'user' });
    return code;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.ok : exitCodes.usage;
    return tellError(error, context.output, debug || argv.includes('--verbose'));
  }
}

function createProgram(context: CliContext, commands: readonly Register[], keep: (code: number) => void): Command {
  const { output } = context;
  const program = new Command('runtime')
    .description('An actor-style runtime for agents on Redis.')
    .version(packageVersion(), '-V, --version')
    .exitOverride()
    .configureOutput({
      writeOut: (text) => output.out(text.trimEnd()),
      writeErr: (text) => output.err(text.trimEnd()),
      getOutHelpWidth: () => Math.min(output.columns, 100),
      getErrHelpWidth: () => Math.min(output.columns, 100),
    })
    .showHelpAfterError('(runtime --help shows what there is)')
    .addHelpText('after', examples);
  const act: Registration['act'] =
    (body) =>
    async (...args) =>
      keep(await body(...args));
  const registration = { program, context, act };
  for (const register of commands) register(registration);
  return program;
}

/** All of them, for the help and for a word that is none; the node that is started does not load what looks at one. */
async function commandsFor(argv: readonly string[]): Promise<readonly Register[]> {
  if (argv[0] === 'start') return [registerStart];
  const { commands } = await import('./commands.ts');
  return [registerStart, ...commands];
}

const examples = `
Examples:
  runtime start                                   run the fleet of runtime.config.ts
  runtime start --run audit --input '{"path":"."}' --exit
                                                  hand it one task, show the result, stop
  runtime start --nodes 4                         in four processes, each replaced when it dies or hangs
  runtime dev                                     run it, and start it anew whenever a file changes
  runtime status                                  from another terminal: who is up, what waits
  runtime events --follow --topic 'audit.**'      watch the broadcasts
  runtime enqueue audit check '{"check":"secrets","path":"."}' --wait

Without a Redis (--redis, REDIS_URL or the configuration) "start" runs a private redis-server in
.runtime/, and the other commands find it there.`;

const processSignals: Signals = {
  listen(hear) {
    process.on('SIGINT', hear);
    process.on('SIGTERM', hear);
    return () => {
      process.off('SIGINT', hear);
      process.off('SIGTERM', hear);
    };
  },
  exitNow: (code) => process.exit(code),
};

/** `runtime events | head` closes the pipe when it has enough: no error. A node that nobody listens to any more drains. */
function endOnClosedPipe(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EPIPE') throw error;
  if (process.listenerCount('SIGTERM') === 0) process.exit(exitCodes.ok);
  process.stdout.off('error', endOnClosedPipe).on('error', () => {}); // one stop is enough; what is still printed is for nobody
  process.emit('SIGTERM');
}

function packageVersion(): string {
  return (JSON.parse(readFileSync(codeFile('../package.json'), 'utf8')) as { version: string }).version;
}
