/**
 * The task id: queue, priority and minted number, readable from the outside, so that a waiting task is found without an index.
 *
 * The number is `<ms>-<seq>` where `seq` starts at a random value in every new millisecond: after a data loss no id is minted
 * a second time, so a late settle of a lost task can never hit a new one.
 */
export type Priority = 'high' | 'normal' | 'low';

/** From the one that is claimed first to the one that is claimed last. */
export const priorities: readonly Priority[] = ['high', 'normal', 'low'];

const letters: Readonly<Record<Priority, string>> = { high: 'h', normal: 'n', low: 'l' };
const byLetter: Readonly<Record<string, Priority>> = { h: 'high', n: 'normal', l: 'low' };

export interface TaskIdParts {
  readonly queue: string;
  readonly priority: Priority;
  /** `<ms>-<seq>` */
  readonly number: string;
}

export function formatTaskId(parts: TaskIdParts): string {
  return `${parts.queue}.${letters[parts.priority]}.${parts.number}`;
}

/** The parts of a task id, or undefined when `text` is not one. */
export function parseTaskId(text: string): TaskIdParts | undefined {
  const match = /^(.+)\.([hnl])\.(\d+-\d+)$/.exec(text);
  const priority = byLetter[match?.[2] ?? ''];
  if (match?.[1] === undefined || match[3] === undefined || priority === undefined) return undefined;
  return { queue: match[1], priority, number: match[3] };
}
