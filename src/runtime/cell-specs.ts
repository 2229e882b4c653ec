/**
 * From hosting to cells: which agents a node runs, under which ids, in which order.
 *
 * Pure, so that every class that is wrong is found before anything has started.
 */
import { handlersOf } from '../agent/handlers.ts';
import type { AgentsConfig } from '../config/config.ts';
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
      const common = { Class: hosting.agent, table, concurrency: hosting.concurrency, mailboxLimit: hosting.mailbox };
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
