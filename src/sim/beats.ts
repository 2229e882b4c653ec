/**
 * Which calls are the pulse of a fleet and say nothing of a failure: heartbeats, waits that brought nothing, looks that found nothing.
 *
 * Apart from the journal, because it is a judgement of each port and not a way of keeping books.
 */
import { fieldOf } from './fields.ts';
import type { Trip } from './journal.ts';

type Judge = (reply: unknown, args: readonly unknown[]) => boolean;

const isEmpty: Judge = (reply) => Array.isArray(reply) && reply.length === 0;
const never: Judge = () => false;
const holdsNothing =
  (field: string): Judge =>
  (reply) =>
    isEmpty(fieldOf(reply, field), []);

/** Those that may tell something, and when they do not. Every other call is a beat. */
const telling: Readonly<Record<string, Judge>> = {
  'tasks.enqueue': never,
  'tasks.settle': never,
  'tasks.claim': holdsNothing('tasks'),
  'tasks.wait': isEmpty,
  'tasks.recover': isEmpty,
  'tasks.renew': (reply) => Array.isArray(reply) && reply.every((one) => one === 'kept'),
  'control.cancel': never,
  'control.enrol': never,
  'control.dismiss': never,
  'control.pause': never,
  'control.resume': never,
  'control.limit': never,
  'mail.send': never,
  'mail.ask': never,
  'mail.acknowledge': never,
  'mail.read': isEmpty,
  'notices.post': never,
  'events.append': never,
  'events.read': holdsNothing('events'),
  'locks.acquire': never,
  'locks.release': never,
  'locks.leave': never,
  'locks.renew': (reply) => reply === true,
  'queues.report': never,
  'schedules.set': never,
  'schedules.remove': never,
  'presence.renew': (reply) => fieldOf(reply, 'kind') === 'renewed',
  'presence.activate': (reply) => Array.isArray(reply) && reply.every((one) => fieldOf(one, 'kind') === 'held'),
  'presence.deactivate': never,
};

/** J2. A call without a reply is one unless it was meant to change something. */
export function isBeat({ name, args, reply, error, struck }: Trip): boolean {
  const judge = telling[name];
  if (struck.length > 0 || (error !== undefined && judge === never)) return false;
  if (judge === undefined || judge === never) return judge === undefined;
  return reply === undefined || judge(reply, args);
}
