/**
 * The verb of schedules, in the name of one agent or client: what is given is checked here, once, for all the runs to come.
 *
 * When a run is due, and who makes it, is runtime/scheduler.ts.
 */
import type { Schedule, ScheduleVerbs, Schedules, SchedulePolicy } from '../agent/schedule-verbs.ts';
import type { SchedulePort, ScheduleRecord } from '../broker/schedules.ts';
import { ConfigError, RuntimeError } from '../core/errors.ts';
import { limits } from '../core/limits.ts';
import { nextTime, readRecurrence, type RecurrenceOption } from '../core/recurrence.ts';
import { decodeDefinition, type Definition, describeSchedule, encodeDefinition } from './schedule-record.ts';
import { prepareRun } from './scheduled-run.ts';
import { readTaskCall } from './task-call.ts';
import type { Handle } from './task-handle.ts';
import { prepareTask, submitTask } from './task-op.ts';
import type { VerbsDeps } from './verbs.ts';

/** A schedule as it is given, whoever gave it. */
export type AnySchedule = RecurrenceOption &
  SchedulePolicy & { readonly task: readonly unknown[]; readonly options?: object };

const pageSize = 32;

export class ClientSchedules implements ScheduleVerbs {
  readonly schedules: Schedules;
  readonly #deps: VerbsDeps;
  readonly #port: SchedulePort;

  constructor(deps: VerbsDeps) {
    this.#deps = deps;
    this.#port = deps.member.deps.broker.schedules;
    this.schedules = {
      set: (name: string, schedule: AnySchedule) => this.set(name, schedule),
      remove: (name) => this.#asCaller(() => this.#port.remove(name)),
      pause: (name) => this.#asCaller(async () => known(name, await this.#port.switch(name, {}))),
      resume: (name) => this.#asCaller(() => this.#resume(name)),
      run: (name) => this.#asCaller(() => this.#run(name)),
      list: () => this.#list(),
      get: async (name) => (await this.#port.read({ name })).map(describeSchedule)[0],
    };
  }

  /** `Schedules.set` for what nobody typed. */
  async set(name: string, schedule: AnySchedule): Promise<'created' | 'changed' | 'unchanged'> {
    const { member } = this.#deps;
    const definition = await this.#read(name, schedule);
    const next = nextTime(definition.recurrence, member.serverNow());
    if (next === undefined) throw wrong(name, 'the next time', 'a time', 'none');
    const texts = encodeDefinition(name, definition);
    const reply = await this.#port.set({ name, ...texts, next, most: limits.schedules });
    if (reply !== 'too-many') return reply;
    throw new RuntimeError(
      'too-many-schedules',
      `expected the fleet to have fewer than ${limits.schedules} schedules, got: as many\nRemove some, or let one schedule's task enqueue the others.`,
    );
  }

  async #read(name: string, schedule: AnySchedule): Promise<Definition> {
    const { task, options = {}, missed = 'skip', overlap = 'allow' } = schedule;
    if (!namePattern.test(name)) throw wrong(name, 'the name', nameRule, name);
    const recurrence = readRecurrence(schedule);
    if ('problem' in recurrence) {
      const { field, rule } = recurrence.problem;
      throw wrong(name, field, rule, schedule[field]);
    }
    if (!['skip', 'once', 'all'].includes(missed)) throw wrong(name, 'missed', "'skip', 'once' or 'all'", missed);
    if (!['allow', 'skip'].includes(overlap)) throw wrong(name, 'overlap', "'allow' or 'skip'", overlap);
    const own = ['key', 'keyTtl', 'dedupe', 'delay', 'runAt'].find((option) => option in options);
    if (own !== undefined)
      throw wrong(name, own, 'left out: a run is known by its due time', Reflect.get(options, own));
    const isClass = typeof task[0] === 'function';
    const args = isClass ? [task[0], task[1], task[2], options] : [task[0], task[1], options];
    const call = readTaskCall(args, (Class) => this.#deps.member.handlersOf(Class));
    const { op } = await prepareTask(this.#deps, call, { waits: false }); // throws what every run of it would throw
    const { concurrencyKey } = op; // of this input: it is the same for every run
    const { queue, name: taskName, input, defaults } = call;
    const kept = { ...options, ...(concurrencyKey !== undefined && { concurrencyKey }) };
    return { recurrence, policy: { missed, overlap }, call: { queue, name: taskName, input, defaults, options: kept } };
  }

  /** Refused when the call that uses it was given up (scope.ts). */
  async #asCaller<T>(act: () => Promise<T>): Promise<T> {
    this.#deps.identity.scope();
    return act();
  }

  async #resume(name: string): Promise<boolean> {
    const { recurrence } = decodeDefinition(await this.#find(name));
    const next = nextTime(recurrence, this.#deps.member.serverNow());
    if (next === undefined) throw wrong(name, 'the next time', 'a time', 'none');
    return known(name, await this.#port.switch(name, { next }));
  }

  async #run(name: string): Promise<Handle> {
    return submitTask(this.#deps, await prepareRun(this.#deps, await this.#find(name)));
  }

  async #find(name: string): Promise<ScheduleRecord> {
    const [record] = await this.#port.read({ name });
    return known(name, record);
  }

  async #list(): Promise<readonly Schedule[]> {
    const records: ScheduleRecord[] = [];
    for (let after = ''; ; after = records.at(-1)?.name ?? '') {
      const page = await this.#port.read({ after, count: pageSize });
      records.push(...page);
      if (page.length < pageSize) break;
    }
    return records.sort((a, b) => (a.name < b.name ? -1 : 1)).map(describeSchedule);
  }
}

const namePattern = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;
const nameRule = 'at most 64 letters, digits, ".", "_" and "-", beginning with a letter or digit';

function wrong(name: string, field: string, rule: string, value: unknown): ConfigError {
  const got = value === undefined ? 'nothing' : JSON.stringify(value);
  return new ConfigError([`expected ${field} of schedule ${JSON.stringify(name)} to be ${rule}, got: ${got}`]);
}

function known<T>(name: string, found: T | undefined): T {
  if (found !== undefined) return found;
  throw new RuntimeError(
    'no-schedule',
    `expected a schedule "${name}", got: none of that name\n"runtime schedules" lists them.`,
  );
}
