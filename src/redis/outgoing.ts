/**
 * The outgoing port on Redis: what is out, in hashes by task and by foreign id.
 *
 * Invariants G1 to G5 stand in broker/outgoing.ts. Texts and answers have hashes of their own, so that reading what is out stays small.
 */
import { bridgeLost, type Mark } from '../broker/foreign.ts';
import type { Out, OutgoingPort, PutReply } from '../broker/outgoing.ts';
import type { ScriptCall, Store } from './store.ts';

export class RedisOutgoing implements OutgoingPort {
  readonly #store: Store;

  constructor(deps: { store: Store }) {
    this.#store = deps.store;
  }

  async put({ node, taskId, foreignId, text }: Parameters<OutgoingPort['put']>[0]): Promise<PutReply> {
    const { bridge, queue, out, outIds, outTexts, answers } = this.#store.keys.foreign;
    const call = { keys: [bridge, queue, out, outIds, outTexts, answers], args: [node, taskId, foreignId, text] };
    const reply = await this.#asBridge(node, 'put-foreign', call);
    if (reply === 'HELD') return { kind: 'held' };
    const [kind, id, at, answer] = reply as ['put' | 'known', string, string, (string | null)?];
    return { kind, out: { taskId, foreignId: id, at: Number(at), ...(answer != null && { answer }) } };
  }

  async answer({ node, answers: given, mark }: Parameters<OutgoingPort['answer']>[0]): Promise<readonly string[]> {
    const { bridge, outIds, answers, mark: kept } = this.#store.keys.foreign;
    const reply = await this.#asBridge(node, 'answer-foreign', {
      keys: [bridge, outIds, answers, kept],
      args: [
        node,
        mark?.count ?? '',
        mark?.last ?? '',
        ...given.flatMap(({ foreignId, answer }) => [foreignId, answer]),
      ],
    });
    return reply as readonly string[];
  }

  async withdraw(node: string, taskIds: readonly string[]): Promise<void> {
    const { bridge, queue, out, outIds, outTexts, answers } = this.#store.keys.foreign;
    const keys = [bridge, queue, out, outIds, outTexts, answers];
    await this.#asBridge(node, 'withdraw-foreign', { keys, args: [node, ...taskIds] });
  }

  async read(): Promise<{ readonly outs: readonly Out[]; readonly mark?: Mark }> {
    const { out, answers, mark } = this.#store.keys.foreign;
    const [outs, given, kept] = (await Promise.all([
      this.#store.call('hgetall', out),
      this.#store.call('hgetall', answers),
      this.#store.call('hmget', mark, 'count', 'last'),
    ])) as [Readonly<Record<string, string>>, Readonly<Record<string, string>>, [string | null, string | null]];
    const byId = new Map(Object.entries(given));
    const found = Object.entries(outs).map(([taskId, value]): Out => {
      const [foreignId = '', at = ''] = value.split('\x1f');
      const answer = byId.get(foreignId);
      return { taskId, foreignId, at: Number(at), ...(answer !== undefined && { answer }) };
    });
    const [count, last] = kept;
    return { outs: found, ...(count !== null && { mark: { count: Number(count), last: last ?? '' } }) };
  }

  async #asBridge(
    node: string,
    script: 'put-foreign' | 'answer-foreign' | 'withdraw-foreign',
    call: ScriptCall,
  ): Promise<unknown> {
    const reply = await this.#store.run(script, call);
    if (reply === 'BRIDGE') throw bridgeLost(node);
    return reply;
  }
}
