/**
 * Spawning: enrol the agent, have its node bring it up, and leave nothing behind when that fails.
 *
 * V1  The record comes first: from then on the agent is up somewhere, or will be, or was struck off; who spawns it may die at any time.
 * V2  A spawn that fails for whatever reason strikes the record off, and the agent is taken down wherever it is.
 * V3  A node that cannot take it (it drains, starts, or has gone) is passed over for the next one.
 */
import { roleOf } from '../agent/role.ts';
import type { Spawned, SpawnOptions } from '../agent/spawn-verbs.ts';
import type { Agent } from '../agent/agent.ts';
import type { AgentClass } from '../agent/task-types.ts';
import { sleep } from '../core/clock.ts';
import { durationMs } from '../core/duration.ts';
import { AgentUnavailable, DeliveryError, describeError, HandlerError } from '../core/errors.ts';
import { limits } from '../core/limits.ts';
import { observe } from '../core/observer.ts';
import { commandNode } from './commands.ts';
import { mostRoom } from './placement.ts';
import { type AgentRecord, nameOfAgent, type ParentRef, recordOf } from './roster-record.ts';
import type { VerbsDeps } from './verbs.ts';

/** The agent in whose course something is spawned. */
export interface Parent {
  readonly ref: () => ParentRef;
  /** It has a child now, until it ends itself. Returns the way to forget a child that has ended. */
  readonly adopt: (name: string, spawn: string) => () => void;
}

const lookAgainMs = 100;
const idPattern = /^[A-Za-z0-9][A-Za-z0-9._@-]{0,127}$/;

export async function spawnAgent(
  deps: VerbsDeps,
  agent: AgentClass<Agent> | string,
  options: SpawnOptions = {},
  parent?: Parent,
): Promise<Spawned> {
  const { random, clock } = deps.member.deps;
  const scope = deps.identity.scope();
  const role = typeof agent === 'string' ? agent : roleOf(agent);
  const id =
    options.id ??
    `${role}.${random
      .id('spawn')
      .replace(/[^A-Za-z0-9]/g, '')
      .slice(0, 12)
      .toLowerCase()}`;
  if (!idPattern.test(id))
    throw new DeliveryError('malformed', `expected the id of an agent to be ${idRule}, got: ${JSON.stringify(id)}`);
  const ref = options.detached ? undefined : parent?.ref();
  const { restart } = options;
  const more = { ...(ref && { parent: ref }), ...(restart && { restart }) };
  const draft = { kind: 'agent', id, role, spawn: random.id('spawn'), ...more } as const;
  const until = clock.monotonic() + durationMs(options.deadline ?? deps.settings.askDeadlineMs, 'deadline');
  const name = nameOfAgent(id);
  const attempt = new Attempt(deps, draft, until, options.signal ?? scope?.signal);
  try {
    const node = await attempt.run();
    const forget = ref && parent?.adopt(name, draft.spawn);
    const stop = async (): Promise<boolean> => {
      const stopped = await stopAgent(deps, id, draft.spawn);
      forget?.();
      return stopped;
    };
    return { id, node, stop };
  } catch (error) {
    await strikeOff(deps, id, draft.spawn); // V2
    throw startFailure(id, error);
  }
}

const idRule = 'at most 128 letters, digits, ".", "_", "-" and "@", beginning with a letter or digit';

class Attempt {
  readonly #deps: VerbsDeps;
  readonly #draft: Omit<AgentRecord, 'node'>;
  readonly #until: number;
  readonly #signal: AbortSignal | undefined;
  /** Of the record as it was written last. */
  #version = '';

  constructor(deps: VerbsDeps, draft: Omit<AgentRecord, 'node'>, until: number, signal: AbortSignal | undefined) {
    this.#deps = deps;
    this.#draft = draft;
    this.#until = until;
    this.#signal = signal;
  }

  /** Resolves to the node on which it is up. */
  async run(): Promise<string> {
    const { clock } = this.#deps.member.deps;
    const refused: string[] = [];
    for (;;) {
      const node = await this.#choose(refused);
      if (node !== undefined) {
        const placed = await this.#enrol(node);
        try {
          await this.#command(placed);
          return placed;
        } catch (error) {
          if (!isPassedOver(error)) throw error;
          refused.push(placed);
        }
      }
      if (clock.monotonic() + lookAgainMs > this.#until) throw noNode(this.#draft.role);
      await sleep(clock, lookAgainMs, this.#signal);
      if (node === undefined) refused.length = 0;
    }
  }

  /** Undefined while those that could take it start, or have refused just now. Throws when no node has the class. */
  async #choose(refused: readonly string[]): Promise<string | undefined> {
    const { member } = this.#deps;
    const nodes = await member.deps.broker.presence.nodes();
    const places = member.placements.of(nodes).filter(({ roles }) => roles.includes(this.#draft.role));
    if (places.length === 0) throw noNode(this.#draft.role);
    const chosen = mostRoom(
      places.filter(({ node }) => !refused.includes(node)),
      this.#draft.role,
    );
    if (chosen !== undefined) member.placements.note(chosen.node, nodes);
    return chosen?.node;
  }

  /** Resolves to the node where it is to run: another one, when it was taken over since it was written last. */
  async #enrol(node: string): Promise<string> {
    const { member } = this.#deps;
    const { broker, address, leased } = member.deps;
    const record: AgentRecord = { ...this.#draft, node };
    const request = {
      name: nameOfAgent(record.id),
      text: JSON.stringify(record),
      expected: this.#version,
      ...(leased && { by: address }),
    };
    const reply = await broker.control.enrol(request);
    if (reply.kind === 'full') throw rosterFull(reply.entries);
    if (reply.kind === 'changed') return await this.#find();
    this.#version = reply.version;
    return node;
  }

  async #find(): Promise<string> {
    const { id, spawn } = this.#draft;
    const entry = await entryOf(this.#deps, id);
    if (entry === undefined) throw new AgentUnavailable(id, 'it was stopped before it was up');
    if (entry.record.spawn !== spawn) throw idTaken(id);
    this.#version = entry.version;
    return entry.record.node;
  }

  async #command(node: string): Promise<void> {
    const { id } = this.#draft;
    const record: AgentRecord = { ...this.#draft, node };
    const leftMs = Math.max(1, this.#until - this.#deps.member.deps.clock.monotonic());
    const data = { name: nameOfAgent(id), text: JSON.stringify(record), version: this.#version };
    await commandNode(this.#deps, node, 'spawn', data, { deadline: leftMs, signal: this.#signal });
  }
}

/** Ends an agent that was spawned, when `spawn` is given only that one. Resolves when it is down; false when it is not there. */
export async function stopAgent(deps: VerbsDeps, id: string, spawn?: string): Promise<boolean> {
  deps.identity.scope();
  const { control } = deps.member.deps.broker;
  const entry = await entryOf(deps, id);
  if (entry === undefined || (spawn !== undefined && entry.record.spawn !== spawn)) return false;
  if (!(await control.dismiss(nameOfAgent(id)))) return false;
  try {
    await commandNode(deps, entry.record.node, 'stop-agent', { id }, { deadline: longestStopMs });
  } catch (error) {
    if (!(error instanceof AgentUnavailable)) throw error; // its node has gone, and nobody takes over what is struck off
  }
  return true;
}

const longestStopMs = 3_630_000;

async function entryOf(
  { member }: VerbsDeps,
  id: string,
): Promise<{ readonly record: AgentRecord; readonly version: string } | undefined> {
  const name = nameOfAgent(id);
  const entry = (await member.deps.broker.control.roster('any'))?.entries.find((one) => one.name === name);
  const record = entry && recordOf(entry);
  return entry !== undefined && record?.kind === 'agent' ? { record, version: entry.version } : undefined;
}

/** V2. When that fails, too, the caller hears of the first failure. */
async function strikeOff(deps: VerbsDeps, id: string, spawn: string): Promise<void> {
  const { broker, observer } = deps.member.deps;
  try {
    const entry = await entryOf(deps, id);
    if (entry?.record.spawn === spawn) await broker.control.dismiss(nameOfAgent(id), entry.version);
  } catch (error) {
    const what = `striking ${id} off the roster, which could not be started`;
    observe(observer, 'broker.trouble', { what, error: describeError(error) });
  }
}

/** V3 */
function isPassedOver(error: unknown): boolean {
  return error instanceof AgentUnavailable || (error instanceof DeliveryError && error.code === 'refused');
}

/** What `onStart` threw is the cause; what the runtime of the node says is told as it is. */
function startFailure(id: string, error: unknown): unknown {
  if (!(error instanceof HandlerError) || !(error.cause instanceof Error)) return error;
  const { cause } = error;
  return new HandlerError(`agent "${id}" could not be started: ${cause.message}`, { cause, details: { agentId: id } });
}

function noNode(role: string): DeliveryError {
  return new DeliveryError(
    'no-node',
    `expected a node that can run agents of role "${role}" to be up, got: none\nName the class in the configuration of a node; pool(..., { size: 0 }) runs none by itself.`,
  );
}

function idTaken(id: string): DeliveryError {
  return new DeliveryError('id-taken', `expected the id "${id}" to be free, got: an agent has it`);
}

function rosterFull(entries: number): DeliveryError {
  return new DeliveryError(
    'roster-full',
    `expected the roster to hold fewer than ${limits.rosterEntries} records, got: ${entries}\nStop agents that are not needed any more.`,
  );
}
