/**
 * The bridge to classic agents, as a part of every node that has it: one of these nodes at a time is the bridge, the others stand by.
 *
 * X1  The node has a term (term.ts) while it holds the lease of the bridge. It renews it with every heartbeat; when a renewal is refused, or
 *     none has succeeded for as long as the lease lasts, the term is over here, whatever the broker says. What a term that is over still
 *     tries is refused (foreign, B1).
 * X2  A node that stops ends its term and gives the lease back, so that another one need not wait for its end.
 */
import type { RuntimeConfig } from '../../config/config.ts';
import type { Member } from '../../client/member.ts';
import { describeError } from '../../core/errors.ts';
import { observe } from '../../core/observer.ts';
import { Duty } from '../../runtime/duty.ts';
import type { Population } from '../../runtime/population.ts';
import { Names } from './names.ts';
import { Term } from './term.ts';

export interface BridgeDeps {
  readonly member: Member;
  readonly population: Population;
  readonly config: RuntimeConfig;
  readonly foreign: readonly string[];
}

export class ClassicBridge extends Duty {
  readonly #deps: BridgeDeps;
  readonly #names: Names;
  #term: Term | undefined;
  /** Of the term before. */
  #ended: Promise<void> = Promise.resolve();
  #heldAt = 0;

  constructor(deps: BridgeDeps) {
    const { clock, observer } = deps.member.deps;
    const { heartbeatMs } = deps.config.timing;
    super(
      { clock, observer },
      { name: 'the bridge to classic agents', intervalMs: () => heartbeatMs, tick: () => this.#tick() },
    );
    this.#deps = deps;
    this.#names = new Names({ presence: deps.member.deps.broker.presence, ...deps });
  }

  /** Does its first look before it resolves: a fleet that is up takes tasks. */
  override async start(): Promise<void> {
    await this.#tick().catch(() => undefined); // the next one tells
    await super.start();
  }

  /** X2 */
  override async stop(): Promise<void> {
    await super.stop();
    await this.#end('the node stops');
    const { broker, address } = this.#deps.member.deps;
    await broker.foreign.hold(address, 0).catch(() => undefined); // it ends by itself
  }

  /** X1 */
  async #tick(): Promise<void> {
    const { broker, clock, address } = this.#deps.member.deps;
    const leaseMs = this.#deps.config.timing.presenceLeaseMs;
    const askedAt = clock.monotonic();
    try {
      if (!(await broker.foreign.hold(address, leaseMs))) return await this.#end('another node is the bridge');
      this.#heldAt = askedAt;
    } catch (error) {
      if (clock.monotonic() - this.#heldAt >= leaseMs) await this.#end('the lease of the bridge may have ended');
      throw error;
    }
    await this.#names.refresh();
    if (this.#term === undefined) await this.#begin();
  }

  async #begin(): Promise<void> {
    const { member, population, config, foreign } = this.#deps;
    const onLost = (): void => {
      if (this.#term === term) void this.#end('another node is the bridge'); // the next tick waits for it
    };
    await this.#ended;
    const term = new Term({ member, population, config, foreign, names: this.#names, onLost });
    this.#term = term;
    try {
      await term.start();
    } catch (error) {
      await this.#end('it could not begin');
      throw error;
    }
  }

  #end(reason: string): Promise<void> {
    const term = this.#term;
    this.#term = undefined;
    if (term !== undefined)
      this.#ended = this.#ended.then(() => term.end(reason)).catch((error: unknown) => this.#report(error));
    return this.#ended;
  }

  #report(error: unknown): void {
    const what = 'ending the bridge to classic agents';
    observe(this.#deps.member.deps.observer, 'broker.trouble', { what, error: describeError(error) });
  }
}
