/**
 * One term of this node as the bridge to classic agents: everything that it does, from the moment it has the lease until it has not.
 *
 * T1  A term that is over starts nothing, tells nothing and withdraws nothing. What it leaves behind is where the next one looks: taken tasks,
 *     what is out, their answers.
 * T2  The claims of tasks that foreign agents work on are handed back when a term is over; the next one puts nothing out twice.
 */
import type { RuntimeConfig } from '../../config/config.ts';
import { describeError, type OwnershipError } from '../../core/errors.ts';
import { observe } from '../../core/observer.ts';
import type { Member } from '../../client/member.ts';
import type { Population } from '../../runtime/population.ts';
import { Answers } from './answers.ts';
import { Endings } from './endings.ts';
import { Following } from './following.ts';
import { foreignCell, foreignCellId } from './foreign-cell.ts';
import { Incoming } from './incoming.ts';
import type { Names } from './names.ts';
import { Outgoing } from './outgoing.ts';

export interface TermDeps {
  readonly member: Member;
  readonly population: Population;
  readonly config: RuntimeConfig;
  /** Foreign agents that tasks of the fleet may be addressed to. */
  readonly foreign: readonly string[];
  readonly names: Names;
  readonly onLost: (error: OwnershipError) => void;
}

export class Term {
  readonly #deps: TermDeps;
  readonly #over = new AbortController();
  readonly #outgoing: Outgoing;
  readonly #answers: Answers;
  readonly #incoming: Incoming;
  #unsubscribe: () => void = () => {};
  #running: Promise<unknown> = Promise.resolve();

  constructor(deps: TermDeps) {
    this.#deps = deps;
    const { broker, clock, random, observer, address: node } = deps.member.deps;
    const { foreign, outgoing, events, quarantine } = broker;
    const common = { clock, observer, node, signal: this.#over.signal, onLost: deps.onLost };
    const onWrongType = (key: string, type: string): void => this.#reportType(key, type);
    this.#outgoing = new Outgoing({
      ...common,
      broker,
      random,
      tasks: deps.member.tasks,
      serverNow: () => deps.member.serverNow(),
      onHeld: () => this.#reportType('task:queue', 'another type'),
    });
    this.#answers = new Answers({
      ...common,
      foreign,
      outgoing,
      events,
      quarantine,
      onWrongType,
      isOut: (foreignId) => this.#outgoing.isOut(foreignId),
      onAnswer: (foreignId, answer) => this.#outgoing.onAnswer(foreignId, answer),
    });
    const onHeld = (): void => this.#reportType('task:completed or events:stream', 'another type');
    const endings = new Endings({ ...common, foreign, onHeld, onEnded: (id) => following.forget(id) });
    const following: Following = new Following({
      member: deps.member,
      maxWaiting: deps.config.limits.maxWaiting,
      signal: this.#over.signal,
      onOutcome: (end) => {
        if (end.completion !== undefined) this.#answers.noteOwn(end.completion);
        endings.add(end);
      },
    });
    this.#incoming = new Incoming({
      ...common,
      foreign,
      onWrongType,
      isOurs: (assignee) => deps.names.has(assignee),
      onTaken: (id, task) => following.follow(id, task),
    });
  }

  async start(): Promise<void> {
    const { member, population, foreign } = this.#deps;
    const { broker, address } = member.deps;
    this.#unsubscribe = member.feed.subscribe({
      onEvent: ({ topic, data }) => this.#answers.onEvent(topic, data),
      onGap: () => {},
      onHint: (text) => this.#answers.onPublished(text),
    });
    const { outs, mark } = await broker.outgoing.read();
    this.#outgoing.resume(outs);
    const since = outs.length === 0 ? undefined : Math.min(...outs.map(({ at }) => at)) - clockSlackMs;
    this.#running = Promise.all([this.#answers.run(mark, since), this.#incoming.run(), this.#outgoing.sweep()]);
    await population.add(
      foreign.map((name) => foreignCell(name, address, (assignee, task) => this.#outgoing.relay(assignee, task))),
    );
  }

  /** T1, T2 */
  async end(reason: string): Promise<void> {
    const { member, population, foreign } = this.#deps;
    this.#over.abort();
    this.#unsubscribe();
    for (const name of foreign) await population.remove(foreignCellId(name, member.deps.address), 0, reason);
    await this.#running;
  }

  /** Told once in a while, and where it is looked for; what it holds up goes on when the key is mended. */
  #reportType(key: string, type: string): void {
    const { broker, observer } = this.#deps.member.deps;
    const reason = `expected ${key} to have its own type, got: ${type}`;
    broker.quarantine
      .add([{ origin: key, reason, text: '', left: 'copy' }])
      .catch((error: unknown) => observe(observer, 'broker.trouble', { what: reason, error: describeError(error) }));
  }
}

/** Ids of events have the server's time, as what is out has it. */
const clockSlackMs = 1_000;
