/**
 * `runtime start`: the composition root of production. This process becomes a node that runs the agents of the
 * configuration until it is told to stop; with `--run` it hands the fleet one task and shows what becomes of it.
 */
import type { FleetEnd } from '../compose/incarnations.ts';
import type { RunningFleet } from '../compose/start-fleet.ts';
import { Observer } from '../core/observer.ts';
import { type CliContext, type CommonOptions, type Registration, withFleetOptions } from './context.ts';
import { followTask } from './follow-task.ts';
import { type FleetSettings, loadFleet } from './load.ts';
import { narrate } from './narrate.ts';
import { faint, strong, warning } from './render/colours.ts';
import { renderResult } from './render/result.ts';
import { plain } from './render/text.ts';
import { findRunTarget, type RunTarget } from './run-target.ts';
import { listenForStop, type StopRequest } from './stop-signals.ts';
import { exitCodes, tellError, UsageError } from './usage.ts';

interface Options extends CommonOptions {
  readonly run?: string;
  readonly input?: string;
  readonly exit?: true;
  readonly verbose?: true;
}

export function registerStart({ program, context, act }: Registration): void {
  const command = program
    .command('start')
    .description('run the agents of runtime.config.ts in this process')
    .option('--run <task>', 'hand this task to the fleet once it is up (role/task when several roles have it)')
    .option('--input <json>', 'input of that task (default: {})')
    .option('--exit', 'stop when that task has ended: status 0 when it was done, 1 when it failed')
    .option('--plain', 'plain lines also on a terminal');
  withFleetOptions(command).action(act((options: Options) => start(options, context)));
}

async function start(options: Options, context: CliContext): Promise<number> {
  const { cwd, env } = context;
  if (options.exit && options.run === undefined)
    throw new UsageError('expected --exit to come with --run, got: --exit alone\nWrite: --run <task> --exit');
  const settings = await loadFleet({ cwd, env, options });
  const target = await findRunTarget(settings.agents, options.run, options.input);
  const stop = listenForStop(context);
  try {
    return await runFleet({ options, context, settings, target, stop });
  } finally {
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

async function runFleet(run: Run): Promise<number> {
  const { options, context, settings, target, stop } = run;
  const { output } = context;
  const observer = new Observer();
  output.out(strong(`fleet ${settings.config.fleet}`));
  const quiet = narrate(observer, output, { verbose: options.verbose ?? false });
  const { startResolved } = await import('../compose/start-fleet.ts');
  const { projectDir, config } = settings;
  const { RUNTIME_SUPERVISED, RUNTIME_REPLACES: replaces } = context.env;
  const place = { supervised: RUNTIME_SUPERVISED === '1', replaces };
  const deps = { observer, projectDir, env: context.env, signal: stop.signal, ...place };
  const running = await startResolved(config, deps).catch((error: unknown) => {
    if (!stop.signal.aborted) throw error;
  });
  if (running === undefined) return exitCodes.ok; // told to stop before it was up
  try {
    if (running.remark !== undefined) output.out(remarkLine(running.remark));
    for (const text of running.fleet.info.warnings) output.out(`${warning('!')} ${plain(text)}`);
    const code = target === undefined ? exitCodes.ok : await runTask(running, target, run);
    if (options.exit) return code;
    if (!stop.signal.aborted) output.out(faint('the fleet is up; Ctrl-C stops it'));
    return await untilEnd(running, run);
  } finally {
    await running.stop();
    quiet();
  }
}

/** The private server is as it should be; memory is something to know about. */
function remarkLine(remark: string): string {
  return remark.startsWith('private') ? faint(`  ${plain(remark)}`) : `${warning('!')} ${plain(remark)}`;
}

/** Waits for the signal, or for the fleet to end by itself, which is a failure. */
async function untilEnd(running: RunningFleet, { stop, context, options }: Run): Promise<number> {
  const end = await Promise.race([running.ended, aborted(stop.signal)]);
  if (end === undefined) return exitCodes.ok;
  return tellEnd(end, context, options);
}

function tellEnd(end: FleetEnd, { output }: CliContext, options: Options): number {
  if (end.kind === 'drained' || end.kind === 'restart') {
    output.out(plain(end.reason));
    return end.kind === 'drained' ? exitCodes.ok : exitCodes.restart;
  }
  const error = end.error ?? new Error(`expected the fleet to run until it is stopped, got: ${end.reason}`);
  return Math.max(exitCodes.failed, tellError(error, output, options.verbose ?? false));
}

/** Shows the task from the moment it is stored to its end; a stop in between leaves it to the queue. */
async function runTask(running: RunningFleet, target: RunTarget, run: Run): Promise<number> {
  const { clock, output } = run.context;
  const startedAt = clock.monotonic();
  const over = new AbortController();
  void Promise.race([running.ended, aborted(run.stop.signal)]).then(() => over.abort());
  try {
    const watching = followTask(running, target, run.context, over.signal);
    watching.catch(() => undefined); // when the fleet ends first, nobody waits for it any more
    const first = await Promise.race([
      watching.then((result) => ({ result })),
      running.ended.then((end) => ({ end })),
      aborted(run.stop.signal).then(() => ({ stopped: true })),
    ]);
    if ('end' in first) return tellEnd(first.end, run.context, run.options);
    if ('stopped' in first) return tellUnfinished(running, run);
    output.out(renderResult(target.task, first.result, clock.monotonic() - startedAt));
    return exitCodes.ok;
  } catch (error) {
    output.live('');
    tellError(error, output, run.options.verbose ?? false);
    return exitCodes.failed;
  }
}

function tellUnfinished(running: RunningFleet, { context, target }: Run): number {
  context.output.live('');
  const waits = running.fleet.info.kind === 'redis' ? 'it goes on at the next start' : 'it is lost with this process';
  context.output.out(`${plain(target?.task ?? 'the task')} has not ended; unless it does while draining, ${waits}`);
  return exitCodes.failed;
}

function aborted(signal: AbortSignal): Promise<undefined> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve(undefined);
    else signal.addEventListener('abort', () => resolve(undefined), { once: true });
  });
}
