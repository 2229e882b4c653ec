/**
 * Tells on the terminal what happens in this node: each event of the observer that a person wants to know as one line.
 *
 * A table from event to sentence; tasks that go well are left to whoever watches them, unless everything is wanted.
 */
import type { Observer, RuntimeEvents } from '../core/observer.ts';
import type { Output } from './output.ts';
import { bad, faint, good, name, warning } from './render/colours.ts';
import { plain, plural, span } from './render/text.ts';

type Sentences = { readonly [K in keyof RuntimeEvents]: (event: RuntimeEvents[K][0]) => string | undefined };

/** Prints from now on; returns the way to stop. */
export function narrate(observer: Observer, output: Output, options: { readonly verbose: boolean }): () => void {
  const sentences = sentencesFor(options.verbose);
  const listen = <K extends keyof RuntimeEvents>(event: K): (() => void) => {
    const hear = (payload: RuntimeEvents[K][0]): void => {
      const line = sentences[event](payload);
      if (line !== undefined) output.out(line);
    };
    observer.on(event, hear as never);
    return () => void observer.off(event, hear as never);
  };
  const stops = (Object.keys(sentences) as (keyof RuntimeEvents)[]).map((event) => listen(event));
  return () => stops.forEach((stop) => stop());
}

const up = good('+');
const down = faint('-');
const note = warning('!');
const fault = bad('!');

function sentencesFor(verbose: boolean): Sentences {
  return {
    'node.up': ({ node, broker, durability }) =>
      `${up} node ${plain(node)}  ${faint(`on ${plain(broker)}, durability ${durability}`)}`,
    'node.draining': ({ node }) => (verbose ? `${down} node ${plain(node)} is draining` : undefined),
    'node.down': ({ node }) => `${down} node ${plain(node)} has left the fleet`,
    'node.fenced': ({ node, reason }) =>
      `${fault} node ${plain(node)} was fenced: ${plain(reason)}; it stops its agents and comes back as a new node`,
    'part.started': ({ part }) => (verbose ? `${faint('+')}   ${faint(plain(part))}` : undefined),
    'part.stopped': ({ part }) => (verbose ? `${faint('-')}   ${faint(plain(part))}` : undefined),
    'contract.differs': (event) => disagreement(event),
    'agent.up': ({ agent, handles }) => `${up} ${name(plain(agent))}  ${faint(plain(handles))}`.trimEnd(),
    'agent.standby': ({ agent, owner }) =>
      `${down} ${name(plain(agent))}  ${faint(`stands by; it runs on node ${plain(owner)}`)}`,
    'agent.down': ({ agent, reason }) => `${down} ${name(plain(agent))}  ${faint(plain(reason))}`,
    'agent.restarting': ({ agent, afterMs, error }) =>
      `${note} ${name(plain(agent))} restarts in ${span(afterMs)}: ${plain(error.message)}`,
    'task.started': (event) => (verbose || event.redelivered ? started(event) : undefined),
    'task.settled': (event) => (verbose || event.error !== undefined ? settled(event) : undefined),
    'handler.given-up': ({ agent, name: handler, zombies }) =>
      `${fault} ${name(plain(agent))} ignores the end of "${plain(handler)}", which is given up; ${plural(zombies, 'handler')} of it still ${zombies === 1 ? 'runs' : 'run'}`,
    'task.recovered': ({ task, from }) => `${note} task ${plain(task)} was taken over from ${plain(from)}`,
    'message.failed': ({ agent, name: message, error, dead }) =>
      `${fault} ${name(plain(agent))} failed to handle "${plain(message)}"${dead ? ', now a dead letter' : ''}: ${plain(error.message)}`,
    'message.dropped': ({ agent, name: message, error }) =>
      `${note} ${name(plain(agent))} did not get "${plain(message)}": ${plain(error.message)}`,
    'broadcast.gap': () => `${note} some broadcasts were trimmed from the stream before this node saw them`,
    'schedule.run': ({ schedule, task }) =>
      verbose ? `${faint('>')} schedule ${name(plain(schedule))}  ${plain(task)}` : undefined,
    'schedule.missed': ({ schedule, runs, why }) =>
      `${note} schedule ${name(plain(schedule))} left out ${plural(runs, 'run')}: ${plain(why)}`,
    'broker.trouble': ({ what, error }) => `${note} ${plain(what)}: ${plain(error.message)}`,
    'broker.recovered': ({ what }) => `${up} ${plain(what)} works again`,
    'broker.data-lost': ({ what }) => `${fault} the server has lost data: ${plain(what)}`,
    log: ({ agent, level, message }) => `${levels[level]} ${name(plain(agent))}  ${plain(message)}`,
  };
}

const levels = { info: faint('·'), warn: note, error: fault } as const;

function disagreement({ role, node, version, others }: RuntimeEvents['contract.differs'][0]): string {
  const theirs = others.map((other) => `${plain(other.version)} on ${other.nodes.map(plain).join(', ')}`).join('; ');
  return `${warning('!')} role ${name(plain(role))} has another contract elsewhere: ${version} on this node (${plain(node)}), ${theirs}; what one accepts the other may refuse`;
}

function started({ agent, name: task, attempt, redelivered }: RuntimeEvents['task.started'][0]): string {
  const again = redelivered ? `  ${warning(`again, attempt ${attempt}`)}` : '';
  return `${redelivered ? note : faint('>')} ${name(plain(agent))}  ${plain(task)}${again}`;
}

function settled({ agent, name: task, outcome, error, tookMs }: RuntimeEvents['task.settled'][0]): string {
  const text = `${name(plain(agent))}  ${plain(task)} ${plain(outcome)} after ${span(tookMs)}`;
  return error === undefined ? `${faint('<')} ${text}` : `${fault} ${text}: ${plain(error.message)}`;
}
