/**
 * `runtime replay`: recorded broadcasts, or a dead letter, fed to an agent in simulation; what it would have done is printed, and not done.
 *
 * The simulation is loaded when this command runs, and by no other one.
 */
import type { Agent } from '../agent/agent.ts';
import { type Hosting, pool, single } from '../agent/hosting.ts';
import type { AgentClass } from '../agent/task-types.ts';
import type { Fleet } from '../compose/fleet.ts';
import type { HostingConfig } from '../config/config.ts';
import type { Effect } from '../replay/effects.ts';
import type { Recording, Replayed } from '../replay/replay.ts';
import { type CommonOptions, type Registration, withFleetOptions } from './context.ts';
import { loadFleet } from './load.ts';
import type { Output } from './output.ts';
import { eventsOf, letterOf, messageOf } from './recording.ts';
import { effectLines } from './render/effects.ts';
import { plain, plural, record } from './render/text.ts';
import { exitCodes, parseCount, UsageError } from './usage.ts';
import { withFleet } from './with-fleet.ts';

interface Options extends CommonOptions {
  readonly agent: string;
  readonly from?: string;
  readonly to?: string;
  readonly dead?: string;
  readonly most: string;
  readonly json?: true;
}

const mostEvents = 10_000;

export function registerReplay({ program, context, act }: Registration): void {
  const command = program
    .command('replay')
    .description('feed recorded broadcasts or a dead letter to an agent in simulation, and print what it would do')
    .requiredOption('--agent <role>', 'the agent of the configuration that gets them: a role, or the id of one')
    .option('--from <id>', 'the first event')
    .option('--to <id>', 'the last event (default: the newest)')
    .option('--dead <id>', 'instead of events: this dead letter, of a task or of a message to the agent')
    .option('--most <count>', `at most so many events, up to ${mostEvents}`, '1000')
    .option('--json', 'one JSON record per line, for programs');
  withFleetOptions(command).action(
    act(async (options: Options) => {
      const most = parseCount(options.most, '--most', mostEvents);
      checkWhat(options);
      const { cwd, env, output, clock } = context;
      const { agents } = await loadFleet({ cwd, env, options });
      const hosting = chosen(agents, options.agent);
      const { recording, more } = await withFleet(context, options, async (fleet) => {
        if (options.dead === undefined) {
          const range = { from: options.from ?? '', most, ...(options.to !== undefined && { to: options.to }) };
          const found = await eventsOf(fleet, range);
          return { recording: { kind: 'events', events: found.events } satisfies Recording, more: found.more };
        }
        return { recording: await deadOf(fleet, hosting, options.agent, options.dead), more: 0 };
      });
      const { replay } = await import('../replay/replay.ts');
      const replayed = await replay({ recording, hosting: runnable(hosting, recording), clock });
      return tell(replayed, more, options, output);
    }),
  );
}

/** What is shown by `runtime dead <queue>` has the id of a task, what `runtime dead --agent <id>` shows has that of a letter. */
async function deadOf(fleet: Fleet, hosting: HostingConfig, agent: string, dead: string): Promise<Recording> {
  if (isEntryId(dead)) {
    const agentId = hosting.kind === 'single' ? hosting.id : agent;
    const { opId, envelope } = await messageOf(fleet, agentId, dead);
    return { kind: 'message', agentId, opId, envelope };
  }
  return { kind: 'task', taskId: dead, envelope: await letterOf(fleet, dead), queue: queueOf(hosting, dead) };
}

/** Throws `UsageError` unless it is either a range or a letter. */
function checkWhat({ from, to, dead }: Options): void {
  if ((from === undefined) === (dead === undefined))
    throw new UsageError(
      `expected --from <id> or --dead <id>, got: ${from === undefined ? 'neither' : 'both'}\n"runtime events --json" and "runtime dead <queue>" show the ids.`,
    );
  if (dead !== undefined && to !== undefined) throw new UsageError('expected --to to go with --from, got: --dead');
  for (const [option, id] of [
    ['--from', from],
    ['--to', to],
  ])
    if (id !== undefined && !isEntryId(id))
      throw new UsageError(`expected ${option} to be the id of an event, such as 1700000000000-0, got: ${plain(id)}`);
}

function isEntryId(id: string): boolean {
  return /^\d+-\d+$/.test(id);
}

/** By its role, or by the id of an agent; that of one of a pool begins with its role. */
function chosen(agents: readonly HostingConfig[], name: string): HostingConfig {
  const isOf = (hosting: HostingConfig): boolean =>
    hosting.kind === 'single' ? hosting.id === name : name.startsWith(`${hosting.role}@`);
  const found = agents.find((hosting) => hosting.role === name || isOf(hosting));
  if (found !== undefined) return found;
  const roles = [...new Set(agents.map(({ role }) => role))].map(plain).join(', ');
  throw new UsageError(
    `expected --agent to be a role of the configuration, got: "${plain(name)}"\nThere are: ${roles}`,
  );
}

/** One of it, in this process; under the id that the message went to. */
function runnable(hosting: HostingConfig, recording: Recording): Hosting {
  const { kind, agent: Class, concurrency } = hosting;
  const agent = Class as AgentClass<Agent>;
  if (recording.kind === 'message') return single(agent, { id: recording.agentId, concurrency });
  return kind === 'single' ? single(agent, { id: hosting.id, concurrency }) : pool(agent, { concurrency });
}

/** The one the letter was in, if the agent serves it here; else that of the role. */
function queueOf(hosting: HostingConfig, taskId: string): string {
  const isOwn = hosting.kind === 'single' && taskId.startsWith(`${hosting.id}.`);
  return isOwn ? hosting.id : hosting.role;
}

/** 1 when a handler threw, or did not end. */
function tell({ effects, unfinished, shortened }: Replayed, more: number, { json }: Options, output: Output): number {
  const count = (...kinds: readonly Effect['kind'][]): number =>
    effects.filter(({ kind }) => kinds.includes(kind)).length;
  const end = {
    fed: count('fed'),
    returned: count('returned'),
    threw: count('threw'),
    dead: count('dead'),
    unfinished,
    more,
  };
  if (json) {
    for (const { order: _, at, ...effect } of effects)
      output.out(record({ atMs: Math.round(at * 1_000) / 1_000, ...effect }));
    output.out(record({ kind: 'end', ...end }));
  } else {
    for (const effect of effects) for (const line of effectLines(effect)) output.out(line);
    const parts = [`${plural(end.returned, 'handler')} returned`, `${end.threw} threw`];
    output.out(
      `fed ${plural(end.fed, 'record')}: ${[...parts, ...(unfinished > 0 ? [`${unfinished} did not end`] : [])].join(', ')}`,
    );
  }
  if (more > 0) output.err(`${plural(more, 'more event')} of the range were not fed (--most)`);
  if (shortened > 0) output.err(`${plural(shortened, 'pause')} of more than an hour were made an hour long`);
  return end.threw + end.dead + unfinished > 0 ? exitCodes.failed : exitCodes.ok;
}
