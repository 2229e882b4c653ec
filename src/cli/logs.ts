/**
 * `runtime logs <agent>`: an agent's last lines, oldest first as in a file.
 * An agent without any may be quiet, or misspelt: the command tells the two apart.
 */
import { limits } from '../core/limits.ts';
import { type CommonOptions, type Registration, withFleetOptions } from './context.ts';
import { wholeNumber } from './events.ts';
import { readStatus } from './fleet-status.ts';
import { bad, faint, warning } from './render/colours.ts';
import { dateAndTime, plain } from './render/text.ts';
import { exitCodes } from './usage.ts';
import { withFleet } from './with-fleet.ts';

type Options = CommonOptions & { readonly lines: number };

const paint = { info: (text: string) => text, warn: warning, error: bad } as const;

export function registerLogs({ program, context: cli, act }: Registration): void {
  const command = program
    .command('logs')
    .description('show the last lines of one agent')
    .argument('<agent>', 'its id, as "runtime status" shows it')
    .option('-n, --lines <count>', 'how many', wholeNumber, limits.logEntries);
  withFleetOptions(command).action(
    act((agent: string, options: Options) =>
      withFleet(cli, options, async (fleet, name) => {
        const entries = await fleet.logs(agent, options.lines);
        for (const { at, level, message } of [...entries].reverse())
          cli.output.out(`${faint(dateAndTime(at))}  ${paint[level](`${level.padEnd(5)}  ${plain(message)}`)}`);
        if (entries.length > 0) return exitCodes.ok;
        const { agents } = await readStatus(fleet, name);
        if (agents.some(({ id }) => id === agent)) cli.output.err(`${agent} has not logged anything yet`);
        else cli.output.err(`no agent "${plain(agent)}" is up and none of that id left a log. ${known(agents)}`);
        return agents.some(({ id }) => id === agent) ? exitCodes.ok : exitCodes.failed;
      }),
    ),
  );
}

function known(agents: readonly { readonly id: string }[]): string {
  const ids = agents.slice(0, 20).map(({ id }) => plain(id));
  return ids.length === 0 ? 'No agent is up.' : `Up are: ${ids.join(', ')}${agents.length > 20 ? ', ...' : ''}.`;
}
