/**
 * Who and what takes part in a run: readable names for nodes, tasks, messages and events, and what each entry of the journal is about.
 *
 * A subject is a task by its id, a message or an ask by its operation id, an event by its id, a lock as `lock NAME`, an agent as `agent ID`.
 */
import { decodeEnvelope, type Envelope } from '../../core/envelope.ts';
import { fieldOf, type Fields, wordOf } from '../fields.ts';
import type { Delivery, Entry, Run, Trip } from '../journal.ts';

type Known = Pick<Envelope, 'from' | 'trace'> & { readonly label: string; readonly parent?: string };

const longest = 28;

export class Cast {
  readonly #known = new Map<string, Known>();
  /** Task ids by operation id, and event ids by operation id. */
  readonly #later = new Map<string, string>();
  readonly #parsed = new Map<string, Envelope>();
  readonly #nodes = new Map<string, string>();
  readonly #ups: { readonly place: string; readonly at: number; readonly name: string }[] = [];
  readonly #tokens = new Map<string, number>();
  readonly #runs: readonly Run[];

  constructor(entries: readonly Entry[]) {
    this.#runs = entries.filter((entry) => entry.kind === 'run');
    this.#nameNodes(entries);
    for (const entry of entries) {
      if (entry.kind === 'trip') this.#meet(entry);
      if (entry.kind === 'delivery') this.#meetDelivery(entry);
    }
  }

  /** Everything that has a name here. */
  get subjects(): Iterable<string> {
    return this.#known.keys();
  }

  /** `order("a")`. */
  label(subject: string): string {
    const known = this.#known.get(this.#resolve(subject));
    if (known !== undefined) return known.label;
    return this.readable(subject.replace(/^(?:lock|agent) /, ''));
  }

  /** The node that came up there after that time. */
  nodeAfter(place: string, at: number): string {
    return this.#ups.find((up) => up.place === place && up.at >= at)?.name ?? place;
  }

  /** With names in the place of ids. */
  readable(text: string): string {
    let words = this.#withNodes(text);
    for (const [subject, { label }] of this.#known)
      if (words.includes(subject)) words = words.replaceAll(subject, label);
    return words;
  }

  /** The how manieth token of that lock. */
  token(lock: string, token: unknown): number {
    const key = `${lock} ${wordOf(token)}`;
    const known =
      this.#tokens.get(key) ?? [...this.#tokens.keys()].filter((one) => one.startsWith(`${lock} `)).length + 1;
    this.#tokens.set(key, known);
    return known;
  }

  /** The subjects that belong to the same piece of work: one trace, or parent and child. */
  related(subjects: ReadonlySet<string>): ReadonlySet<string> {
    const traces = new Set([...subjects].map((subject) => this.#known.get(subject)?.trace.id));
    const found = new Set(subjects);
    for (const [subject, { trace, parent }] of this.#known)
      if (traces.has(trace.id) || (parent !== undefined && subjects.has(parent))) found.add(subject);
    return found;
  }

  /** What an entry is about. */
  of(entry: Entry): readonly string[] {
    if (entry.kind === 'run') return [entry.handled.id, `agent ${entry.handled.agent}`];
    if (entry.kind === 'trip') return this.#ofTrip(entry).map((subject) => this.#resolve(subject));
    if (entry.kind === 'delivery') return this.#ofDelivery(entry).map((subject) => this.#resolve(subject));
    if (entry.kind === 'note') return [...entry.text.matchAll(/\S+/g)].map(([word]) => this.#resolve(word));
    return [];
  }

  /** What the handler that made this call was about. */
  runOf(trip: Trip): Run | undefined {
    const from = speakerOf(trip);
    if (from === undefined) return undefined;
    return this.#runs.findLast(
      ({ place, at, endedAt = Infinity, handled }) =>
        place === trip.place && at <= trip.at && trip.at <= endedAt && from.startsWith(handled.agent),
    );
  }

  /** Handlers at work in a process at that time. */
  runsAt(place: string, time: number): readonly Run[] {
    return this.#runs.filter((run) => run.place === place && run.at <= time && time <= (run.endedAt ?? Infinity));
  }

  parse(text: unknown): Envelope | undefined {
    if (typeof text !== 'string') return undefined;
    let envelope = this.#parsed.get(text);
    if (envelope === undefined) this.#parsed.set(text, (envelope = decodeEnvelope(text)));
    return envelope;
  }

  #nameNodes(entries: readonly Entry[]): void {
    const lives = new Map<string, number>();
    for (const entry of entries) {
      if (entry.kind !== 'note' || !entry.text.startsWith('node.up ')) continue;
      const life = (lives.get(entry.place) ?? 0) + 1;
      lives.set(entry.place, life);
      const name = life === 1 ? entry.place : `${entry.place}/${life}`;
      this.#nodes.set(entry.text.split(' ')[1] ?? '', name);
      this.#ups.push({ place: entry.place, at: entry.at, name });
    }
  }

  #withNodes(text: string): string {
    let words = text;
    for (const [node, name] of this.#nodes) words = words.replaceAll(node, name);
    return words;
  }

  #resolve(subject: string): string {
    return this.#later.get(subject) ?? subject;
  }

  #meet({ name, args, reply }: Trip): void {
    const ops = opsOf(args);
    const replies = Array.isArray(reply) ? (reply as unknown[]) : [];
    ops.forEach((op, index) => {
      const envelope = this.parse(op['envelope']);
      const taskId = fieldOf(replies[index], 'taskId');
      if (envelope !== undefined) {
        this.#learn(envelope.opId, envelope);
        if (typeof taskId === 'string') this.#rename(envelope.opId, taskId, envelope);
      }
      if (name === 'events.append' && typeof replies[index] === 'string') {
        this.#learnEvent(replies[index], op);
        this.#later.set(wordOf(op['opId']), replies[index]);
      }
    });
    for (const claimed of claimedOf(name, reply)) {
      const envelope = this.parse(claimed['envelope']);
      if (envelope !== undefined) this.#rename(envelope.opId, idOfClaim(claimed), envelope);
    }
  }

  #meetDelivery({ method, what }: Delivery): void {
    if (typeof what !== 'object' || what === null) return;
    const envelope = this.parse(fieldOf(what, 'envelope'));
    if (envelope !== undefined) this.#learn(envelope.opId, envelope);
    if (method === 'onEvent') this.#learnEvent(wordOf(fieldOf(what, 'id')), what as Fields);
  }

  #learn(subject: string, { name, data, from, trace, parent }: Envelope): void {
    if (this.#known.has(subject)) return;
    this.#known.set(subject, {
      label: this.#free(called(name, data, (text) => this.#withNodes(text))),
      from,
      trace,
      ...(parent && { parent }),
    });
  }

  #rename(opId: string, taskId: string, envelope: Envelope): void {
    if (opId === taskId || this.#later.get(opId) === taskId) return;
    this.#learn(opId, envelope);
    const known = this.#known.get(opId);
    if (known === undefined) return;
    this.#known.set(taskId, known);
    this.#known.delete(opId);
    this.#later.set(opId, taskId);
  }

  #learnEvent(id: string, event: Fields): void {
    if (this.#known.has(id)) return;
    const label = `${wordOf(event['topic'])} ${clipped(this.#withNodes(wordOf(event['data'])))}`;
    this.#known.set(id, { label, from: wordOf(event['from']), trace: { id: `event ${id}`, asks: [] } });
  }

  /** Two with the same name are told apart by a number. */
  #free(label: string): string {
    const taken = new Set([...this.#known.values()].map((known) => known.label));
    if (!taken.has(label)) return label;
    for (let number = 2; ; number++) if (!taken.has(`${label} #${number}`)) return `${label} #${number}`;
  }

  #ofTrip({ name, args, reply }: Trip): string[] {
    const [first] = args;
    const claimed = claimedOf(name, reply).map(idOfClaim);
    if (claimed.length > 0) return claimed;
    const ops = opsOf(args).flatMap((op) => this.#ofOp(op));
    if (ops.length > 0) return ops;
    if (name.startsWith('locks.')) return [`lock ${wordOf(fieldOf(first, 'name'))}`];
    if (name === 'tasks.renew')
      return (fieldOf(first, 'receipts') as Fields[]).map((receipt) => wordOf(receipt['taskId']));
    if (name === 'control.cancel') return [wordOf(fieldOf(first, 'taskId'))];
    if (name === 'presence.activate') return (args[1] as string[]).map((id) => `agent ${id}`);
    if (name === 'presence.deactivate') return (args[1] as Fields[]).map((one) => `agent ${wordOf(one['agentId'])}`);
    if (name === 'notices.post')
      return (first as Fields[]).map(({ notice }) => wordOf(fieldOf(notice, 'askId') ?? fieldOf(notice, 'taskId')));
    return [];
  }

  #ofOp(op: Fields): string[] {
    const receipt = fieldOf(op['receipt'], 'taskId');
    if (receipt !== undefined) return [wordOf(receipt)];
    const opId = this.parse(op['envelope'])?.opId ?? op['opId'];
    return opId === undefined ? [] : [wordOf(opId)];
  }

  #ofDelivery({ method, what }: Delivery): string[] {
    if (method === 'onEvent') return [wordOf(fieldOf(what, 'id'))];
    const opId = this.parse(fieldOf(what, 'envelope'))?.opId;
    const agent = fieldOf(what, 'kind') === 'down' ? `agent ${wordOf(fieldOf(what, 'agentId'))}` : undefined;
    const lock = fieldOf(what, 'lock');
    const found = [opId, fieldOf(what, 'taskId'), fieldOf(what, 'askId'), agent, lock && `lock ${wordOf(lock)}`];
    return found.filter((one) => typeof one === 'string');
  }
}

export function opsOf([frame]: readonly unknown[]): readonly Fields[] {
  const ops = fieldOf(frame, 'ops');
  return Array.isArray(ops) ? (ops as Fields[]) : [];
}

/** What a call brought to its caller: tasks, messages or events. */
export function claimedOf(name: string, reply: unknown): readonly Fields[] {
  const list =
    name === 'tasks.claim' ? fieldOf(reply, 'tasks') : name === 'events.read' ? fieldOf(reply, 'events') : reply;
  const brings = ['tasks.claim', 'tasks.wait', 'tasks.recover', 'mail.read', 'events.read'].includes(name);
  return brings && Array.isArray(list) ? (list as Fields[]) : [];
}

export function idOfClaim(claimed: Fields): string {
  return wordOf(fieldOf(claimed['receipt'], 'taskId') ?? claimed['opId'] ?? claimed['id']);
}

/** The agent that speaks in a call, where it says so. */
function speakerOf({ args }: Trip): string | undefined {
  const [first] = args;
  const [op] = opsOf(args);
  const from = op?.['from'] ?? fieldOf(first, 'holder');
  if (typeof from === 'string') return from;
  const envelope = op?.['envelope'];
  return typeof envelope === 'string' ? (JSON.parse(envelope) as Envelope).from : undefined;
}

function called(name: string, data: unknown, readable: (text: string) => string): string {
  return data === null || data === undefined ? `${name}()` : `${name}(${clipped(readable(JSON.stringify(data)))})`;
}

export function clipped(text: string, most = longest): string {
  return text.length > most ? `${text.slice(0, most - 1)}…` : text;
}
