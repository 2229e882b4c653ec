/**
 * `runtime stop`: the whole fleet, in order; `runtime stop <id>`: one agent that was spawned.
 *
 * The first asks back, since nobody serves afterwards. All nodes drain at the same time: one after the other, each would hand its
 * agents to those that are about to go.
 */
import { confirmed } from './confirm.ts';
import { type CliContext, type CommonOptions, type Registration, withFleetOptions } from './context.ts';
import { durationText } from './mail.ts';
import { drainOptions, graceHelp, liveNodes } from './nodes.ts';
import type { Duration } from '../core/duration.ts';
import type { Fleet } from '../compose/fleet.ts';
import { plain, plural } from './render/text.ts';
import { exitCodes } from './usage.ts';
import { withFleet } from './with-fleet.ts';

type Options = CommonOptions & { readonly grace?: Duration; readonly yes?: true };

export function registerStop({ program, context, act }: Registration): void {
  const command = program
    .command('stop')
    .description('drain every node of the fleet; with the id of an agent that was spawned, end that one')
    .argument('[id]', 'id of an agent that was spawned')
    .option('--grace <time>', graceHelp, durationText)
    .option('--yes', 'do not ask back');
  withFleetOptions(command).action(
    act((id: string | undefined, options: Options) =>
      withFleet(context, options, async (fleet, name) =>
        id === undefined
          ? stopFleet(fleet, await liveNodes(fleet, name), context, options)
          : stopAgent(fleet, id, context),
      ),
    ),
  );
}

async function stopFleet(
  fleet: Fleet,
  nodes: readonly string[],
  context: CliContext,
  options: Options,
): Promise<number> {
  const { output } = context;
  const all = plural(nodes.length, 'node');
  if (!(await confirmed(context, `${all} of the fleet will drain and leave. Go on?`, options))) {
    output.err('nothing was stopped');
    return exitCodes.failed;
  }
  output.out(`${all} drain${nodes.length === 1 ? 's' : ''}`);
  const left = nodes.map(async (node) => {
    await fleet.drain(node, drainOptions(options));
    output.out(`${plain(node)} has left`);
  });
  for (const end of await Promise.allSettled(left)) if (end.status === 'rejected') throw end.reason;
  return exitCodes.ok;
}

async function stopAgent(fleet: Fleet, id: string, { output }: CliContext): Promise<number> {
  const wasThere = await fleet.stop(id);
  output.out(wasThere ? `${plain(id)} has ended` : `no agent "${plain(id)}" was spawned, or it has ended`);
  return wasThere ? exitCodes.ok : exitCodes.failed;
}
