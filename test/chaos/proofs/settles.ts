/**
 * What is said on the wire to be settled, heard by a listener that is no part of the fleet.
 */
import { Redis } from 'ioredis';
import { decodeNotice, recordsOf } from '../../../src/redis/notice-wire.ts';

export class Settles {
  /** Task id to how often it was said. */
  readonly times = new Map<string, number>();
  readonly #subscriber: Redis;

  private constructor(url: string) {
    this.#subscriber = new Redis(url, { connectionName: 'rig' });
    this.#subscriber.on('error', () => {});
    this.#subscriber.on('pmessage', (_pattern: string, _channel: string, text: string) => {
      for (const notice of recordsOf(text).map(decodeNotice))
        if (notice.kind === 'settled') this.times.set(notice.taskId, (this.times.get(notice.taskId) ?? 0) + 1);
    });
  }

  static async listen(url: string, fleet: string): Promise<Settles> {
    const settles = new Settles(url);
    await settles.#subscriber.psubscribe(`rt:${fleet}:*:to:*`);
    return settles;
  }

  get twice(): number {
    return [...this.times.values()].filter((times) => times > 1).length;
  }

  close(): void {
    this.#subscriber.disconnect();
  }
}
