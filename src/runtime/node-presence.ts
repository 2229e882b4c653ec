/**
 * How a node is seen by the fleet: its heartbeat, and what it tells of itself with every beat, put together.
 *
 * Apart from node.ts, because nothing else of the node takes part in it: the node hands in what may be asked.
 */
import type { Beat } from '../broker/presence.ts';
import type { Member } from '../client/member.ts';
import type { Cell } from './cell.ts';
import { hostingsOf } from './cell-specs.ts';
import { Heartbeat } from './heartbeat.ts';
import { InFlight } from './in-flight.ts';
import type { Intake } from './intake.ts';
import type { NodeDeps } from './node-deps.ts';
import { SelfReport } from './self-report.ts';

export interface Seen {
  readonly heartbeat: Heartbeat;
  readonly report: SelfReport;
  readonly inFlight: InFlight;
}

export interface SeenDeps {
  readonly member: Member;
  readonly intake: Intake;
  readonly cells: () => readonly Cell[];
  /** Who wants to know what a beat told. */
  readonly hearers: () => readonly { onBeat(beat: Beat): void }[];
  /** The presence has ended. */
  readonly onLost: (reason: string) => void;
}

export function openPresence(deps: NodeDeps, { member, intake, cells, hearers, onLost }: SeenDeps): Seen {
  const { broker, config, host, pid, legacy, replaces } = deps;
  const { presenceLeaseMs, heartbeatMs } = config.timing;
  const leaseMs = presenceLeaseMs + heartbeatMs; // a loop may stand still for the whole lease, also from the moment before a beat
  const inFlight = new InFlight(() => member.serverNow());
  const silentMs = (): number | undefined => heartbeat.silentMs;
  const report = new SelfReport({
    ...deps,
    hostings: hostingsOf(config),
    heartbeatMs,
    leaseMs,
    inFlight,
    cells,
    intake,
    silentMs,
  });
  const heartbeat = new Heartbeat({
    ...deps,
    presence: broker.presence,
    intervalMs: heartbeatMs,
    leaseMs,
    info: () => ({ host, pid, startedAt: member.serverNow(), ...(replaces !== undefined && { replaces }) }),
    status: () => report.text(),
    beatsBefore: legacy?.beats ?? 0,
    onBeat: (beat) => {
      member.noteServerTime(beat.serverTime);
      for (const hearer of hearers()) hearer.onBeat(beat);
    },
    onDataLost: () => member.tellDataLost(),
    onLost,
  });
  return { heartbeat, report, inFlight };
}
