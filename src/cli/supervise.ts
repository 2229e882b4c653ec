/**
 * `runtime start` as a supervisor process: which node processes there are, the private server they share, and how it ends.
 *
 * It runs no agent itself. Each node process is the ordinary `runtime start` of the same configuration, told which hostings are its.
 */
import type { HostingConfig } from '../config/config.ts';
import { ConfigError } from '../core/errors.ts';
import { processCodes } from '../runtime/process-policy.ts';
import { defaultRestartPolicy } from '../runtime/restart-policy.ts';
import type { CliContext, CommonOptions } from './context.ts';
import type { FleetSettings } from './load.ts';
import { narrateProcesses } from './narrate-processes.ts';
import { NodeProcesses, type Place, type ProcessesEnd } from './node-processes.ts';
import { faint, strong } from './render/colours.ts';
import { plain, plural, span } from './render/text.ts';
import { exitCodes, tellError } from './usage.ts';

export interface SupervisorOptions extends CommonOptions {
  /** How many node processes run the hostings that have none of their own. */
  readonly nodes?: number;
  readonly verbose?: true;
}

interface Supervision {
  readonly options: SupervisorOptions;
  readonly context: CliContext;
  readonly settings: FleetSettings;
  /** Aborts when everything is to drain. */
  readonly signal: AbortSignal;
  /** What is done once all are up; its code is the end's when `exit` says so. */
  readonly run: (signal: AbortSignal) => Promise<number>;
  readonly exit: boolean;
}

export function isIsolated({ isolation }: Pick<HostingConfig, 'isolation'>): boolean {
  return isolation === 'process';
}

/** Supervises until everything has ended. `keepKill` is handed the way to end it all at once. */
export async function supervise(
  supervision: Supervision,
  keepKill: (kill: () => void) => void,
  onUp: (embedded: boolean) => void,
): Promise<number> {
  const { context, settings, signal, options } = supervision;
  const { config, projectDir } = settings;
  const { clock, random, cwd, output } = context;
  const places = placesOf(settings.agents, options);
  const server = await sharedServer(settings, places.length, context);
  const { hangLimitMs, drainGraceMs } = config.timing;
  const env = output.colours ? { ...context.env, FORCE_COLOR: '1' } : context.env;
  const policy = defaultRestartPolicy;
  const told = narrateProcesses(context, places, projectDir);
  const processes = new NodeProcesses({ clock, random, cwd, env, places, hangLimitMs, drainGraceMs, policy, told });
  keepKill(() => processes.kill());
  const stop = (): void => processes.stop();
  try {
    output.out(`${strong(`fleet ${config.fleet}`)}  ${faint(headline(places, hangLimitMs))}`);
    if (signal.aborted) return exitCodes.ok;
    signal.addEventListener('abort', stop, { once: true });
    processes.start();
    const code = await whileUp(processes, supervision, () => onUp(server !== undefined));
    return tellEnd(await processes.ended, supervision) ?? code;
  } finally {
    signal.removeEventListener('abort', stop);
    await server?.release();
  }
}

/** What `--run` makes of it: its code, when it decides about the end. */
async function whileUp(processes: NodeProcesses, supervision: Supervision, onUp: () => void): Promise<number> {
  const { context, run, exit, signal } = supervision;
  const over = new AbortController();
  void processes.ended.then(() => over.abort());
  await Promise.race([processes.up, processes.ended]);
  if (over.signal.aborted || signal.aborted) return exitCodes.ok;
  onUp();
  const code = await run(AbortSignal.any([signal, over.signal]));
  if (exit) processes.stop();
  else if (!signal.aborted && !over.signal.aborted) context.output.out(faint('the fleet is up; Ctrl-C stops it'));
  return exit ? code : exitCodes.ok;
}

/** Undefined: it ended as it should. */
function tellEnd(end: ProcessesEnd, { context, options }: Supervision): number | undefined {
  const name = end.place?.name ?? 'a node process';
  if (end.kind === 'hopeless') {
    context.output.err(`${name} ${end.why ?? ''} and would do so again; the supervisor process ends, too`);
    return end.code ?? processCodes.config;
  }
  if (end.kind !== 'intensity') return undefined;
  const { intensity, periodMs } = defaultRestartPolicy;
  const error = new Error(
    `expected ${name} to stay up, got: more than ${intensity} restarts within ${span(periodMs)}; the last time it ${end.why ?? 'ended'}\nEverything was stopped. What it printed before stands above, behind "${name} |".`,
  );
  tellError(error, context.output, options.verbose ?? false);
  return exitCodes.givenUp;
}

/** N for what is together, and one for each hosting that is isolated. */
function placesOf(agents: readonly HostingConfig[], options: SupervisorOptions): readonly Place[] {
  const common = commonArgs(options);
  const isolated = agents.filter(isIsolated);
  const count = agents.length > isolated.length ? (options.nodes ?? 1) : 0;
  const together = Array.from({ length: count }, (_, index) => ({
    name: `n${index + 1}`,
    args: ['start', '--shared', ...common],
  }));
  const own = isolated.map((hosting) => ({
    name: hosting.kind === 'single' ? hosting.id : hosting.role,
    args: ['start', '--isolated', hosting.role, ...common],
    ...(hosting.memoryMb !== undefined && { memoryMb: hosting.memoryMb }),
  }));
  return [...together, ...own];
}

/** The command line of each is that of the supervisor process. */
export function commonArgs({ config, redis, fleet, verbose }: Omit<SupervisorOptions, 'nodes'>): readonly string[] {
  const named = Object.entries({ config, redis, fleet }).flatMap(([option, value]) =>
    value === undefined ? [] : [`--${option}`, value],
  );
  return verbose ? [...named, '--verbose'] : named;
}

/** The private server, held from before the first node process to after the last; undefined: the fleet's Redis is another. */
async function sharedServer({ config, projectDir }: FleetSettings, processes: number, context: CliContext) {
  if (config.redis !== undefined) return undefined;
  const { startEmbedded } = await import('../compose/embedded.ts');
  const { clock, random, env, output } = context;
  const server = await startEmbedded(projectDir, { clock, random, env });
  if (server.kind === 'server') {
    const adopted = server.adopted ? ', was running already' : '';
    output.out(faint(`  private redis-server of this directory (pid ${server.pid}${adopted})`));
    return server;
  }
  if (processes === 1) return undefined;
  throw new ConfigError([
    `expected ${plural(processes, 'node process', 'node processes')} to have a Redis in common, got: ${plain(server.why)}\nProcesses cannot share memory: set REDIS_URL, put a redis-server 7 on the PATH, or run everything in one process.`,
  ]);
}

function headline(places: readonly Place[], hangLimitMs: number): string {
  const names = places.map((place) => place.name).join(', ');
  return `${plural(places.length, 'node process', 'node processes')} (${plain(names)}), each replaced when it dies or makes no progress for ${span(hangLimitMs)}`;
}
