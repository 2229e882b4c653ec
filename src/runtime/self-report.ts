/**
 * What a node knows of itself: its phase, its readiness, its contracts, and the text that goes with every heartbeat.
 *
 * It asks the parts of the node and changes nothing. At the start it also reads what the others tell, and says aloud where they
 * disagree with this node on the contract of a role.
 */
import { contractOf, type RoleContract } from '../agent/contract-version.ts';
import type { HandlerTable } from '../agent/handlers.ts';
import type { Broker } from '../broker/broker.ts';
import { describeError } from '../core/errors.ts';
import { observe, type Observer } from '../core/observer.ts';
import type { Cell } from './cell.ts';
import { disagreements } from './contract-check.ts';
import type { InFlight } from './in-flight.ts';
import { type StatusFacts, statusText } from './node-status.ts';
import { type NodePhase, type Readiness, readinessOf } from './readiness.ts';
import { readToldStatus } from './told-status.ts';

export interface SelfReportDeps {
  readonly node: string;
  readonly broker: Broker;
  readonly observer: Observer;
  readonly heartbeatMs: number;
  readonly leaseMs: number;
  readonly inFlight: InFlight;
  /** What it can run agents of. */
  readonly hostings: StatusFacts['hostings'];
  readonly cells: () => readonly Cell[];
  /** What serves tasks. */
  readonly intake: { readonly troubles: readonly string[]; queues(): readonly string[] };
  /** Since the last renewal of the presence; undefined before the first. */
  readonly silentMs: () => number | undefined;
}

const listedWork = 40;

export class SelfReport {
  phase: NodePhase = 'starting';
  readonly #deps: SelfReportDeps;
  readonly #contracts = new WeakMap<HandlerTable, RoleContract>();

  constructor(deps: SelfReportDeps) {
    this.#deps = deps;
  }

  readiness(): Readiness {
    const { broker, heartbeatMs, silentMs, cells, intake } = this.#deps;
    const { phase } = this;
    const [links, claims] = [broker.links(), intake.troubles];
    return readinessOf({ phase, heartbeatMs, silentMs: silentMs(), links, agents: cells(), claims });
  }

  /** JSON, bounded (node-status.ts). */
  text(): string {
    const { heartbeatMs, leaseMs, hostings, inFlight, cells, intake } = this.#deps;
    const about = { phase: this.phase, heartbeatMs, leaseMs, hostings, ...this.readiness() };
    const contracts = (cell: Cell): RoleContract => this.#contractOf(cell.spec.table);
    const lists = { cells: cells(), queues: intake.queues(), inFlight: inFlight.oldest(listedWork) };
    return statusText({ ...about, contractOf: contracts, ...lists });
  }

  /** Says where another node has another contract of a role of this one. A broker that does not answer is no reason not to start. */
  async compare(): Promise<void> {
    const { broker, observer, node } = this.#deps;
    try {
      const others = (await broker.presence.nodes()).filter((other) => other.alive && other.node !== node);
      const told = others.map((other) => ({ node: other.node, contracts: readToldStatus(other.status).contracts }));
      const mine = new Map(
        this.#deps.cells().map(({ spec: { table } }) => [table.role, this.#contractOf(table).version]),
      );
      const own = { node, contracts: [...mine].map(([role, version]) => ({ role, version })) };
      for (const { role, versions } of disagreements([...told, own])) {
        const version = mine.get(role);
        if (version === undefined) continue; // the others' affair
        const differing = versions.filter((one) => one.version !== version);
        observe(observer, 'contract.differs', { role, node, version, others: differing });
      }
    } catch (error) {
      const what = 'comparing the contracts of the fleet';
      observe(observer, 'broker.trouble', { what, error: describeError(error) });
    }
  }

  #contractOf(table: HandlerTable): RoleContract {
    const known = this.#contracts.get(table) ?? contractOf(table);
    this.#contracts.set(table, known);
    return known;
  }
}
