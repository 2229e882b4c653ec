/**
 * From hosting to cells: which agents a node runs, under which ids, in which order.
 *
 * Pure, so that every class that is wrong is found before anything has started.
 */
import { type HandlerTable, handlersOf } from '../agent/handlers.ts';
import type { AgentsConfig, HostingConfig } from '../config/config.ts';
import { ConfigError, DefinitionError } from '../core/errors.ts';
import type { CellSpec } from './cell.ts';

/** The cells of `node` in configuration order. Throws `ConfigError` listing every class that is wrong. */
export function cellSpecs(agents: AgentsConfig, node: string): readonly CellSpec[] {
  if (typeof agents === 'string')
    throw new ConfigError([`expected the folder "${agents}" to be loaded before a node starts, got: its path`]);
  const problems: string[] = [];
  const specs: CellSpec[] = [];
  for (const hosting of agents) {
    try {
      const table = handlersOf(hosting.agent);
      if (hosting.kind === 'pool') problems.push(...durableInPool(table));
      const { agent: Class, concurrency, mailbox: mailboxLimit, overflow } = hosting;
      const common = { Class, table, concurrency, mailboxLimit, overflow };
      if (hosting.kind === 'single') specs.push({ ...common, kind: 'single', id: hosting.id });
      else
        for (let index = 1; index <= hosting.size; index++)
          specs.push({ ...common, kind: 'pool', id: `${hosting.role}@${node}.${index}` });
    } catch (error) {
      if (!(error instanceof DefinitionError)) throw error;
      problems.push(error.message);
    }
  }
  if (problems.length > 0) throw new ConfigError(problems);
  return specs;
}

/** What a node hosts, once a folder has been loaded. */
export function hostingsOf({ agents }: { readonly agents: AgentsConfig }): readonly HostingConfig[] {
  return typeof agents === 'string' ? [] : agents;
}

/** Of an agent that is started while the node runs, by the class of a hosting: under an id that stays, or as one more of its pool. */
export function specOf(hosting: HostingConfig, id: string, kind: 'pool' | 'single'): CellSpec {
  const { agent: Class, concurrency, mailbox: mailboxLimit, overflow } = hosting;
  return { Class, table: handlersOf(Class), concurrency, mailboxLimit, overflow, kind, id };
}

/** A durable subscription is kept under the agent's id, and those of a pool are new with every start. */
function durableInPool({ role, broadcasts }: HandlerTable): readonly string[] {
  const durable = broadcasts.find((handler) => handler.durable);
  if (durable === undefined) return [];
  return [
    `expected "${durable.method}" of role "${role}" to be hosted by single(), because it listens durably to "${durable.pattern}", got: pool()\nAgents of a pool get new ids with every start, and nothing could go on under the old ones. Host the class with single(), or leave out durable.`,
  ];
}
