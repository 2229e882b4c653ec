/**
 * The commands that look at a running fleet from another terminal, or start one in another process, in the order of the help.
 *
 * Apart from main.ts, since a process that becomes a node needs none of them.
 */
import { registerCancel } from './cancel.ts';
import type { Register } from './context.ts';
import { registerDead } from './dead.ts';
import { registerDev } from './dev.ts';
import { registerEnqueue } from './enqueue.ts';
import { registerEvents } from './events.ts';
import { registerLimit } from './limit.ts';
import { registerLogs } from './logs.ts';
import { registerMail } from './mail.ts';
import { registerNodes } from './nodes.ts';
import { registerPause } from './pause.ts';
import { registerQuarantine } from './quarantine.ts';
import { registerReady } from './ready.ts';
import { registerReplay } from './replay.ts';
import { registerSchedules } from './schedules.ts';
import { registerSpawn } from './spawn.ts';
import { registerStatus } from './status.ts';
import { registerStop } from './stop.ts';

export const commands: readonly Register[] = [
  registerDev,
  registerStatus,
  registerReady,
  registerEvents,
  registerLogs,
  registerEnqueue,
  registerCancel,
  registerPause,
  registerLimit,
  registerDead,
  registerReplay,
  registerQuarantine,
  registerSchedules,
  registerMail,
  registerNodes,
  registerStop,
  registerSpawn,
];
