/**
 * `runtime enqueue <role> <task> [json]`: hands a task to the fleet; with `--wait` it stays for the result.
 *
 * What a program wants goes to the standard output alone: the task's id, or with `--wait` its result as JSON.
 */
import { InvalidArgumentError, Option } from 'commander';
import type { EnqueueOptions } from '../agent/task-verbs.ts';
import type { Priority } from '../agent/contract.ts';
import type { Fleet } from '../compose/fleet.ts';
import type { Duration } from '../core/duration.ts';
import { type CommonOptions, type Registration, withFleetOptions } from './context.ts';
import { readStatus } from './fleet-status.ts';
import { durationText } from './mail.ts';
import { printTaskParts } from './parts.ts';
import { plain, pretty } from './render/text.ts';
import { watchTask } from './task-progress.ts';
import { exitCodes, parseJson } from './usage.ts';
import { withFleet } from './with-fleet.ts';

interface Options extends CommonOptions {
  readonly wait?: true;
  readonly follow?: true;
  readonly priority?: Priority;
  readonly delay?: Duration;
  readonly at?: number;
  readonly key?: string;
  readonly concurrencyKey?: string;
}

export function registerEnqueue({ program, context, act }: Registration): void {
  const { output } = context;
  const command = program
    .command('enqueue')
    .description('hand a task to a role or one agent; prints its id')
    .argument('<role>', 'role, or id of one agent')
    .argument('<task>', 'name of the task')
    .argument('[json]', 'input of the task (default: {})')
    .option('-w, --wait', 'wait for the result and print it as JSON')
    .addOption(new Option('-f, --follow', 'print its parts as they come, one line of JSON each').conflicts('wait'))
    .addOption(new Option('-p, --priority <priority>', 'before others that wait').choices(['high', 'normal', 'low']))
    .option('-d, --delay <duration>', "not before this has passed, such as '30s'", durationText)
    .addOption(
      new Option('--at <time>', "not before this time, such as '2026-12-01T09:00:00Z'")
        .argParser(timeText)
        .conflicts('delay'),
    )
    .option('-k, --key <text>', 'enqueueing again under the same key makes no second task')
    .option('--concurrency-key <text>', 'tasks with the same one run one at a time and in order');
  withFleetOptions(command).action(
    act(async (role: string, task: string, json: string | undefined, options: Options) => {
      const input = json === undefined ? {} : parseJson(json, 'the input');
      return withFleet(context, options, async (fleet, name) => {
        const handle = await fleet.enqueue({ role, task }, input, enqueueOptions(options));
        const note = await unknownQueue(fleet, name, role);
        if (note !== undefined) output.err(note);
        if (options.follow) {
          await printTaskParts(handle.stream(), output);
          return exitCodes.ok;
        }
        if (!options.wait) {
          output.out(handle.id);
          return exitCodes.ok;
        }
        const result = await watchTask(handle, {
          name: task,
          clock: context.clock,
          output,
          say: (line) => output.err(line),
        });
        output.out(pretty(result ?? null));
        return exitCodes.ok;
      });
    }),
  );
}

function enqueueOptions({ priority, delay, at, key, concurrencyKey }: Options): EnqueueOptions {
  return {
    ...(priority !== undefined && { priority }),
    ...(delay !== undefined && { delay }),
    ...(at !== undefined && { runAt: at }),
    ...(key !== undefined && { key }),
    ...(concurrencyKey !== undefined && { concurrencyKey }),
  };
}

/** Milliseconds since 1970. Without a zone a time means another moment on every machine. */
function timeText(text: string): number {
  const at = /(?:Z|[+-]\d{2}:?\d{2})$/i.test(text) ? Date.parse(text) : Number.NaN;
  if (Number.isNaN(at))
    throw new InvalidArgumentError("Expected a time with its zone, such as '2026-12-01T09:00:00Z'.");
  return at;
}

/** A misspelt role is no error, since its nodes may come later; but somebody should say so. */
async function unknownQueue(fleet: Fleet, name: string, role: string): Promise<string | undefined> {
  const { queues } = await readStatus(fleet, name);
  if (queues.some((queue) => queue.name === role)) return undefined;
  const known = queues.map((queue) => plain(queue.name)).join(', ');
  return `no node that is up takes tasks of "${plain(role)}", so the task waits${known === '' ? '' : `; up are: ${known}`}`;
}
