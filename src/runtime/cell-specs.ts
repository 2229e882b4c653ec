/**
 * From hosting to cells: which agents a node runs, under which ids, in which order.
 *
 * Pure, so that every class that is wrong is found before anything has started.
 */
import { type HandlerTable, handlersOf } from '../agent/handlers.ts';
import type { AgentsConfig, HostingConfig } from '../config/config.ts';
import type { GroupConfig } from '../config/supervision.ts';
import { ConfigError, DefinitionError } from '../core/errors.ts';
import type { CellSpec } from './cell-spec.ts';
import type { Group, Member } from './supervision-tree.ts';

/** The cells of `node` in configuration order. Throws `ConfigError` listing every class that is wrong. */
export function cellSpecs(agents: AgentsConfig, node: string): readonly CellSpec[] {
  if (typeof agents === 'string')
    throw new ConfigError([`expected the folder "${agents}" to be loaded before a node starts, got: its path`]);
  const problems: string[] = [];
  const specs: CellSpec[] = [];
  const groups = new Groups();
  for (const hosting of agents) {
    try {
      const table = handlersOf(hosting.agent);
      if (hosting.kind === 'pool') problems.push(...durableInPool(table));
      const { agent: Class, concurrency, mailbox: mailboxLimit, overflow } = hosting;
      const { restart, policy } = hosting.supervision;
      const alone = { restart, policy };
      for (const id of idsOf(hosting, node)) {
        const group = groups.place(hosting.supervision.groups, { kind: 'agent', id, restart });
        const supervision = group === undefined ? alone : { ...alone, group };
        specs.push({ Class, table, concurrency, mailboxLimit, overflow, kind: hosting.kind, id, supervision });
      }
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
  const { restart, policy } = hosting.supervision;
  return {
    Class,
    table: handlersOf(Class),
    concurrency,
    mailboxLimit,
    overflow,
    kind,
    id,
    supervision: { restart, policy },
  };
}

function idsOf(hosting: HostingConfig, node: string): readonly string[] {
  if (hosting.kind === 'single') return [hosting.id];
  return Array.from({ length: hosting.size }, (_, index) => `${hosting.role}@${node}.${index + 1}`);
}

/** The trees of the groups, as they grow: agents come in start order. */
class Groups {
  readonly #members = new Map<GroupConfig, { readonly group: Group; readonly members: Member[] }>();

  /** Puts a member into the innermost of `path`; the outermost one. */
  place(path: readonly GroupConfig[], member: Member): Group | undefined {
    const [outermost, ...inner] = path;
    if (outermost === undefined) return undefined;
    const { group, members } = this.#open(outermost);
    const within = this.place(inner, member) ?? member;
    if (!members.includes(within)) members.push(within);
    return group;
  }

  #open(config: GroupConfig): { readonly group: Group; readonly members: Member[] } {
    const known = this.#members.get(config);
    if (known !== undefined) return known;
    const members: Member[] = [];
    const made = { group: { kind: 'group', ...config, members } as const, members };
    this.#members.set(config, made);
    return made;
  }
}

/** A durable subscription is kept under the agent's id, and those of a pool are new with every start. */
function durableInPool({ role, broadcasts }: HandlerTable): readonly string[] {
  const durable = broadcasts.find((handler) => handler.durable);
  if (durable === undefined) return [];
  return [
    `expected "${durable.method}" of role "${role}" to be hosted by single(), because it listens durably to "${durable.pattern}", got: pool()\nAgents of a pool get new ids with every start, and nothing could go on under the old ones. Host the class with single(), or leave out durable.`,
  ];
}
