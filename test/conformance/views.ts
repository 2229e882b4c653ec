/**
 * What is looked at behind a step: the state that the reading methods of the ports show, of all that the step may have touched.
 */
import { startMark } from '../../src/broker/foreign.ts';
import { isRecord } from './symbols.ts';
import type { Call, Place } from './steps.ts';
import { agents, lockNames, queues, type World } from './world.ts';

export type View = Pick<Call, 'by' | 'port' | 'method' | 'args'>;

/** Everything, as far as its cost does not depend on the length of the history. */
export function everything(world: World): readonly View[] {
  return [
    ...queues.flatMap((queue) => viewsOfQueue(world, queue)),
    ...world.tasks.slice(-15).flatMap(viewsOfTask),
    ...agents.flatMap(viewsOfAgent),
    ...viewsOfNodes(world),
    ...viewsOfEvents,
    ...lockNames.map((name) => view('locks', 'inspect', name)),
    ...viewsOfSchedules,
    view('control', 'roster', ''),
    ...viewsOfForeign,
  ];
}

/** The inboxes, whose reading changes marks: looked at when a history is over. */
export function inboxes(world: World): readonly View[] {
  return agents.flatMap((agentId) => {
    const granted = world.epochs.filter((one) => one.agentId === agentId).map(({ epoch }) => epoch);
    return [0, ...granted.slice(-1)].map((epoch) => view('mail', 'read', { agentId, epoch, after: '', count: 1_000 }));
  });
}

/** Methods that change nothing, apart from what they let go because its time is up. */
const ofTasks = ['outcomes', 'state', 'stats', 'progress', 'deadLetters', 'roster'] as const;
const ofMail = ['tagOf', 'ask', 'waiting', 'listen', 'post'] as const;
const ofTheRest = ['last', 'inspect', 'nodes', 'lookup', 'read', 'readParts', 'readRecords', 'due'] as const;
const ofForeign = ['look', 'taken', 'list'] as const;
const readers: ReadonlySet<string> = new Set([ofTasks, ofMail, ofTheRest, ofForeign].flat());

/** What a call may have changed; everything is looked at now and then. */
export function touched(world: World, { port, method, args }: Call): readonly View[] {
  if (readers.has(method)) return [];
  switch (port) {
    case 'tasks':
    case 'queues':
    case 'control':
      return method === 'roster' || method === 'enrol' || method === 'dismiss'
        ? [view('control', 'roster', '')]
        : viewsOfWork(world, args);
    case 'mail':
      return [
        ...agentsIn(args).map((agentId) => view('mail', 'deadLetters', agentId, { count: 9 })),
        ...viewsOfWaiting(world),
      ];
    case 'events':
      return viewsOfEvents;
    case 'locks':
      return lockNames.filter((name) => textsIn(args).includes(name)).map((name) => view('locks', 'inspect', name));
    case 'presence':
      return viewsOfNodes(world);
    case 'logs':
      return viewsOfLogs(args);
    case 'foreign':
      return [...viewsOfForeign, ...viewsOfEvents];
    case 'outgoing':
    case 'quarantine':
    case 'outsider':
      return viewsOfForeign;
    case 'schedules':
      return viewsOfSchedules;
    default:
      return [];
  }
}

function viewsOfWork(world: World, args: readonly unknown[]): readonly View[] {
  const named = textsIn(args);
  const tasks = new Set(named.filter((text) => world.tasks.includes(text)));
  const some = queues.filter((queue) => named.includes(queue));
  const asked = some.length === 0 ? queues : some;
  return [...asked.flatMap((queue) => viewsOfQueue(world, queue)), ...[...tasks].slice(0, 3).flatMap(viewsOfTask)];
}

function viewsOfQueue(world: World, queue: string): readonly View[] {
  return [
    view('queues', 'stats', queue),
    view('queues', 'deadLetters', queue, { count: 9 }),
    view('queues', 'outcomes', queue, world.tasks.slice(-12)),
  ];
}

function viewsOfTask(taskId: string): readonly View[] {
  return [view('queues', 'state', taskId), view('queues', 'progress', taskId)];
}

function viewsOfAgent(agentId: string): readonly View[] {
  return [view('mail', 'deadLetters', agentId, { count: 9 }), view('logs', 'read', agentId, 200)];
}

function viewsOfNodes(world: World): readonly View[] {
  return [
    view('presence', 'nodes'),
    view('presence', 'lookup', agents),
    view('logs', 'readRecords', { after: '0', count: 50 }),
    ...viewsOfWaiting(world),
  ];
}

function viewsOfWaiting(world: World): readonly View[] {
  return world.nodes.slice(-2).map((node) => view('mail', 'waiting', node));
}

const viewsOfEvents: readonly View[] = [view('events', 'last'), view('events', 'read', { after: '0', count: 50 })];

const viewsOfForeign: readonly View[] = [
  ...(['queue', 'completed'] as const).map((list) => view('foreign', 'look', { list, mark: startMark, count: 50 })),
  view('foreign', 'taken', { after: '', count: 50 }),
  view('outgoing', 'read'),
  view('quarantine', 'list', { count: 50, textBytes: 50 }),
];

const viewsOfSchedules: readonly View[] = [
  view('schedules', 'read', { after: '', count: 50 }),
  view('schedules', 'due', 50),
];

function viewsOfLogs(args: readonly unknown[]): readonly View[] {
  const [request] = args;
  if (isRecord(request) && isRecord(request['receipt']))
    return [view('logs', 'readParts', request['receipt']['taskId'], { after: '', count: 50 })];
  return [
    ...agentsIn(args).map((agent) => view('logs', 'read', agent, 5)),
    view('logs', 'readRecords', { after: '0', count: 50 }),
  ];
}

function view(port: Place, method: string, ...args: readonly unknown[]): View {
  return { by: 'c', port, method, args };
}

function agentsIn(args: readonly unknown[]): readonly string[] {
  const texts = new Set(textsIn(args));
  return agents.filter((agentId) => texts.has(agentId));
}

function textsIn(value: unknown): string[] {
  if (typeof value === 'string') return [value];
  if (Array.isArray(value)) return value.flatMap(textsIn);
  return isRecord(value) ? Object.values(value).flatMap(textsIn) : [];
}
