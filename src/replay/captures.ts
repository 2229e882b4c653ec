/**
 * What an agent does in a replay and is not done: its tasks, messages, asks and broadcasts are answered as a broker would, and go nowhere.
 *
 * The recording holds what came of them in the field already; carried out again, the agent would hear its own words twice.
 */
import type { Frame } from '../broker/frame.ts';
import { formatTaskId, type Priority } from '../broker/task-id.ts';
import type { Captures } from '../sim/faulty-broker.ts';

export function captures(): Captures {
  let given = 0;
  const next = (): string => `0-${++given}`;
  const each = <Reply>([frame]: readonly unknown[], answer: (op: unknown, tag: string) => Reply): readonly Reply[] => {
    const { ops, tag } = frame as Frame<unknown>;
    return ops.map((op) => answer(op, tag));
  };
  return (name, args) => {
    switch (name) {
      case 'tasks.enqueue':
        return each(args, (op, queue) => {
          const { priority } = op as { readonly priority: Priority };
          return { kind: 'enqueued', taskId: formatTaskId({ queue, priority, number: next() }) };
        });
      case 'mail.send':
        return each(args, () => ({ kind: 'stored', entry: next() }));
      case 'mail.ask':
        return each(args, () => ({ kind: 'no-owner' }));
      case 'events.append':
        return each(args, next);
      default:
        return undefined;
    }
  };
}
