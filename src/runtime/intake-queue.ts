/**
 * What intake keeps of one queue that it claims from, and which of the partitions of a queue has its turn.
 *
 * Apart from intake, because the partitions of a queue share its cells: were each claimed from for all the room there is, most of what
 * came would have to be given back.
 */
import type { Timer } from '../core/clock.ts';
import { limits } from '../core/limits.ts';
import type { Cell } from './cell.ts';

export interface Queue {
  readonly name: string;
  readonly cells: Set<Cell>;
  /** It and the other partitions of the same queue; the one that was claimed from last is the last. */
  readonly parts: Set<Queue>;
  drained: boolean;
  claiming: boolean;
  /** A claim was asked for while one ran. */
  again: boolean;
  /** Its limits have held back a claim. */
  isLimited: boolean;
  /** Of a limited queue: nothing to be had until it fires; before that only news help, and not even those with `byRate`. */
  rest: { readonly timer: Timer; readonly byRate: boolean } | undefined;
}

export function newQueue(name: string, parts: Set<Queue>): Queue {
  const cells = new Set<Cell>();
  const queue: Queue = {
    name,
    parts,
    cells,
    drained: false,
    claiming: false,
    again: false,
    isLimited: false,
    rest: undefined,
  };
  parts.add(queue);
  return queue;
}

/** It is claimed from, or another one for the same cells. */
export function isClaiming({ parts }: Queue): boolean {
  for (const part of parts) if (part.claiming) return true;
  return false;
}

/** Another partition waits for its turn. */
export function isAwaited(queue: Queue): boolean {
  for (const part of queue.parts) if (part.again && part !== queue) return true;
  return false;
}

/** It has had its turn: in `queues`, too, so that what becomes free is offered to the others first. */
export function goBehind(queue: Queue, queues: Map<string, Queue>): void {
  if (queue.parts.delete(queue)) queue.parts.add(queue);
  if (queues.delete(queue.name)) queues.set(queue.name, queue);
}

/** Tasks for which it has free cells. */
export function freeOf(queue: Queue | undefined): number {
  let free = 0;
  for (const cell of queue?.cells ?? []) free += cell.free;
  return free;
}

/** Tasks to claim of it, as far as one claim brings them: of a limited queue none ahead, for those that wait here count as running. */
export function wantedOf({ cells, isLimited }: Queue): number {
  let wanted = 0;
  for (const cell of cells) wanted += isLimited ? cell.free : cell.wanted;
  return Math.min(wanted, limits.frameOps);
}

/** The cell that gets its next task. */
export function roomiestOf(queue: Queue | undefined): Cell | undefined {
  let roomiest: Cell | undefined;
  for (const cell of queue?.cells ?? []) if (roomiest === undefined || cell.slack > roomiest.slack) roomiest = cell;
  return roomiest;
}

/** What a wait asks for of each of three priorities, where so many cells are free: not more than they can take, but at least one or two. */
export function countFor(free: number): number {
  return Math.max(Math.min(free, 2), Math.min(Math.floor(free / 3), limits.frameOps));
}
