/**
 * What `runtime replay` feeds, read from a running fleet: a range of its broadcasts, or one dead letter of a queue or of an agent.
 *
 * Apart from the command, because everything that can be wrong with what was asked for is found here, before anything is simulated.
 */
import type { FleetEvent } from '../agent/event-verbs.ts';
import { compareEntryIds } from '../broker/entry-id.ts';
import type { EventRecord } from '../broker/events.ts';
import type { DeadMessage } from '../broker/mail.ts';
import { parseTaskId } from '../broker/task-id.ts';
import type { Fleet } from '../compose/fleet.ts';
import { RuntimeError } from '../core/errors.ts';
import { plain } from './render/text.ts';
import { UsageError } from './usage.ts';

/** Ids of the first and the last event, both included; without a last one, all from the first on. */
export interface Range {
  readonly from: string;
  readonly to?: string;
  /** At most so many are fed. */
  readonly most: number;
}

export interface EventsFound {
  readonly events: readonly EventRecord[];
  /** Of the range, behind those. */
  readonly more: number;
}

const pageSize = 128;

/** Throws `UsageError` for a range that is none, `RuntimeError` for an event that is not in the stream. */
export async function eventsOf(fleet: Fleet, { from, to, most }: Range): Promise<EventsFound> {
  if (to !== undefined && compareEntryIds(from, to) > 0)
    throw new UsageError(`expected --from to be the earlier one, got: ${plain(from)}, which is behind ${plain(to)}`);
  const events: EventRecord[] = [];
  let [more, last] = [0, ''];
  for await (const event of fleet.events.replay({ since: Number(from.split('-')[0]) })) {
    if (compareEntryIds(event.id, from) < 0) continue;
    if (to !== undefined && compareEntryIds(event.id, to) > 0) break;
    if (last === '' && event.id !== from) throw unknownEvent('--from', from);
    last = event.id;
    if (events.length < most) events.push(recordOf(event));
    else more++;
  }
  if (last === '') throw unknownEvent('--from', from);
  if (to !== undefined && last !== to) throw unknownEvent('--to', to);
  return { events, more };
}

/** The envelope of a dead task. Throws `UsageError` for what is no task id, `RuntimeError` where there is no such letter. */
export async function letterOf(fleet: Fleet, taskId: string): Promise<string> {
  const queue = parseTaskId(taskId)?.queue;
  if (queue === undefined)
    throw new UsageError(
      `expected --dead to be the id of a task, got: ${plain(taskId)}\n"runtime dead <queue>" shows the ids.`,
    );
  let before: number | undefined;
  for (;;) {
    const page = await fleet.deadLetters(queue, { count: pageSize, ...(before !== undefined && { before }) });
    const found = page.find((letter) => letter.taskId === taskId);
    if (found !== undefined) return found.envelope;
    const oldest = page.at(-1)?.diedAt;
    if (oldest === undefined || page.length < pageSize)
      throw new RuntimeError(
        'unknown-letter',
        `expected ${plain(taskId)} to be a dead letter of ${plain(queue)}, got: no such one\n"runtime dead ${plain(queue)}" shows those that there are.`,
      );
    before = oldest === before ? oldest - 1 : oldest; // several may have died in one millisecond
  }
}

/** A message that no handler of the agent took. Throws `RuntimeError` where there is no such letter. */
export async function messageOf(fleet: Fleet, agentId: string, letter: string): Promise<DeadMessage> {
  let before: string | undefined;
  for (;;) {
    const page = { count: pageSize, ...(before !== undefined && { before }) };
    const { letters } = await fleet.deadMessages(agentId, page);
    const found = letters.find((one) => one.letter === letter);
    if (found !== undefined) return found;
    before = letters.at(-1)?.letter;
    if (before === undefined || letters.length < pageSize)
      throw new RuntimeError(
        'unknown-letter',
        `expected ${plain(letter)} to be a dead message of ${plain(agentId)}, got: no such one\n"runtime dead --agent ${plain(agentId)}" shows those that there are.`,
      );
  }
}

function unknownEvent(option: string, id: string): RuntimeError {
  return new RuntimeError(
    'unknown-event',
    `expected ${option} to be the id of an event of the stream, got: ${plain(id)}, which is not there\n"runtime events --json" shows the ids; old ones are trimmed.`,
  );
}

function recordOf({ id, topic, from, data, sentAt }: FleetEvent): EventRecord {
  return { id, topic, from, data: JSON.stringify(data) ?? 'null', sentAt };
}
