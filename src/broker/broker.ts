/**
 * The broker: the port through which everything leaves the process, as a set of narrow ports.
 *
 * Each port carries its guarantee in words beside its methods; `test/contract/` holds every broker to them.
 */
import type { ControlPort } from './control.ts';
import type { EventPort } from './events.ts';
import type { ForeignPort } from './foreign.ts';
import type { LockPort } from './locks.ts';
import type { LogPort } from './logs.ts';
import type { MailPort } from './mail.ts';
import type { NoticePort } from './notices.ts';
import type { OutgoingPort } from './outgoing.ts';
import type { PresencePort } from './presence.ts';
import type { QuarantinePort } from './quarantine.ts';
import type { QueuePort } from './queues.ts';
import type { SchedulePort } from './schedules.ts';
import type { TaskPort } from './tasks.ts';

/** What survives what: read from the server at start. */
export type Durability =
  /** Nothing survives a restart of the broker. */
  | 'none'
  /** Snapshots only: what came after the last one is lost. */
  | 'snapshot'
  /**
   * Appended to a file, synced every second: a killed machine loses up to a second; a killed server loses nothing while its disk keeps
   * up, and up to two seconds while a sync takes longer than that (the server puts off its writes then).
   */
  | 'everysec'
  /** Synced before it is acknowledged. */
  | 'always'
  /** The settings cannot be read. */
  | 'unknown';

export interface BrokerInfo {
  readonly kind: 'redis' | 'memory';
  /** For people: server and version. */
  readonly server: string;
  readonly durability: Durability;
  /** Server time in milliseconds when the broker started. */
  readonly serverTime: number;
  /** Sentences about settings that endanger the guarantees. */
  readonly warnings: readonly string[];
}

/** One of the links of this process to the broker. */
export interface LinkState {
  /** For people: what goes over it. */
  readonly name: string;
  readonly up: boolean;
}

export interface Broker {
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
  /** Connects and checks the server. Rejects with `BrokerError` or `ConfigError`. */
  start(): Promise<BrokerInfo>;
  /** The links and whether each is up, as far as this process knows: it asks nobody. None is up before the start and after the stop. */
  links(): readonly LinkState[];
  /** Closes every link. Later calls reject with `BrokerError('closed')`. */
  stop(): Promise<void>;
}
