/**
 * `runtime status`: the nodes of the fleet, their agents, and how much waits in the queues.
 * Only the command; fleet-status.ts reads what it shows, render/status.ts draws it.
 */
import { type CommonOptions, type Registration, withFleetOptions } from './context.ts';
import { readStatus } from './fleet-status.ts';
import { renderStatus } from './render/status.ts';
import { pretty } from './render/text.ts';
import { exitCodes, NoFleetError } from './usage.ts';
import { withFleet } from './with-fleet.ts';

type Options = CommonOptions & { readonly json?: true };

export function registerStatus({ program, context, act }: Registration): void {
  const command = program
    .command('status')
    .description('show the nodes of the fleet, their agents and the queues')
    .option('--json', 'as JSON, for programs');
  withFleetOptions(command).action(
    act((options: Options) =>
      withFleet(context, options, async (fleet, name) => {
        const status = await readStatus(fleet, name);
        const { output, clock } = context;
        if (options.json) output.out(pretty(status));
        else if (status.nodes.length > 0) output.out(renderStatus(status, clock.now(), output.columns));
        if (status.nodes.some((node) => node.alive)) return exitCodes.ok;
        throw new NoFleetError(
          `expected a node of fleet "${name}" to be up, got: none\nStart one with "runtime start".`,
        );
      }),
    ),
  );
}
