/**
 * The broker as a simulated process has it: the memory broker's ports, with the way to them in between.
 *
 * It knows no method by what it does. A call is carried by the wire, a listener hears through it; both sides are the twin that the contract
 * suite holds to Redis.
 */
import type { Broker, BrokerInfo, LinkState } from '../broker/broker.ts';
import { copy } from '../memory/copy.ts';
import type { MemoryBroker } from '../memory/broker.ts';
import type { Journal } from './journal.ts';
import type { Call, Wire } from './wire.ts';

/** What was carried out, for whoever keeps the books. */
export interface Carried {
  readonly name: string;
  readonly args: readonly unknown[];
  readonly reply: unknown;
  readonly isFrame: boolean;
}

/** The answer to a call that is taken down instead of being carried out. */
export type Captures = (name: string, args: readonly unknown[]) => unknown;

export interface FaultyBrokerDeps {
  readonly inner: MemoryBroker;
  readonly wire: Wire;
  /** Names the incarnation in the keys of faults. */
  readonly label: string;
  /** Called in the step of the broker that carried it out. */
  readonly onCarried: (carried: Carried) => void;
  /** Answers in the place of the broker what is not to be carried out; undefined: carry it out. */
  readonly captures?: Captures | undefined;
  /** Follows what goes to and fro for the process `name`. */
  readonly journal?: { readonly name: string; readonly of: Journal } | undefined;
}

const ports = [
  'tasks',
  'queues',
  'control',
  'mail',
  'notices',
  'events',
  'locks',
  'presence',
  'logs',
  'schedules',
  'foreign',
  'outgoing',
  'quarantine',
] as const satisfies readonly (keyof Broker)[];
type PortName = (typeof ports)[number];
type Method = (...args: readonly unknown[]) => unknown;

const frames: ReadonlySet<string> = new Set([
  'tasks.enqueue',
  'tasks.settle',
  'mail.send',
  'mail.ask',
  'mail.acknowledge',
  'events.append',
]);
/** Refused by a broker that has no memory left. */
const growing: ReadonlySet<string> = new Set([
  'tasks.enqueue',
  'mail.send',
  'events.append',
  'control.enrol',
  'schedules.set',
  'foreign.take',
  'outgoing.put',
]);

export class FaultyBroker implements Broker {
  readonly tasks: Broker['tasks'];
  readonly queues: Broker['queues'];
  readonly control: Broker['control'];
  readonly mail: Broker['mail'];
  readonly notices: Broker['notices'];
  readonly events: Broker['events'];
  readonly locks: Broker['locks'];
  readonly presence: Broker['presence'];
  readonly logs: Broker['logs'];
  readonly schedules: Broker['schedules'];
  readonly foreign: Broker['foreign'];
  readonly outgoing: Broker['outgoing'];
  readonly quarantine: Broker['quarantine'];
  readonly #deps: FaultyBrokerDeps;
  /** How often each thing was asked. */
  readonly #asked = new Map<string, number>();

  constructor(deps: FaultyBrokerDeps) {
    this.#deps = deps;
    this.tasks = this.#port('tasks');
    this.queues = this.#port('queues');
    this.control = this.#port('control');
    this.mail = { ...this.#port('mail'), tagOf: (agentId) => deps.inner.mail.tagOf(agentId) };
    this.notices = this.#port('notices');
    this.events = this.#port('events');
    this.locks = this.#port('locks');
    this.presence = this.#port('presence');
    this.logs = this.#port('logs');
    this.schedules = this.#port('schedules');
    this.foreign = this.#port('foreign');
    this.outgoing = this.#port('outgoing');
    this.quarantine = this.#port('quarantine');
  }

  async start(): Promise<BrokerInfo> {
    const { inner } = this.#deps;
    return (await this.#carry('broker.start', [], () => inner.start())) as BrokerInfo;
  }

  links(): readonly LinkState[] {
    return this.#deps.inner.links().map((link) => ({ ...link, up: link.up && this.#deps.wire.isUp }));
  }

  stop(): Promise<void> {
    return this.#deps.inner.stop();
  }

  #port<Name extends PortName>(name: Name): Broker[Name] {
    const port = this.#deps.inner[name];
    const methods = Object.getOwnPropertyNames(Object.getPrototypeOf(port)).filter(
      (method) => method !== 'constructor',
    );
    const call = (method: string): Method => {
      const run = Reflect.get(port, method) as Method;
      return (...args) => this.#call(`${name}.${method}`, args, (received) => run.apply(port, received as unknown[]));
    };
    return Object.fromEntries(methods.map((method) => [method, call(method)])) as unknown as Broker[Name];
  }

  #call(name: string, args: readonly unknown[], run: (args: readonly unknown[]) => unknown): Promise<unknown> {
    const received = args.map((arg) => this.#received(arg));
    return this.#carry(name, received, async () => {
      const reply = this.#deps.captures?.(name, received) ?? (await run(received));
      this.#deps.onCarried({ name, args: received, reply, isFrame: frames.has(name) });
      return reply;
    });
  }

  /** What the broker gets of an argument: a copy; a listener that hears through the wire; a signal of its own. */
  #received(arg: unknown): unknown {
    if (typeof arg !== 'object' || arg === null) return arg;
    if (isListener(arg)) return this.#listener(arg);
    if (!('signal' in arg) || !(arg.signal instanceof AbortSignal)) return copy(arg);
    const { signal, ...rest } = arg;
    const ending = new AbortController();
    const abort = (): void => ending.abort(signal.reason);
    if (signal.aborted) abort();
    else signal.addEventListener('abort', abort, { once: true });
    return { ...copy(rest), signal: ending.signal };
  }

  #listener(listener: object): object {
    const heard = (method: string): Method => {
      const run = Reflect.get(listener, method) as Method;
      return (...args) => this.#deliver(method, args, () => void run.apply(listener, args as unknown[]));
    };
    return Object.fromEntries(
      listenerMethods.filter((method) => method in listener).map((method) => [method, heard(method)]),
    );
  }

  #deliver(method: string, args: readonly unknown[], run: () => void): void {
    const { wire, journal } = this.#deps;
    const label = labelOf(method, args);
    if (journal === undefined) return wire.deliver(label, run);
    journal.of.deliver(journal.name, method, args, (heard) => wire.deliver(label, () => (heard(), run())));
  }

  #carry(name: string, args: readonly unknown[], execute: () => Promise<unknown>): Promise<unknown> {
    const call: Call = {
      name,
      key: this.#keyOf(name, args),
      lane: name === 'tasks.wait' ? 'blocking' : 'commands',
      isFrame: frames.has(name),
      isNew: growing.has(name),
      execute,
    };
    const { wire, journal } = this.#deps;
    if (journal === undefined) return wire.carry(call);
    return journal.of.carry(journal.name, call, args, (followed) => wire.carry(followed));
  }

  /** A frame is known by its sequence, any other call by its subject; either by how often it was tried. */
  #keyOf(name: string, [first]: readonly unknown[]): string {
    const seq = frames.has(name) ? `/${String(Reflect.get(first as object, 'seq'))}` : '';
    const what = `${name}/${subjectOf(first)}${seq}`;
    const tries = (this.#asked.get(what) ?? 0) + 1;
    this.#asked.set(what, tries);
    return `${this.#deps.label}/${what}/${tries}`;
  }
}

const listenerMethods = ['onNotice', 'onEvent', 'onHint', 'onReset', 'onDoubt'] as const;

function isListener(value: object): boolean {
  return 'onReset' in value;
}

function labelOf(method: string, [first]: readonly unknown[]): string {
  if (typeof first !== 'object' || first === null) return method;
  const kind = Reflect.get(first, 'kind') ?? Reflect.get(first, 'topic');
  return typeof kind === 'string' ? `${method} ${kind}` : method;
}

/** The queue, tag or name that a call is about. */
function subjectOf(arg: unknown): string {
  if (typeof arg === 'string') return arg;
  if (typeof arg !== 'object' || arg === null) return '';
  for (const field of ['tag', 'queue', 'name', 'agentId', 'node']) {
    const value: unknown = Reflect.get(arg, field);
    if (typeof value === 'string') return value;
  }
  return '';
}
