/**
 * `runtime pause <queue>` and `runtime resume <queue>`: stop and start handing out the tasks of one queue.
 *
 * One file, because they are one switch.
 */
import { type CommonOptions, type Registration, withFleetOptions } from './context.ts';
import { plain } from './render/text.ts';
import { exitCodes } from './usage.ts';
import { withFleet } from './with-fleet.ts';

const switches = {
  pause: { about: 'stop handing out the tasks of a queue; what runs goes on', state: 'paused' },
  resume: { about: 'hand out the tasks of a paused queue again', state: 'running' },
} as const;

export function registerPause({ program, context, act }: Registration): void {
  for (const verb of ['pause', 'resume'] as const) {
    const { about, state } = switches[verb];
    const command = program.command(verb).description(about).argument('<queue>', 'a role, or id of one agent');
    withFleetOptions(command).action(
      act((queue: string, options: CommonOptions) =>
        withFleet(context, options, async (fleet) => {
          const changed = await fleet[verb](queue);
          const { waiting, parked, claimed } = await fleet.queue(queue);
          const counts = `${waiting} waiting, ${parked} parked, ${claimed} running`;
          context.output.out(`${plain(queue)} is ${changed ? 'now' : 'already'} ${state}: ${counts}`);
          return exitCodes.ok;
        }),
      ),
    );
  }
}
