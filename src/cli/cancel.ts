/**
 * `runtime cancel <task-id>`: takes back a task, whether it waits or runs.
 *
 * The answer goes to the standard output as one word, for programs; what it means goes beside it.
 */
import { type CommonOptions, type Registration, withFleetOptions } from './context.ts';
import { plain } from './render/text.ts';
import { exitCodes } from './usage.ts';
import { withFleet } from './with-fleet.ts';

type Options = CommonOptions & { readonly reason?: string };

const meanings = {
  cancelled: 'it will not run',
  requested: 'it runs; its handler was told to stop, and it is not tried again',
  ended: 'it had ended before; nothing was changed',
  unknown: 'there is no such task, or it ended long ago',
} as const;

export function registerCancel({ program, context, act }: Registration): void {
  const command = program
    .command('cancel')
    .description('cancel a task that waits or runs')
    .argument('<task-id>', 'as "runtime enqueue" printed it')
    .option('-r, --reason <text>', 'kept in its outcome');
  withFleetOptions(command).action(
    act((taskId: string, options: Options) =>
      withFleet(context, options, async (fleet) => {
        const answer = await fleet.cancel(taskId, options.reason);
        context.output.out(answer);
        context.output.err(`${plain(taskId)}: ${meanings[answer]}`);
        return answer === 'cancelled' || answer === 'requested' ? exitCodes.ok : exitCodes.failed;
      }),
    ),
  );
}
