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

export class FleetVerbs implements Verbs {
  readonly enqueue: Verbs['enqueue'];
  readonly run: Verbs['run'];
  readonly enqueueMany: Verbs['enqueueMany'];
  readonly send: Verbs['send'];
  readonly ask: Verbs['ask'];
  readonly stream: Verbs['stream'];
  readonly broadcast: Verbs['broadcast'];
  readonly events: Events;
  readonly lock: Verbs['lock'];
  readonly tryLock: Verbs['tryLock'];
  readonly withLock: Verbs['withLock'];
  readonly schedules: Verbs['schedules'];
  readonly spawn: Verbs['spawn'];

  constructor(deps: VerbsDeps) {
    const tasks = new ClientTasks(deps);
    const mail = new ClientMail(deps);
    const events = new ClientEvents(deps);
    const locks = new ClientLocks(deps);
    this.enqueue = tasks.enqueue;
    this.run = tasks.run;
    this.enqueueMany = tasks.enqueueMany;
    this.send = mail.send;
    this.ask = mail.ask;
    this.stream = mail.stream;
    this.broadcast = events.broadcast;
    this.events = events.events;
    this.lock = locks.lock;
    this.tryLock = locks.tryLock;
    this.withLock = locks.withLock;
    this.schedules = new ClientSchedules(deps).schedules;
    this.spawn = (agent, options) => spawnAgent(deps, agent, options, deps.parent);
  }
}
