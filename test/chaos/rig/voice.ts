/**
 * The voice: who broadcasts to the ears, by a link of its own that nobody cuts, and remembers what it has said.
 */
import type { AppendOp } from '../../../src/broker/events.ts';
import type { RedisBroker } from '../../../src/redis/broker.ts';
import { brokerOf } from './ears.ts';

export class Voice {
  /** Ids, in stream order. */
  readonly sent: string[] = [];
  readonly #broker: RedisBroker;
  #seq = 0;
  #said = 0;

  private constructor(broker: RedisBroker) {
    this.#broker = broker;
  }

  static async open(url: string): Promise<Voice> {
    const broker = brokerOf(url, 'voice');
    await broker.start();
    return new Voice(broker);
  }

  /** Appends `count` events in one frame. */
  async say(count: number, data = '0'): Promise<void> {
    const ops = Array.from({ length: count }, (): AppendOp => {
      const said = ++this.#said;
      return { opId: `op${said}`, topic: 'rig.word', from: 'voice', data: JSON.stringify(data), sentAt: said };
    });
    const prev = this.#seq++;
    this.sent.push(
      ...(await this.#broker.events.append({
        sender: 'voice',
        tag: 'events',
        seq: this.#seq,
        prev,
        leased: false,
        ops,
      })),
    );
  }

  close(): Promise<void> {
    return this.#broker.stop();
  }
}
