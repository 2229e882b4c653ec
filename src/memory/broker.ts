/**
 * The broker of one process in a memory fleet: the ports, and the link they share.
 *
 * The twin of the Redis broker, kept alike by the contract suite. It serves as the embedded broker where no server is to
 * be had, and as the broker of every simulation; both only compose it.
 */
import type { Broker, BrokerInfo, LinkState } from '../broker/broker.ts';
import type { ControlPort } from '../broker/control.ts';
import type { EventPort } from '../broker/events.ts';
import type { ForeignPort } from '../broker/foreign.ts';
import type { LockPort } from '../broker/locks.ts';
import type { LogPort } from '../broker/logs.ts';
import type { MailPort } from '../broker/mail.ts';
import type { NoticePort } from '../broker/notices.ts';
import type { OutgoingPort } from '../broker/outgoing.ts';
import type { PresencePort } from '../broker/presence.ts';
import type { QuarantinePort } from '../broker/quarantine.ts';
import type { QueuePort } from '../broker/queues.ts';
import type { SchedulePort } from '../broker/schedules.ts';
import type { TaskPort } from '../broker/tasks.ts';
import { MemoryControl } from './control.ts';
import { MemoryEvents } from './events.ts';
import type { MemoryFleet } from './fleet.ts';
import { MemoryForeign } from './foreign.ts';
import { Link } from './link.ts';
import { MemoryLocks } from './locks.ts';
import { MemoryLogs } from './logs.ts';
import { MemoryMail } from './mail.ts';
import { MemoryNotices } from './notices.ts';
import { MemoryOutgoing } from './outgoing.ts';
import { MemoryPresence } from './presence.ts';
import { MemoryQuarantine } from './quarantine.ts';
import { MemoryQueues } from './queues.ts';
import { MemorySchedules } from './schedules.ts';
import { MemoryTasks } from './tasks.ts';

export class MemoryBroker implements Broker {
  readonly tasks: TaskPort;
  readonly queues: QueuePort;
  readonly control: ControlPort;
  readonly mail: MailPort;
  readonly notices: NoticePort;
  readonly events: EventPort;
  readonly locks: LockPort;
  readonly presence: PresencePort;
  readonly logs: LogPort;
  readonly schedules: SchedulePort;
  readonly foreign: ForeignPort;
  readonly outgoing: OutgoingPort;
  readonly quarantine: QuarantinePort;
  readonly #fleet: MemoryFleet;
  readonly #link: Link;

  /** `address` names the process in errors; listeners choose their own. */
  constructor(deps: { fleet: MemoryFleet; address: string }) {
    this.#fleet = deps.fleet;
    this.#link = new Link(deps.address);
    const parts = { fleet: deps.fleet, link: this.#link };
    this.tasks = new MemoryTasks(parts);
    this.queues = new MemoryQueues(parts);
    this.control = new MemoryControl(parts);
    this.mail = new MemoryMail(parts);
    this.notices = new MemoryNotices(parts);
    this.events = new MemoryEvents(parts);
    this.locks = new MemoryLocks(parts);
    this.presence = new MemoryPresence(parts);
    this.logs = new MemoryLogs(parts);
    this.schedules = new MemorySchedules(parts);
    this.foreign = new MemoryForeign(parts);
    this.outgoing = new MemoryOutgoing(parts);
    this.quarantine = new MemoryQuarantine(parts);
  }

  async start(): Promise<BrokerInfo> {
    this.#link.open();
    await this.#link.trip();
    return {
      kind: 'memory',
      server: 'memory',
      durability: 'none',
      serverTime: this.#fleet.clock.now(),
      warnings: [],
    };
  }

  links(): readonly LinkState[] {
    return [{ name: 'memory', up: this.#link.isUp }];
  }

  async stop(): Promise<void> {
    this.#link.close();
    await Promise.resolve();
  }

  /** Cuts the link to the fleet: calls reject with `unreachable`, what is on its way to this process is lost. */
  cutLink(): void {
    this.#link.cut();
  }

  /** Restores a link that was cut; listeners hear `onReset` before anything later. */
  restoreLink(): void {
    this.#link.restore();
  }
}
