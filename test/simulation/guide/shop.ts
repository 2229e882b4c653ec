import { Agent, onTask, type Task } from 'agent-runtime';

/** The world outside: it outlives every crash. */
export const bank = { charges: [] as string[] };

export class OrderAgent extends Agent {
  static readonly role: string = 'order';

  @onTask('order', undefined, undefined, { retries: 10, backoff: '200ms' })
  async order(task: Task): Promise<string> {
    await this.charge(task);
    await this.broadcast('order.paid', task.input);
    return 'paid';
  }

  protected async charge(task: Task): Promise<void> {
    await this.lock('bank', { wait: '10s' }).then((lock) => lock.release());
    bank.charges.push(String(task.input));
  }
}

/** The same, with a charge that can be repeated. */
export class CarefulOrderAgent extends OrderAgent {
  static override readonly role = 'order';

  protected override async charge(task: Task): Promise<void> {
    if (!bank.charges.includes(String(task.input))) await super.charge(task);
  }
}
