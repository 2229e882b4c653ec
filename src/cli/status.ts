/**
 * `runtime status`: the nodes of the fleet, their agents, what their roles take, and how much waits in the queues; or one of them in full.
 * Only the command; fleet-status.ts reads what it shows, render/status.ts and render/status-detail.ts draw it.
 */
import type { Fleet } from '../compose/fleet.ts';
import { sleep } from '../core/clock.ts';
import { type CliContext, type CommonOptions, type Registration, withFleetOptions } from './context.ts';
import { type FleetStatus, readStatus, serverTime } from './fleet-status.ts';
import { faint } from './render/colours.ts';
import { renderStatus } from './render/status.ts';
import { renderDetail } from './render/status-detail.ts';
import { plain, pretty, record } from './render/text.ts';
import { exitCodes, NoFleetError, UsageError } from './usage.ts';
import { withFleet } from './with-fleet.ts';

type Options = CommonOptions & { readonly json?: true; readonly watch?: true };

/** What to show, and how. */
interface View {
  readonly fleet: Fleet;
  readonly name: string;
  readonly target: string | undefined;
  readonly options: Options;
  readonly context: CliContext;
  readonly now: () => number;
}

const watchMs = 1_000;

export function registerStatus({ program, context, act }: Registration): void {
  const command = program
    .command('status')
    .description('show the nodes of the fleet, their agents and roles, and the queues')
    .argument('[name]', 'show one agent, role or node in full')
    .option('-w, --watch', 'go on, once a second, until Ctrl-C')
    .option('--json', 'as JSON, for programs; with --watch one record per line');
  withFleetOptions(command).action(
    act((target: string | undefined, options: Options) =>
      withFleet(context, options, (fleet, name) => {
        const view = { fleet, name, target, options, context, now: serverTime(fleet, context.clock) };
        return options.watch ? watch(view) : showOnce(view);
      }),
    ),
  );
}

async function showOnce(view: View): Promise<number> {
  const { name, options, context } = view;
  const status = await readStatus(view.fleet, name, view.now);
  if (options.json) context.output.out(pretty(status));
  else if (status.nodes.length > 0) context.output.out(draw(status, view));
  if (status.nodes.some((node) => node.alive)) return exitCodes.ok;
  throw new NoFleetError(`expected a node of fleet "${name}" to be up, got: none\nStart one with "runtime start".`);
}

/** The whole fleet, or what was asked for. */
function draw(status: FleetStatus, { target, context }: View): string {
  const { columns } = context.output;
  if (target === undefined) return renderStatus(status, columns);
  const detail = renderDetail(status, target, columns);
  if (detail !== undefined) return detail;
  throw new UsageError(
    `expected an agent, a role or a node of fleet "${plain(status.fleet)}", got: ${plain(target)}\n${whatThereIs(status)}`,
  );
}

function whatThereIs({ nodes, agents, roles }: FleetStatus): string {
  const names = [
    ...new Set([...agents.map(({ id }) => id), ...roles.map(({ role }) => role), ...nodes.map(({ node }) => node)]),
  ];
  if (names.length === 0) return 'There is none.';
  return `There are: ${names.slice(0, 30).map(plain).join(', ')}${names.length > 30 ? ', ...' : ''}.`;
}

/** On a terminal in place, elsewhere one below the other. What cannot be read for a while is said, and tried again. */
async function watch(view: View): Promise<number> {
  const { context } = view;
  const { signals, output, clock } = context;
  const leaving = new AbortController();
  const unlisten = signals.listen(() => leaving.abort());
  try {
    while (!leaving.signal.aborted) {
      show(await frame(view), output, view.options.json ?? false);
      await sleep(clock, watchMs, leaving.signal).catch(() => undefined); // leaving ends the wait
    }
    return exitCodes.ok;
  } finally {
    unlisten();
    output.live('');
  }
}

async function frame(view: View): Promise<string> {
  try {
    const status = await readStatus(view.fleet, view.name, view.now);
    return view.options.json ? record(status) : draw(status, view);
  } catch (error) {
    if (error instanceof UsageError || view.options.json) throw error;
    return faint(`the status cannot be read: ${plain((error as Error).message)}`);
  }
}

/** As many lines as the terminal has: the first ones say most. */
function show(text: string, output: CliContext['output'], json: boolean): void {
  if (!output.isTty || json) return output.out(json ? text : `${text}\n`);
  const lines = text.split('\n');
  const room = output.rows - 1;
  output.live(lines.length <= room ? text : [...lines.slice(0, room - 1), faint('...')].join('\n'));
}
