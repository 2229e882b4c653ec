/**
 * The notice of a gap: what a cell is told where retention has trimmed broadcasts that it has not seen.
 *
 * Live and durable subscriptions tell it in the same form: an event of topic `runtime.gap` with both ends of the gap.
 */
import type { EventRecord } from '../broker/events.ts';
import type { Cell } from './cell.ts';

export const gapTopic = 'runtime.gap';

export interface Gap {
  /** The last event that was seen. */
  readonly after: string;
  /** The first event that is left. */
  readonly next: string;
}

/** The work for the cell's handlers; undefined when none of them listens to it. */
export function gapNotice(
  cell: Cell,
  gap: Gap,
  sentAt: number,
): { readonly kind: 'broadcast'; readonly event: EventRecord; readonly gap: true } | undefined {
  if (!cell.spec.table.broadcasts.some((handler) => handler.matches(gapTopic))) return undefined;
  const event = { id: gap.next, topic: gapTopic, from: 'runtime', data: JSON.stringify(gap), sentAt };
  return { kind: 'broadcast', event, gap: true };
}
