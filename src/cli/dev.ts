/**
 * `runtime dev`: the fleet of this directory, replaced whenever a source file of it changes.
 *
 * This process runs nothing of the user's; it watches the files, keeps the private server up in between, and tells what happens.
 */
import { dirname, resolve } from 'node:path';
import type { EmbeddedServer } from '../compose/embedded.ts';
import { type CliContext, type CommonOptions, type Registration, withFleetOptions } from './context.ts';
import { DevFleet } from './dev-fleet.ts';
import type { Ended } from './node-process.ts';
import { good, warning } from './render/colours.ts';
import { plain, span } from './render/text.ts';
import { aborted } from './run-task.ts';
import { watchSources } from './source-watch.ts';
import { listenForStop } from './stop-signals.ts';
import { commonArgs } from './supervise.ts';
import { exitCodes } from './usage.ts';

interface Options extends CommonOptions {
  readonly verbose?: true;
}

export function registerDev({ program, context, act }: Registration): void {
  const command = program
    .command('dev')
    .description('run the agents, and start them anew whenever a source file changes')
    .option('--plain', 'plain lines also on a terminal');
  withFleetOptions(command).action(act((options: Options) => dev(options, context)));
}

async function dev(options: Options, context: CliContext): Promise<number> {
  const { output, clock, env, cwd } = context;
  const projectDir = options.config === undefined ? cwd : dirname(resolve(cwd, options.config));
  const server = new HeldServer(projectDir, context);
  const fleet = new DevFleet({
    clock,
    cwd,
    args: ['start', ...commonArgs(options)],
    env: output.colours ? { ...env, FORCE_COLOR: '1' } : env,
    onLine: (line, stream) => output[stream](line),
    onUp: (tookMs, embedded) => {
      output.out(`${good('+')} up after ${span(tookMs)}; it starts anew when a source file changes`);
      if (embedded) server.hold();
    },
    onFallen: (ended) => output.err(`${warning('!')} the fleet ${howEnded(ended)}; it starts anew at the next change`),
  });
  const stop = listenForStop(context, () => fleet.kill());
  const watching = watchSources(projectDir, {
    clock,
    onChange: (files) => {
      output.out(`${warning('~')} ${plain(files.slice(0, 3).join(', '))}${more(files.length - 3)} changed`);
      fleet.replace();
    },
    onTrouble: (folder, error) =>
      output.err(`${warning('!')} ${plain(folder)} cannot be watched: ${plain(error.message)}`),
  });
  try {
    fleet.replace();
    await aborted(stop.signal);
    return exitCodes.ok;
  } finally {
    watching.close();
    await fleet.stop();
    await server.release();
    stop.close();
  }
}

function more(count: number): string {
  return count > 0 ? ` and ${count} more` : '';
}

function howEnded({ code, signal }: Ended): string {
  if (signal !== null) return `was ended by ${signal}`;
  return code === 0 ? 'has drained' : `ended with status ${code ?? 'unknown'}`;
}

/** The private server, used from the first time the fleet is up on it, so that it does not stop between two copies. */
class HeldServer {
  readonly #projectDir: string;
  readonly #context: CliContext;
  #server: Promise<EmbeddedServer | undefined> | undefined;

  constructor(projectDir: string, context: CliContext) {
    this.#projectDir = projectDir;
    this.#context = context;
  }

  hold(): void {
    this.#server ??= this.#start().catch(() => undefined); // the next copy starts one of its own then
  }

  async release(): Promise<void> {
    await (await this.#server)?.release();
  }

  async #start(): Promise<EmbeddedServer | undefined> {
    const { startEmbedded } = await import('../compose/embedded.ts');
    const { clock, random, env } = this.#context;
    const server = await startEmbedded(this.#projectDir, { clock, random, env });
    return server.kind === 'server' ? server : undefined;
  }
}
