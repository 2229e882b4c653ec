/**
 * `runtime ready`: whether nodes can do what they are there for, as an exit code, for probes and scripts.
 *
 * It asks no node: it reads what each said with its last heartbeat, and takes an old heartbeat for a no. So it also answers for a node
 * that hangs.
 */
import type { NodeRecord } from '../broker/presence.ts';
import { readToldStatus } from '../runtime/told-status.ts';
import { type CommonOptions, type Registration, withFleetOptions } from './context.ts';
import { type NodeLine, nodeLine } from './fleet-status.ts';
import { bad, good } from './render/colours.ts';
import { plain, record } from './render/text.ts';
import { exitCodes } from './usage.ts';
import { withFleet } from './with-fleet.ts';

type Options = CommonOptions & { readonly json?: true };

export function registerReady({ program, context, act }: Registration): void {
  const command = program
    .command('ready')
    .description('exit with 0 when nodes are ready, with 1 when one is not or there is none; for probes')
    .argument('[node]', 'id of one node, or the host of some (default: every node that is up)')
    .option('--json', 'one JSON record per node and line, for programs');
  withFleetOptions(command).action(
    act((wanted: string | undefined, options: Options) =>
      withFleet(context, options, async (fleet) => {
        const lines = chosen(await fleet.nodes(), wanted).map(({ status, ...node }) =>
          nodeLine(node, readToldStatus(status)),
        );
        for (const line of lines) context.output.out(options.json ? record(answer(line)) : sentence(line));
        if (lines.length === 0) context.output.err(nobody(wanted));
        return lines.length > 0 && lines.every(({ ready }) => ready) ? exitCodes.ok : exitCodes.failed;
      }),
    ),
  );
}

/** The node of that id, also when it is gone; of a host, or of the fleet, those that are up. */
function chosen(nodes: readonly NodeRecord[], wanted: string | undefined): readonly NodeRecord[] {
  const one = nodes.filter(({ node }) => node === wanted);
  if (one.length > 0) return one;
  return nodes.filter(({ alive, host }) => alive && (wanted === undefined || host === wanted));
}

function answer({ node, host, pid, state, ready, why }: NodeLine): object {
  return { node, host, pid, state, ready, why };
}

function sentence({ node, ready, why, state }: NodeLine): string {
  if (ready) return `${good('ready')}  ${plain(node)}`;
  const because = why.length > 0 ? why.map(plain).join('; ') : `it is ${plain(state)}`;
  return `${bad('not ready')}  ${plain(node)}: ${because}`;
}

function nobody(wanted: string | undefined): string {
  return wanted === undefined
    ? 'not ready: no node is up'
    : `not ready: no node "${plain(wanted)}" is up, and none on a host of that name`;
}
