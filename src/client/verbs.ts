/**
 * The verbs that everybody in the fleet has, in the name of one agent or client, put together from their families.
 *
 * Each verb checks what it is given, wraps it into an envelope and hands it to a lane; nothing here knows how a broker works.
 */
import type { Verbs } from '../agent/context.ts';
import type { Events } from '../agent/event-verbs.ts';
import { ClientEvents } from './event-verbs.ts';
import { ClientLocks } from './lock-verbs.ts';
import { ClientMail } from './mail-verbs.ts';
import type { Member } from './member.ts';
import { ClientSchedules } from './schedule-verbs.ts';
import type { Identity, Settings } from './scope.ts';
import { type Parent, spawnAgent } from './spawn.ts';
import { ClientTasks } from './task-verbs.ts';

export interface VerbsDeps {
  readonly member: Member;
  readonly identity: Identity;
  readonly settings: Settings;
  /** Of an agent: what it spawns is its child. */
  readonly parent?: Parent | undefined;
}

/** A family is put together when one of its verbs is used first: of ten thousand agents, most use few. */
export class FleetVerbs implements Verbs {
  readonly #deps: VerbsDeps;
  #tasks: ClientTasks | undefined;
  #mail: ClientMail | undefined;
  #events: ClientEvents | undefined;
  #locks: ClientLocks | undefined;
  #schedules: ClientSchedules | undefined;
  #spawn: Verbs['spawn'] | undefined;

  constructor(deps: VerbsDeps) {
    this.#deps = deps;
  }

  get enqueue(): Verbs['enqueue'] {
    return this.#taskVerbs.enqueue;
  }

  get run(): Verbs['run'] {
    return this.#taskVerbs.run;
  }

  get enqueueMany(): Verbs['enqueueMany'] {
    return this.#taskVerbs.enqueueMany;
  }

  get send(): Verbs['send'] {
    return this.#mailVerbs.send;
  }

  get ask(): Verbs['ask'] {
    return this.#mailVerbs.ask;
  }

  get stream(): Verbs['stream'] {
    return this.#mailVerbs.stream;
  }

  get broadcast(): Verbs['broadcast'] {
    return this.#eventVerbs.broadcast;
  }

  get events(): Events {
    return this.#eventVerbs.events;
  }

  get lock(): Verbs['lock'] {
    return this.#lockVerbs.lock;
  }

  get tryLock(): Verbs['tryLock'] {
    return this.#lockVerbs.tryLock;
  }

  get withLock(): Verbs['withLock'] {
    return this.#lockVerbs.withLock;
  }

  get schedules(): Verbs['schedules'] {
    return (this.#schedules ??= new ClientSchedules(this.#deps)).schedules;
  }

  get spawn(): Verbs['spawn'] {
    const deps = this.#deps;
    return (this.#spawn ??= (agent, options) => spawnAgent(deps, agent, options, deps.parent));
  }

  get #taskVerbs(): ClientTasks {
    return (this.#tasks ??= new ClientTasks(this.#deps));
  }

  get #mailVerbs(): ClientMail {
    return (this.#mail ??= new ClientMail(this.#deps));
  }

  get #eventVerbs(): ClientEvents {
    return (this.#events ??= new ClientEvents(this.#deps));
  }

  get #lockVerbs(): ClientLocks {
    return (this.#locks ??= new ClientLocks(this.#deps));
  }
}
