/**
 * The cell that stands in the fleet for a foreign agent: it takes every task of that name and hands it on.
 *
 * Being a cell, it has what all of them have: claims within its concurrency, leases, retries, deadline and cancel, and a place in
 * `runtime status`. Its id is one of a pool, so that a message to the foreign agent is still one to an id that was never native.
 */
import { Agent } from '../../agent/agent.ts';
import type { Task } from '../../agent/envelopes.ts';
import type { HandlerTable, TaskHandler } from '../../agent/handlers.ts';
import { defaultBackoff } from '../../core/backoff.ts';
import { limits } from '../../core/limits.ts';
import type { CellSpec } from '../../runtime/cell-spec.ts';

export type Relay = (assignee: string, task: Task) => Promise<unknown>;

export function foreignCellId(name: string, node: string): string {
  return `${name}@${node}.classic`;
}

export function foreignCell(name: string, node: string, relay: Relay): CellSpec {
  class ForeignAgent extends Agent {
    static readonly role = name;
    relay(task: Task): Promise<unknown> {
      return relay(name, task);
    }
  }
  return {
    id: foreignCellId(name, node),
    Class: ForeignAgent,
    table: tableOf(name),
    kind: 'pool',
    concurrency: limits.foreignOutEach,
    mailboxLimit: limits.mailbox,
    overflow: 'reject',
  };
}

function tableOf(role: string): HandlerTable {
  const none = { messages: new Map(), broadcasts: [], start: [], stop: [], down: [], timers: [] };
  return { role, tasks: new AnyTask([['*', handlerOf('*')]]), ...none };
}

/** What a foreign agent handles, only it knows. */
class AnyTask extends Map<string, TaskHandler> {
  override get(name: string): TaskHandler {
    return handlerOf(name);
  }
}

/** Tried once, unless whoever enqueues it says otherwise: nobody here knows whether it may be repeated. */
function handlerOf(name: string): TaskHandler {
  return { name, method: 'relay', options: { retries: 0, backoff: defaultBackoff, priority: 'normal' }, relayed: true };
}
