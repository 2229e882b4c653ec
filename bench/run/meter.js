/**
 * What a stretch of work costs, counted by those who do it: processor time of this process and of the Redis, and the commands and bytes
 * that the Redis says it had. Where there are several servers nothing is counted: `npm run costs` does that.
 */
import { Redis } from 'ioredis';

const infoRequest = '*2\r\n$4\r\ninfo\r\n$3\r\nall\r\n';

export class Meter {
  #redis;
  #before;

  constructor(url) {
    if (url.startsWith('redis://')) this.#redis = new Redis(url);
  }

  async start() {
    if (this.#redis === undefined) return;
    await this.#read(); // the first reading pays for the connection
    this.#before = await this.#read();
  }

  /** For each of `operations`; the own readings are left out. */
  async stop(operations) {
    if (this.#redis === undefined) return {};
    const after = await this.#read();
    const used = (field) => (after[field] - this.#before[field]) / operations;
    return {
      redisUs: used('redisUs'),
      nodeUs: used('nodeUs'),
      commands: used('commands'),
      calls: used('calls'),
      bytesIn: used('bytesIn') - infoRequest.length / operations,
      bytesOut: used('bytesOut') - this.#before.replyBytes / operations,
    };
  }

  async memory() {
    return numberOf(await this.#redis.info('memory'), 'used_memory');
  }

  async clients() {
    return numberOf(await this.#redis.info('clients'), 'connected_clients') - 1;
  }

  close() {
    this.#redis?.disconnect();
  }

  async #read() {
    const text = await this.#redis.info('all');
    const { user, system } = process.cpuUsage();
    const stats = [...text.matchAll(/^cmdstat_([^:]+):calls=(\d+)/gm)].filter(([, name]) => name !== 'info');
    const callsOf = (pattern) =>
      stats.filter(([, name]) => pattern.test(name)).reduce((sum, [, , n]) => sum + Number(n), 0);
    return {
      redisUs: 1e6 * (numberOf(text, 'used_cpu_user') + numberOf(text, 'used_cpu_sys')),
      nodeUs: user + system,
      commands: callsOf(/./),
      calls: callsOf(/^(eval|evalsha|evalsha_ro|fcall)$/),
      bytesIn: numberOf(text, 'total_net_input_bytes'),
      bytesOut: numberOf(text, 'total_net_output_bytes'),
      replyBytes: Buffer.byteLength(text) + String(Buffer.byteLength(text)).length + 5,
    };
  }
}

function numberOf(info, field) {
  return Number(new RegExp(`^${field}:([\\d.]+)`, 'm').exec(info)?.[1]);
}
