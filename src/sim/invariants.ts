/**
 * What must hold of every simulated fleet: after each step, and when it has come to rest.
 *
 * Checked from the broker's state and the ledger. Faults that the guarantees permit are allowed for here and nowhere else: after a loss of
 * data what was acknowledged comes again, marked.
 */
import { compileTopic } from '../agent/topic.ts';
import { compareEntryIds } from '../broker/entry-id.ts';
import { limits } from '../core/limits.ts';
import type { Handled } from './instrument.ts';
import type { Violation } from './ledger.ts';
import type { World } from './world.ts';

type Rule = (world: World) => Iterable<string>;

/** Checked at rest; each yields what breaks it. */
const atRest: Readonly<Record<string, Rule>> = {
  'every accepted task has ended': function* ({ ledger, fleet }) {
    for (const task of ledger.tasks.values()) {
      const queue = fleet.queues.get(task.queue);
      if (queue?.tasks.has(task.id)) yield `task ${task.id} is still there`;
      else if (
        task.ends.length === 0 &&
        !queue?.outcomes.has(task.id) &&
        !queue?.dead.has(task.id) &&
        !isLossy(ledger, task.acceptedAt)
      )
        yield `task ${task.id} was accepted and has no end`;
    }
  },
  'a task ends once': function* ({ ledger }) {
    for (const { id, ends } of ledger.tasks.values()) {
      if (ends.filter(({ at }) => !isLossy(ledger, at)).length > 1)
        yield `task ${id} ended ${ends.length} times: ${ends.map(({ kind, by }) => `${kind} by ${by}`).join(', ')}`;
    }
  },
  'a second run says so': function* ({ ledger }) {
    for (const [id, runs] of grouped(ledger.runs, (run) => (run.kind === 'task' ? run.id : undefined)))
      if (runs.filter((run) => !run.redelivered && !isRewound(ledger, run.at)).length > 1)
        yield `task ${id} began twice without a mark`;
  },
  'a task that ends its nodes is given up': function* ({ ledger }) {
    for (const [id, runs] of grouped(ledger.runs, (run) => (run.kind === 'task' ? run.id : undefined))) {
      const lost = runs.filter(({ end }) => end === 'running').length;
      if (lost > limits.lostHolders && ledger.losses.length === 0) yield `task ${id} ended ${lost} nodes`;
    }
  },
  'every accepted message is handled': function* ({ ledger, fleet }) {
    const ended = ledger.runs.filter(({ kind, end }) => kind === 'message' && end !== 'running');
    const handled = new Set(ended.map(({ id }) => id));
    const dead = new Set([...fleet.deadMail.all()].map(({ opId }) => opId));
    for (const { opId, to, at } of ledger.messages.values())
      if (!handled.has(opId) && !dead.has(opId) && !isLossy(ledger, at))
        yield `message ${opId} to ${to} was accepted and never handled`;
  },
  'a message is handled once in one activation, and a repeat says so': function* ({ ledger }) {
    const runs = ledger.runs.filter(({ kind, isAsk, id }) => kind === 'message' && !isAsk && ledger.messages.has(id));
    for (const [id, of] of grouped(runs, (run) => run.id)) {
      if (of.filter((run) => !run.redelivered && !isRewound(ledger, run.at)).length > 1)
        yield `message ${id} was handled again without a mark`;
      if (new Set(of.map(({ instance }) => instance)).size < of.length)
        yield `message ${id} was handled twice by one instance`;
    }
  },
  'messages of one sender come in their order': function* ({ ledger }) {
    const order = new Map([...ledger.messages.keys()].map((opId, index) => [opId, index]));
    const runs = ledger.runs.filter(({ kind, id }) => kind === 'message' && order.has(id));
    for (const [, of] of grouped(runs, ({ instance, id }) => `${instance} ${ledger.messages.get(id)?.sender}`)) {
      for (let at = 1; at < of.length; at++) {
        const [before, run] = [of[at - 1], of[at]];
        if (before === undefined || run === undefined || ledger.losses.length > 0) continue;
        if ((order.get(before.id) ?? 0) >= (order.get(run.id) ?? 0))
          yield `${run.agent} handled ${run.id} behind ${before.id}, which was sent after it`;
      }
    }
  },
  'every ask ends, once, and with its own answer': function* ({ ledger, scheduler }) {
    const { asks, answers } = ledger.asks;
    for (const { id, from, to, name, endsBy, place, end } of asks.values()) {
      const what = `ask ${id} of ${from} to ${to} (${name})`;
      if (end === undefined && place.state !== 'dead' && endsBy + askSlackMs < scheduler.nowMs)
        yield `${what} never ended`;
      if (end?.isOk && ![...(answers.get(id) ?? [])].some((body) => isBody(body, end.value)))
        yield `${what} got ${JSON.stringify(end.value)}, which nobody answered it`;
    }
    // a frame of asks that was carried out, not answered and then forgotten is carried out again
    const runs = ledger.runs.filter(({ kind, isAsk, at }) => kind === 'message' && isAsk && !isLossy(ledger, at));
    for (const [id, of] of grouped(runs, (run) => run.id))
      if (of.length > 1) yield `ask ${id} was handled ${of.length} times`;
  },
  'broadcasts come once, in the order of the stream and without a hole': function* (world) {
    const { ledger } = world;
    const heard = ledger.runs.filter(({ kind, id }) => kind === 'broadcast' && /^\d+-\d+$/.test(id));
    for (const [, runs] of grouped(heard, ({ instance, name }) => `${instance} ${name}`))
      if (ledger.losses.length === 0) yield* brokenStretch(runs, world);
  },
  'every agent of which there is one runs in one place': function* ({ fleet, processes }) {
    const nodes = new Map(processes.filter(({ state }) => state === 'up').map((process) => [process.node, process]));
    for (const [agent, { owner }] of fleet.directory.activations) {
      if (owner === '' || !fleet.directory.isPresent(owner)) continue;
      const cells = nodes
        .get(owner)
        ?.incarnations?.current?.cells.filter(({ id, state }) => id === agent && state !== 'standby');
      if (cells === undefined) yield `${agent} belongs to ${owner}, which is no live process`;
    }
    const up = processes.flatMap(({ state, incarnations }) =>
      state === 'up' ? [...(incarnations?.current?.cells ?? [])] : [],
    );
    const isHeld = ({ state }: { readonly state: string }): boolean => state === 'up' || state === 'standby';
    for (const [id, cells] of grouped(up, (cell) => (cell.spec.kind === 'single' ? cell.id : undefined))) {
      const times = cells.filter(({ state }) => state === 'up').length;
      if (times > 1 || (times === 0 && cells.every(isHeld))) yield `${id} is up ${times} times`;
    }
  },
};

/** Checked after every few steps. */
const always: Readonly<Record<string, Rule>> = {
  'nothing is without a bound': function* ({ fleet, processes }) {
    for (const [agent, inbox] of fleet.inboxes)
      if (inbox.size > limits.inboxEntries) yield `the inbox of ${agent} holds ${inbox.size}`;
    for (const [name, { holders, permits }] of fleet.locks) {
      const held = [...holders.values()].filter(({ leaseUntil }) => leaseUntil > fleet.clock.now());
      if (held.length > permits) yield `lock ${name} has ${held.length} holders`;
    }
    for (const { name, place } of processes)
      if (place !== undefined && place.pending > mostPlanned) yield `${place.pending} timers of ${name} are pending`;
  },
};

const mostPlanned = 20_000;
/** Clocks run up to a tenth too slow, and whoever stood still goes on where it was. */
const askSlackMs = 12_000;
/** What is broadcast comes to an agent that is up in less. */
const deliveryMs = 10_000;

export function* brokenAtRest(world: World): Generator<Violation> {
  yield* world.ledger.violations;
  yield* findings(atRest, world);
  for (const failure of world.failures) yield { invariant: 'no process fails', what: failure };
}

export function* brokenNow(world: World): Generator<Violation> {
  yield* findings(always, world);
}

function* findings(rules: Readonly<Record<string, Rule>>, world: World): Generator<Violation> {
  for (const [invariant, rule] of Object.entries(rules)) for (const what of rule(world)) yield { invariant, what };
}

/** A server that comes back with an older file of its own has forgotten who got what, and says nothing of it. */
function isRewound({ losses }: World['ledger'], time: number): boolean {
  return losses.some(({ since, at }) => since > -Infinity && since <= time && time <= at);
}

/** Written down alike. */
function isBody(body: string, value: unknown): boolean {
  return JSON.stringify(JSON.parse(body)) === JSON.stringify(value);
}

/** Whether the broker has lost what happened then. */
function isLossy({ losses }: World['ledger'], time: number): boolean {
  return losses.some(({ since, at }) => since <= time && time <= at);
}

function* brokenStretch(runs: readonly Handled[], world: World): Generator<string> {
  const [first] = runs;
  if (first === undefined) return;
  for (let at = 1; at < runs.length; at++) {
    const [before, run] = [runs[at - 1], runs[at]];
    if (before !== undefined && run !== undefined && compareEntryIds(run.id, before.id) <= 0)
      yield `${run.agent} heard ${run.id} behind ${before.id}`;
  }
  const topic = compileTopic(first.name);
  if (typeof topic === 'string') return;
  const heard = new Set(runs.map(({ id }) => id));
  const behind = world.isLive(first.instance) ? String(Math.floor(world.fleet.clock.now() - deliveryMs)) : '0';
  const last = [runs.at(-1)?.id ?? '', behind].reduce((a, b) => (compareEntryIds(a, b) < 0 ? b : a));
  const between = world.events.filter(({ id }) => compareEntryIds(id, first.id) >= 0 && compareEntryIds(id, last) <= 0);
  for (const event of between)
    if (topic.matches(event.topic) && !heard.has(event.id))
      yield `${first.agent} heard ${first.id} and ${last} and not ${event.id} (${event.topic})`;
}

function grouped<T>(items: readonly T[], keyOf: (item: T) => string | undefined): ReadonlyMap<string, readonly T[]> {
  const groups = new Map<string, T[]>();
  for (const item of items) {
    const key = keyOf(item);
    if (key === undefined) continue;
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [item]);
    else group.push(item);
  }
  return groups;
}
