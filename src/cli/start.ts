/**
 * `runtime start`: the composition root of production. This process becomes a node that runs the agents of the
 * configuration until it is told to stop; with `--run` it hands the fleet one task and shows what becomes of it.
 *
 * With `--nodes`, or an agent that is to have a process of its own, it becomes a supervisor process instead (supervise.ts), whose
 * node processes come through here again, each with a part of the agents.
 */
import { Option } from 'commander';
import type { RunningFleet } from '../compose/start-fleet.ts';
import { Observer } from '../core/observer.ts';
import { loadClient } from '../redis/client.ts';
import { type CliContext, type Registration, withFleetOptions } from './context.ts';
import { type FleetSettings, loadFleet } from './load.ts';
import { narrate } from './narrate.ts';
import { faint, strong, warning } from './render/colours.ts';
import { plain } from './render/text.ts';
import { findRunTarget, type RunTarget } from './run-target.ts';
import { aborted, runTask, tellEnd } from './run-task.ts';
import { giveSignsOfLife } from './sign-of-life.ts';
import { awaitGo } from './spare.ts';
import { listenForStop, type StopRequest } from './stop-signals.ts';
import { isIsolated, supervise, type SupervisorOptions } from './supervise.ts';
import { exitCodes, parseCount, UsageError } from './usage.ts';

interface Options extends SupervisorOptions {
  readonly run?: string;
  readonly input?: string;
  readonly exit?: true;
  /** Of a node process: those that are together, or the role that is by itself. */
  readonly shared?: true;
  readonly isolated?: string;
  readonly spare?: true;
}

export function registerStart({ program, context, act }: Registration): void {
  const command = program
    .command('start')
    .description('run the agents of runtime.config.ts in this process, or in several')
    .option('--run <task>', 'hand this task to the fleet once it is up (role/task when several roles have it)')
    .option('--input <json>', 'input of that task (default: {})')
    .option('--exit', 'stop when that task has ended: status 0 when it was done, 1 when it failed')
    .option('--nodes <count>', 'run so many node processes, and replace those that die or hang', (text) =>
      parseCount(text, '--nodes', 256),
    )
    .option('--hang-limit <duration>', 'how long a node process may make no progress (default: 10s)')
    .option('--plain', 'plain lines also on a terminal');
  for (const flags of ['--supervised', '--shared', '--isolated <role>', '--spare'])
    command.addOption(new Option(flags).hideHelp());
  withFleetOptions(command).action(act((options: Options) => start(options, context)));
}

async function start(options: Options, context: CliContext): Promise<number> {
  const { cwd, env, channel, clock } = context;
  if (options.exit && options.run === undefined)
    throw new UsageError('expected --exit to come with --run, got: --exit alone\nWrite: --run <task> --exit');
  const signs = channel && giveSignsOfLife(channel, clock);
  let kill = (): void => {};
  const stop = listenForStop(context, () => kill());
  try {
    if (options.spare && !(await awaitGo(context))) return exitCodes.ok;
    const loading = loadFleet({ cwd, env, options });
    loadClient(); // while a loader for TypeScript comes up
    const settings = ownPart(await loading, options);
    channel?.graceIs(settings.config.timing.drainGraceMs);
    const target = await findRunTarget(settings.agents, options.run, options.input);
    const run: Run = { options, context, settings, target, stop };
    if (options.nodes === undefined && (isPart(options) || !settings.agents.some(isIsolated)))
      return await runFleet(run);
    return await superviseFleet(run, (way) => (kill = way));
  } finally {
    signs?.cancel();
    stop.close();
    context.output.live('');
  }
}

interface Run {
  readonly options: Options;
  readonly context: CliContext;
  readonly settings: FleetSettings;
  readonly target: RunTarget | undefined;
  readonly stop: StopRequest;
}

function isPart({ shared, isolated }: Options): boolean {
  return shared === true || isolated !== undefined;
}

/** The agents that are this process's to run. */
function ownPart(settings: FleetSettings, options: Options): FleetSettings {
  if (!isPart(options)) return settings;
  const agents = settings.agents.filter((hosting) =>
    options.isolated === undefined ? !isIsolated(hosting) : hosting.role === options.isolated,
  );
  return { ...settings, agents, config: { ...settings.config, agents } };
}

function superviseFleet(run: Run, keepKill: (kill: () => void) => void): Promise<number> {
  const { options, context, settings, target, stop } = run;
  const verbose = options.verbose ?? false;
  const runTarget = async (signal: AbortSignal): Promise<number> => {
    if (target === undefined) return exitCodes.ok;
    const { withFleet } = await import('./with-fleet.ts');
    const ended = aborted(signal).then(() => ({ kind: 'stopped' as const, reason: 'stopped' }));
    return withFleet(context, options, (fleet) =>
      runTask({ running: { fleet, ended }, target, context, signal: stop.signal, verbose }),
    );
  };
  const supervision = { options, context, settings, signal: stop.signal, exit: options.exit ?? false, run: runTarget };
  return supervise(supervision, keepKill, (embedded) => context.channel?.say({ kind: 'up', embedded }));
}

async function runFleet(run: Run): Promise<number> {
  const { options, context, settings, target, stop } = run;
  const { output } = context;
  const verbose = options.verbose ?? false;
  const observer = new Observer();
  if (!isPart(options)) output.out(strong(`fleet ${settings.config.fleet}`));
  const quiet = narrate(observer, output, { verbose });
  const { startResolved } = await import('../compose/start-fleet.ts');
  const { projectDir, config } = settings;
  const { RUNTIME_SUPERVISED, RUNTIME_REPLACES } = context.env;
  const place = { supervised: RUNTIME_SUPERVISED === '1', replaces: RUNTIME_REPLACES || undefined };
  const deps = { observer, projectDir, env: context.env, signal: stop.signal, catchUnhandled: true, ...place };
  const running = await startResolved(config, deps).catch((error: unknown) => {
    if (!stop.signal.aborted) throw error;
  });
  if (running === undefined) return exitCodes.ok; // told to stop before it was up
  try {
    tellUp(running, run);
    const taken = { running, context, signal: stop.signal, verbose };
    const code = target === undefined ? exitCodes.ok : await runTask({ ...taken, target });
    if (options.exit) return code;
    if (!isPart(options) && !options.spare && !stop.signal.aborted)
      output.out(faint('the fleet is up; Ctrl-C stops it'));
    return await untilEnd(running, run);
  } finally {
    await running.stop(stop.graceMs() === undefined ? {} : { graceMs: stop.graceMs() ?? 0 });
    quiet();
  }
}

/** A supervisor process has told of the server already. */
function tellUp({ remark, fleet }: RunningFleet, { context, options }: Run): void {
  const { output, channel } = context;
  if (remark !== undefined && !isPart(options)) output.out(remarkLine(remark));
  for (const text of fleet.info.warnings) output.out(`${warning('!')} ${plain(text)}`);
  channel?.say({ kind: 'up', embedded: remark?.startsWith('private') ?? false });
}

/** The private server is as it should be; memory is something to know about. */
function remarkLine(remark: string): string {
  return remark.startsWith('private') ? faint(`  ${plain(remark)}`) : `${warning('!')} ${plain(remark)}`;
}

/** Waits for the signal, or for the fleet to end by itself, which is a failure. */
async function untilEnd(running: RunningFleet, { stop, context, options }: Run): Promise<number> {
  const end = await Promise.race([running.ended, aborted(stop.signal)]);
  if (end === undefined) return exitCodes.ok;
  if (end.kind === 'restart') context.channel?.say({ kind: 'restart', node: running.node });
  return tellEnd(end, context, options.verbose ?? false);
}
