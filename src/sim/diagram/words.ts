/**
 * What is said in a picture: calls, deliveries, runs and faults in words.
 *
 * One table for calls, so that a port that gets a new method needs one line here; what has none is called by its name.
 */
import { fieldOf, type Fields, wordOf } from '../fields.ts';
import type { FaultKind } from '../faults.ts';
import type { Delivery, Run, Trip } from '../journal.ts';
import { type Cast, claimedOf, clipped, idOfClaim, opsOf } from './cast.ts';

/** What a fault does, where it strikes. */
export const faultWords: Readonly<Record<FaultKind, string>> = {
  'crash-before-call': 'ends before the call is sent',
  'crash-after-call': 'ends before it hears the reply',
  'lost-call': 'the call is lost',
  'lost-reply': 'the reply is lost',
  'late-call': 'the call is late',
  'late-reply': 'the reply is late',
  'repeated-frame': 'arrives twice',
  'late-delivery': 'is late',
  kill: 'the process ends',
  stall: 'stands still, for less than its lease',
  freeze: 'stands still, for longer than its lease',
  cut: 'its links are cut',
  deaf: 'its subscriptions are cut',
  slow: 'its links are slow',
  'clock-jump': 'its wall clock is set',
  'clock-drift': 'its clocks run too fast or too slow',
  restart: 'is told to drain and to come back',
  stop: 'is told to end',
  partition: 'half of the processes are cut off',
  'new-version': 'the nodes are replaced one by one by those of the next version',
  'broker-restart': 'the broker is away, and comes back with its data',
  'broker-loss': 'the broker comes back without its data',
  'broker-rewind': 'the broker comes back as it was a moment ago',
  'broker-full': 'the broker takes nothing new',
  'broker-clock-jump': 'the clock of the broker is set forward',
  'handler-throws': 'the handler throws',
  'handler-slow': 'the handler is slow',
  'handler-stuck': 'the handler is stuck',
  'handler-kills': 'the handler ends its process',
  poison: 'the envelope ends its process',
  'lost-request': 'is lost, without effect',
  'lost-response': 'has its effect, and no response',
  'late-response': 'is late',
  'failed-request': 'is refused',
  'spoiled-response': 'ends in the middle',
};

/** What a call says, and what is answered where that is worth a word. */
export interface CallWords {
  readonly said: string;
  readonly answer: string;
}

/** Of several operations in one frame the first that is meant speaks for all. */
export function callWords(trip: Trip, cast: Cast, meant: ReadonlySet<string>): CallWords {
  const ops = opsOf(trip.args);
  const replies = Array.isArray(trip.reply) ? (trip.reply as unknown[]) : [];
  const ofOp = opWords[trip.name];
  const first = Math.max(
    0,
    cast.of(trip).findIndex((subject) => meant.has(subject)),
  );
  const op = ops[first];
  if (ofOp !== undefined && op !== undefined) {
    const { said, answer } = ofOp(op, replies[first], cast);
    return { said: ops.length > 1 ? `${said} (and ${ops.length - 1} more)` : said, answer };
  }
  const [said, answer] = plainWords[trip.name] ?? [() => trip.name];
  return {
    said: said(trip.args, cast),
    answer: trip.reply === undefined ? '' : (answer?.(trip.reply, cast, trip.args) ?? ''),
  };
}

/** What a call brings to its caller, item by item. */
export function broughtWords(
  { name, reply }: Trip,
  cast: Cast,
): readonly { readonly subject: string; readonly said: string }[] {
  return claimedOf(name, reply).map((claimed) => {
    const subject = idOfClaim(claimed);
    const taken = name === 'tasks.recover' ? ', taken over' : '';
    const attempt = typeof claimed['attempt'] === 'number' ? `, attempt ${claimed['attempt']}` : '';
    const again = claimed['redelivered'] === true ? ', redelivered' : '';
    return { subject, said: `${cast.label(subject)}${taken}${attempt}${again}` };
  });
}

export function deliveryWords({ method, what }: Delivery, cast: Cast): string {
  const label = (field: string): string => cast.label(wordOf(fieldOf(what, field)));
  if (method === 'onEvent') return `event ${label('id')}`;
  const envelope = cast.parse(fieldOf(what, 'envelope'));
  switch (fieldOf(what, 'kind')) {
    case 'mail':
      return `mail ${cast.label(envelope?.opId ?? '')}`;
    case 'ask':
      return `ask ${cast.label(envelope?.opId ?? '')}`;
    case 'reply':
      return `answer to ${label('askId')}: ${clipped(wordOf(fieldOf(what, 'body')))}`;
    case 'settled':
      return `${label('taskId')} has ended: ${wordOf(fieldOf(fieldOf(what, 'outcome'), 'kind'))}`;
    case 'cancelled':
      return `${label('taskId')} was cancelled`;
    case 'granted':
      return `lock ${wordOf(fieldOf(what, 'lock'))} is granted`;
    case 'down':
      return `${label('agentId')} is down: ${wordOf(fieldOf(what, 'reason'))}`;
    default:
      return [fieldOf(what, 'kind') ?? method, fieldOf(what, 'taskId')]
        .filter(Boolean)
        .map((one) => cast.readable(wordOf(one)))
        .join(' ');
  }
}

export function runWords({ handled }: Run, cast: Cast): string {
  const { kind, name, id, attempt, redelivered, isAsk } = handled;
  const what =
    kind === 'broadcast' ? `hears ${cast.label(id)}` : `runs ${cast.label(id) === id ? name : cast.label(id)}`;
  const which = kind === 'task' && !isAsk ? `, attempt ${attempt}` : '';
  return `${cast.readable(handled.agent)} ${what}${which}${redelivered ? ', redelivered' : ''}`;
}

const taskOf = (op: Fields, cast: Cast): string => cast.label(wordOf(fieldOf(op['receipt'], 'taskId')));
const mailOf = (op: Fields, cast: Cast): string =>
  cast.label(wordOf(cast.parse(op['envelope'])?.opId ?? op['opId'] ?? op['letter']));
const kindOf = (reply: unknown): string => wordOf(fieldOf(reply, 'kind'));
const nothing = (): string => '';

const opWords: Readonly<Record<string, (op: Fields, reply: unknown, cast: Cast) => CallWords>> = {
  'tasks.enqueue': (op, reply, cast) => {
    const { to = '', opId = '' } = cast.parse(op['envelope']) ?? {};
    const verb = op['taskId'] === undefined ? 'enqueue' : 'bring back';
    return {
      said: `${verb} ${cast.label(opId)} for ${to}`,
      answer: kindOf(reply) === 'enqueued' ? 'accepted' : kindOf(reply),
    };
  },
  'tasks.settle': (op, reply, cast) => ({
    said: settleWords(op, cast),
    answer: reply === 'settled' ? '' : wordOf(reply),
  }),
  'mail.send': (op, reply, cast) => ({
    said: `send ${mailOf(op, cast)} to ${cast.readable(wordOf(op['to']))}`,
    answer: kindOf(reply),
  }),
  'mail.ask': (op, reply, cast) => ({
    said: `ask ${cast.readable(wordOf(op['to']))} ${mailOf(op, cast)}`,
    answer: kindOf(reply) === 'no-owner' ? 'nobody there' : '',
  }),
  'mail.acknowledge': (op, reply, cast) => ({
    said: `${mailOf(op, cast)} is ${op['dead'] === undefined ? 'handled' : 'dead'}`,
    answer: reply === 'acknowledged' ? '' : wordOf(reply),
  }),
  'events.append': (op, _reply, cast) => {
    return { said: `broadcast ${wordOf(op['topic'])} ${clipped(cast.readable(wordOf(op['data'])))}`, answer: '' };
  },
};

function settleWords(op: Fields, cast: Cast): string {
  const task = taskOf(op, cast);
  const outcome = op['outcome'] as Fields;
  const message = clipped(wordOf(fieldOf(outcome['error'], 'message')), 40);
  switch (outcome['kind']) {
    case 'complete':
      return `${task} is done: ${clipped(wordOf(outcome['result']))}`;
    case 'retry':
      return `${task} failed: ${message}; again in ${Math.round(Number(outcome['delayMs']))} ms`;
    case 'dead':
      return `${task} is dead (${wordOf(outcome['reason'])}): ${message}`;
    default:
      return `gives ${task} back`;
  }
}

type Said = (args: readonly unknown[], cast: Cast) => string;
type Answer = (reply: unknown, cast: Cast, args: readonly unknown[]) => string;
const named = ([first]: readonly unknown[], field = 'name'): string => wordOf(fieldOf(first, field));
const says = (words: string): readonly [Said, Answer?] => [() => words];

const plainWords: Readonly<Record<string, readonly [Said, Answer?]>> = {
  'tasks.claim': says('asks for tasks'),
  'tasks.wait': says('waits for tasks'),
  'tasks.recover': says('looks for tasks of lost nodes'),
  'tasks.promote': says('looks for tasks that are due'),
  'tasks.renew': [
    ([first], cast) => {
      const receipts = fieldOf(first, 'receipts') as Fields[];
      return `renews ${cast.label(wordOf(receipts[0]?.['taskId']))}`;
    },
    (reply) => (Array.isArray(reply) && reply.some((one) => one !== 'kept') ? wordOf(reply[0]) : ''),
  ],
  'control.cancel': [(args, cast) => `cancel ${cast.label(named(args, 'taskId'))}`, (reply) => wordOf(reply)],
  'mail.read': [(args, cast) => `reads the inbox of ${cast.readable(named(args, 'agentId'))}`],
  'mail.waiting': says('looks for mail'),
  'events.read': says('reads the event stream'),
  'locks.acquire': [
    (args) => `lock ${named(args)}`,
    (reply, cast, args) => {
      return kindOf(reply) === 'granted'
        ? `granted, token ${cast.token(named(args), fieldOf(reply, 'token'))}`
        : kindOf(reply);
    },
  ],
  'locks.release': [(args) => `unlock ${named(args)}`, (reply) => (reply === true ? '' : 'not its holder any more')],
  'locks.renew': [
    (args) => `renews the lock ${named(args)}`,
    (reply) => (reply === true ? '' : 'not its holder any more'),
  ],
  'locks.leave': [(args) => `waits no longer for ${named(args)}`],
  'presence.join': says('joins the fleet'),
  'presence.renew': [() => 'heartbeat', (reply) => (kindOf(reply) === 'renewed' ? '' : kindOf(reply))],
  'presence.lookup': says('looks where agents run'),
  'presence.nodes': says('looks which nodes there are'),
  'control.roster': says('reads the roster'),
  'schedules.due': says('looks which schedules are due'),
  'queues.outcomes': says('looks how tasks have ended'),
  'queues.report': says('tells how far it is'),
  'logs.append': says('writes its log'),
  'logs.record': says('records what became of agents'),
  'notices.listen': says('listens to notices'),
  'events.listen': says('listens to events'),
  'events.last': says('looks for the newest event'),
  'broker.start': says('connects'),
  'presence.leave': says('leaves the fleet'),
  'presence.activate': [
    (args, cast) => `claims ${(args[1] as string[]).map((id) => cast.readable(id)).join(', ')}`,
    (reply) => (Array.isArray(reply) ? [...new Set(reply.map(kindOf))].join(', ') : ''),
  ],
  'presence.deactivate': [
    (args, cast) =>
      `gives back ${(args[1] as Fields[]).map((one) => cast.readable(wordOf(one['agentId']))).join(', ')}`,
  ],
  'notices.post': [
    ([first], cast) => {
      const notice = (first as Fields[])[0]?.['notice'];
      const ask = fieldOf(notice, 'askId');
      return ask === undefined ? `tells of ${kindOf(notice)}` : `answers ${cast.label(wordOf(ask))}`;
    },
    nothing,
  ],
};
