/**
 * `runtime drain <node>`, `runtime restart <node>` and `runtime restart --rolling`: nodes that leave in order, and come back.
 *
 * A rolling restart takes one node after the other and goes on only when the successor of the last one is up, so that the others
 * serve meanwhile; the first that does not come back ends it.
 */
import type { DrainOptions } from '../client/node-verbs.ts';
import type { Fleet } from '../compose/fleet.ts';
import type { Duration } from '../core/duration.ts';
import { type CliContext, type CommonOptions, type Registration, withFleetOptions } from './context.ts';
import { durationText } from './mail.ts';
import { plain, span } from './render/text.ts';
import { exitCodes, NoFleetError, UsageError } from './usage.ts';
import { withFleet } from './with-fleet.ts';

type Options = CommonOptions & {
  readonly grace?: Duration;
  readonly json?: true;
  readonly rolling?: true;
};

export const graceHelp = 'how long running handlers may go on (default: as the node is configured)';

export function registerNodes({ program, context, act }: Registration): void {
  const drain = program
    .command('drain')
    .description('have a node finish what it runs and leave the fleet; its process ends with status 0')
    .argument('<node>', 'id of the node')
    .option('--grace <time>', graceHelp, durationText);
  withFleetOptions(drain).action(
    act((node: string, options: Options) =>
      withFleet(context, options, async (fleet) => {
        context.output.out(`${plain(node)} drains`);
        await fleet.drain(node, drainOptions(options));
        context.output.out(`${plain(node)} has left`);
        return exitCodes.ok;
      }),
    ),
  );
  const restart = program
    .command('restart')
    .description('have a node drain and come back, or with --rolling every node, one after the other')
    .argument('[node]', 'id of the node')
    .option('--rolling', 'every node that is up; the next one only when the last one is back')
    .option('--grace <time>', graceHelp, durationText)
    .option('--json', 'as JSON, for programs: a line for each node');
  withFleetOptions(restart).action(
    act((node: string | undefined, options: Options) => {
      if ((node === undefined) === (options.rolling === undefined))
        throw new UsageError('expected the id of one node, or --rolling for all of them, got: neither or both');
      return withFleet(context, options, async (fleet, name) => {
        const nodes = node === undefined ? await liveNodes(fleet, name) : [node];
        return restartAll(fleet, nodes, context, options);
      });
    }),
  );
}

export function drainOptions({ grace }: { readonly grace?: Duration }): DrainOptions {
  return grace === undefined ? {} : { grace };
}

/** Ids of the nodes that are up, the oldest first. Throws `NoFleetError` when there is none. */
export async function liveNodes(fleet: Fleet, name: string): Promise<readonly string[]> {
  const nodes = (await fleet.nodes()).filter(({ alive }) => alive).map(({ node }) => node);
  if (nodes.length > 0) return nodes;
  throw new NoFleetError(`expected a node of fleet "${name}" to be up, got: none\nStart one with "runtime start".`);
}

async function restartAll(
  fleet: Fleet,
  nodes: readonly string[],
  { output, clock }: CliContext,
  options: Options,
): Promise<number> {
  for (const [index, node] of nodes.entries()) {
    const startedAt = clock.monotonic();
    if (!options.json) output.out(`${index + 1}/${nodes.length} ${plain(node)} drains`);
    const successor = await fleet.restart(node, drainOptions(options));
    const tookMs = Math.round(clock.monotonic() - startedAt);
    if (options.json) output.out(JSON.stringify({ node, successor, tookMs }));
    else output.out(`${index + 1}/${nodes.length} ${plain(successor)} is up in its place after ${span(tookMs)}`);
  }
  return exitCodes.ok;
}
