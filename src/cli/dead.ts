/**
 * `runtime dead <queue>`: the tasks that will not be tried again, and with `--requeue` the way back. The messages that no handler
 * took (`--agent`) are dead-mail.ts.
 *
 * Requeueing all takes only those that were dead when it began: what dies again meanwhile stays.
 */
import type { DeadLetter } from '../broker/queues.ts';
import type { Fleet } from '../compose/fleet.ts';
import { decodeEnvelope } from '../core/envelope.ts';
import { type Registration, withFleetOptions } from './context.ts';
import { deadMail, type DeadMailOptions } from './dead-mail.ts';
import { wholeNumber } from './events.ts';
import { renderTable } from './render/table.ts';
import { dateAndTime, plain, plural, record } from './render/text.ts';
import { exitCodes, UsageError } from './usage.ts';
import { withFleet } from './with-fleet.ts';

interface Options extends DeadMailOptions {
  readonly agent?: string;
}

const pageSize = 128;

export function registerDead({ program, context, act }: Registration): void {
  const { output } = context;
  const command = program
    .command('dead')
    .description('show the dead letters of a queue, or the dead messages of an agent, newest first')
    .argument('[queue]', 'a role, or id of one agent')
    .option('--agent <id>', 'the messages to this agent that no handler took')
    .option('-n, --lines <count>', 'how many', wholeNumber, 20)
    .option('--requeue <id>', 'put this one, or "all", back')
    .option('--drop <id>', 'with --agent: forget this one, or "all"')
    .option('--json', 'one JSON record per line, for programs');
  withFleetOptions(command).action(
    act((named: string | undefined, options: Options) => {
      const { agent } = options;
      const queue = subjectOf(named, options);
      return withFleet(context, options, async (fleet) => {
        if (agent !== undefined) return deadMail(fleet, agent, options, output);
        if (options.requeue !== undefined) {
          const count = options.requeue === 'all' ? await requeueAll(fleet, queue) : await one(fleet, queue, options);
          output.out(`${plural(count, 'task')} put back into ${plain(queue)}`);
          return count > 0 || options.requeue === 'all' ? exitCodes.ok : exitCodes.failed;
        }
        const letters = (await fleet.deadLetters(queue, { count: options.lines })).map(describe);
        if (options.json) for (const letter of letters) output.out(record(letter));
        else if (letters.length > 0) output.out(renderTable(headings, letters.map(rowOf), output.columns));
        else output.err(`${plain(queue)} has no dead letters`);
        return exitCodes.ok;
      });
    }),
  );
}

/** Exactly one of queue and agent; throws `UsageError`. */
function subjectOf(queue: string | undefined, { agent, drop }: Options): string {
  const [subject, ...others] = [queue, agent].filter((one) => one !== undefined);
  if (subject === undefined || others.length > 0)
    throw new UsageError('expected a queue or --agent <id>, got: ' + (subject === undefined ? 'neither' : 'both'));
  if (drop !== undefined && agent === undefined)
    throw new UsageError(
      'expected --drop to come with --agent, got: --drop alone\nDead tasks stay until newer ones push them out.',
    );
  return subject;
}

async function one(fleet: Fleet, queue: string, { requeue = '' }: Options): Promise<number> {
  return (await fleet.requeue(queue, [requeue])).length;
}

async function requeueAll(fleet: Fleet, queue: string): Promise<number> {
  const [newest] = await fleet.deadLetters(queue, { count: 1 });
  if (newest === undefined) return 0;
  const before = newest.diedAt + 1;
  for (let count = 0; ; ) {
    const page = await fleet.deadLetters(queue, { count: pageSize, before });
    if (page.length === 0) return count;
    const ids = page.map(({ taskId }) => taskId);
    count += (await fleet.requeue(queue, ids)).length;
  }
}

const headings = ['TASK', 'NAME', 'ATTEMPTS', 'WHEN', 'REASON', 'ERROR'];

type Described = ReturnType<typeof describe>;

function describe({ taskId, envelope, attempts, diedAt, reason, error }: DeadLetter) {
  return { id: taskId, name: nameOf(envelope), reason, attempts, diedAt, error };
}

function rowOf({ id, name, attempts, diedAt, reason, error }: Described): (string | number)[] {
  return [plain(id), plain(name), attempts, dateAndTime(diedAt), plain(reason), plain(error.message)];
}

/** What wrote the envelope may have been anything. */
function nameOf(envelope: string): string {
  try {
    return decodeEnvelope(envelope).name;
  } catch {
    return '?';
  }
}
