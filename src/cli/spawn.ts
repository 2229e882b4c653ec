/**
 * `runtime spawn <role>` and `runtime scale <role> <size>`: more agents on the running fleet, and fewer.
 *
 * One file, because both change what runs without anybody's configuration; `runtime stop <id>` ends what was spawned.
 */
import { type CommonOptions, type Registration, withFleetOptions } from './context.ts';
import { plain, plural } from './render/text.ts';
import { exitCodes, UsageError } from './usage.ts';
import { withFleet } from './with-fleet.ts';

type Options = CommonOptions & { readonly id?: string; readonly configured?: true };

export function registerSpawn({ program, context, act }: Registration): void {
  const spawn = program
    .command('spawn')
    .description('start an agent on the node with most room; prints its id')
    .argument('<role>', 'role of a class that some node hosts')
    .option('--id <id>', 'its id (default: a new one)');
  withFleetOptions(spawn).action(
    act((role: string, options: Options) =>
      withFleet(context, options, async (fleet) => {
        const spawned = await fleet.spawn(role, options.id === undefined ? {} : { id: options.id });
        context.output.out(plain(spawned.id));
        context.output.err(`up on ${plain(spawned.node)}; it runs until: runtime stop ${plain(spawned.id)}`);
        return exitCodes.ok;
      }),
    ),
  );
  const scale = program
    .command('scale')
    .description('set how many agents a pool has in the whole fleet')
    .argument('<role>', 'role of a class that a pool hosts')
    .argument('[size]', 'agents in the whole fleet')
    .option('--configured', 'forget the size: each node runs as many as it is configured to');
  withFleetOptions(scale).action(
    act((role: string, text: string | undefined, options: Options) => {
      const size = sizeOf(text, options);
      return withFleet(context, options, async (fleet) => {
        await fleet.scale(role, size);
        const agents = size === null ? 'as many agents as each node is configured to run' : plural(size, 'agent');
        context.output.out(`${plain(role)}: ${agents}`);
        return exitCodes.ok;
      });
    }),
  );
}

function sizeOf(text: string | undefined, { configured }: Options): number | null {
  if ((text === undefined) !== (configured === true))
    throw new UsageError('expected the number of agents, or --configured, got: neither or both');
  if (text === undefined) return null;
  if (/^\d{1,6}$/.test(text)) return Number(text);
  throw new UsageError(`expected the number of agents to be a whole number, got: ${plain(text).slice(0, 40)}`);
}
