/**
 * The outgoing port in memory: what is out, by task.
 *
 * Invariants G1 to G5 stand in broker/outgoing.ts.
 */
import type { Mark } from '../broker/foreign.ts';
import type { Out, OutgoingPort, PutReply } from '../broker/outgoing.ts';
import type { MemoryFleet } from './fleet.ts';
import { demandBridge } from './foreign.ts';
import type { Link } from './link.ts';
import type { StoredOut } from './stored-foreign.ts';

export class MemoryOutgoing implements OutgoingPort {
  readonly #fleet: MemoryFleet;
  readonly #link: Link;

  constructor(deps: { fleet: MemoryFleet; link: Link }) {
    this.#fleet = deps.fleet;
    this.#link = deps.link;
  }

  put(request: Parameters<OutgoingPort['put']>[0]): Promise<PutReply> {
    return this.#link.call(request, ({ node, taskId, foreignId, text }): PutReply => {
      demandBridge(this.#fleet, node);
      const { out, queue, wrongTypes } = this.#fleet.foreign;
      const known = out.get(taskId);
      if (known !== undefined) return { kind: 'known', out: told(taskId, known) };
      if (wrongTypes.has('queue')) return { kind: 'held' };
      const stored: StoredOut = { foreignId, text, at: Math.floor(this.#fleet.clock.now()) };
      out.set(taskId, stored);
      queue.push(text);
      return { kind: 'put', out: told(taskId, stored) };
    });
  }

  answer(request: Parameters<OutgoingPort['answer']>[0]): Promise<readonly string[]> {
    return this.#link.call(request, ({ node, answers, mark }) => {
      demandBridge(this.#fleet, node);
      const { foreign } = this.#fleet;
      if (mark !== undefined) foreign.mark = mark;
      return answers.flatMap(({ foreignId, answer }) => {
        const stored = [...foreign.out.values()].find((one) => one.foreignId === foreignId);
        if (stored === undefined || stored.answer !== undefined) return [];
        stored.answer = answer;
        return [foreignId];
      });
    });
  }

  withdraw(node: string, taskIds: readonly string[]): Promise<void> {
    return this.#link.call(taskIds, (ids) => {
      demandBridge(this.#fleet, node);
      const { foreign } = this.#fleet;
      for (const id of ids) {
        const { text, answer } = foreign.out.get(id) ?? {};
        const at = text === undefined || answer !== undefined ? -1 : foreign.queue.lastIndexOf(text);
        if (at >= 0 && !foreign.wrongTypes.has('queue')) foreign.queue.splice(at, 1);
        foreign.out.delete(id);
      }
    });
  }

  read(): Promise<{ readonly outs: readonly Out[]; readonly mark?: Mark }> {
    return this.#link.call(undefined, () => {
      const { out, mark } = this.#fleet.foreign;
      return { outs: [...out].map(([taskId, stored]) => told(taskId, stored)), ...(mark && { mark }) };
    });
  }
}

function told(taskId: string, { foreignId, at, answer }: StoredOut): Out {
  return { taskId, foreignId, at, ...(answer !== undefined && { answer }) };
}
