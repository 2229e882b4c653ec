/**
 * Listens to the fleet and counts what it hears, per topic.
 *
 * An agent's fields are its private state: it handles one thing at a time, so they need no lock. They end with it; what
 * must outlive an agent belongs in a task's result or in the event stream.
 */
import { Agent, type Broadcast, every, onBroadcast, onMessage, onStart, onStop } from 'agent-runtime';
import { monitorCounts } from './contracts.ts';

export class MonitorAgent extends Agent {
  readonly #topics = new Map<string, number>();
  #total = 0;
  #logged = 0;

  @onStart()
  listen() {
    this.log.info('listening to audit.** and docs.*');
  }

  @onBroadcast('audit.**')
  onAudit(event: Broadcast) {
    this.#count(event);
  }

  @onBroadcast('docs.*')
  onDocs(event: Broadcast) {
    this.#count(event);
  }

  @onMessage(monitorCounts)
  counts() {
    return { total: this.#total, topics: Object.fromEntries(this.#topics) };
  }

  @every('30s')
  summarise() {
    if (this.#total === this.#logged) return;
    this.#logged = this.#total;
    this.log.info(this.#summary());
  }

  @onStop()
  sayGoodbye() {
    this.log.info(`stopped; ${this.#summary()}`);
  }

  #count({ topic, gap }: Broadcast) {
    if (gap) this.log.warn(`broadcasts before this ${topic} were missed: the event stream no longer holds them`);
    this.#topics.set(topic, (this.#topics.get(topic) ?? 0) + 1);
    this.#total += 1;
    this.status(`heard ${this.#total} broadcasts`);
  }

  #summary(): string {
    const topics = [...this.#topics].map(([topic, times]) => `${topic} ${times}`);
    return `heard ${this.#total} broadcasts${topics.length === 0 ? '' : `: ${topics.join(', ')}`}`;
  }
}
