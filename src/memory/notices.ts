/**
 * The notice port in memory: posts to whoever listens, through the links of the processes.
 *
 * Invariants N1 and N2 stand in broker/notices.ts; exchange.ts and link.ts keep them.
 */
import type { Notice, NoticeListener, NoticePort, Subscription } from '../broker/notices.ts';
import type { MemoryFleet } from './fleet.ts';
import type { Link } from './link.ts';

export class MemoryNotices implements NoticePort {
  readonly #fleet: MemoryFleet;
  readonly #link: Link;

  constructor(deps: { fleet: MemoryFleet; link: Link }) {
    this.#fleet = deps.fleet;
    this.#link = deps.link;
  }

  async listen(address: string, listener: NoticeListener): Promise<Subscription> {
    await this.#link.trip();
    return this.#fleet.exchange.listenNotices(this.#link, address, listener);
  }

  post(notices: readonly { readonly address: string; readonly notice: Notice }[]): Promise<void> {
    return this.#link.call(notices, (received) => {
      for (const { address, notice } of received) this.#fleet.exchange.postNotice(address, notice);
    });
  }
}
