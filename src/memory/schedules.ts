/**
 * The schedule port in memory: schedules by name, each call one step on one of them.
 *
 * Invariants U1 to U5 stand in broker/schedules.ts. Nothing moves by itself: nodes ask what is due.
 */
import { everyone } from '../broker/notices.ts';
import type {
  AdvanceRequest,
  BeginReply,
  DueSchedules,
  SchedulePort,
  ScheduleRecord,
  ScheduleReply,
  ScheduleRequest,
} from '../broker/schedules.ts';
import type { MemoryFleet } from './fleet.ts';
import type { Link } from './link.ts';

export interface StoredSchedule {
  plan: string;
  body: string;
  next: number;
  paused: boolean;
  begun?: { readonly run: number; readonly at: number } | undefined;
  last?: { readonly dueAt: number; readonly taskId: string };
  runs: number;
  missed: number;
  skipped: number;
}

export class MemorySchedules implements SchedulePort {
  readonly #fleet: MemoryFleet;
  readonly #link: Link;

  constructor(deps: { fleet: MemoryFleet; link: Link }) {
    this.#fleet = deps.fleet;
    this.#link = deps.link;
  }

  set(request: ScheduleRequest): Promise<ScheduleReply> {
    return this.#link.call(request, ({ name, plan, body, next, most }) => {
      const { schedules } = this.#fleet;
      const old = schedules.get(name);
      if (old?.plan === plan && old.body === body) return 'unchanged';
      if (old === undefined && schedules.size >= most) return 'too-many';
      const state = old ?? { plan, body, next, paused: false, runs: 0, missed: 0, skipped: 0 };
      if (state.plan !== plan) Object.assign(state, { plan, next, begun: undefined });
      state.body = body;
      schedules.set(name, state);
      this.#tell(name);
      return old === undefined ? 'created' : 'changed';
    });
  }

  remove(name: string): Promise<boolean> {
    return this.#link.call(name, (removed) => this.#fleet.schedules.delete(removed));
  }

  switch(name: string, to: { readonly next?: number }): Promise<boolean | undefined> {
    return this.#link.call(to, ({ next }) => {
      const schedule = this.#fleet.schedules.get(name);
      const paused = next === undefined;
      if (schedule === undefined || schedule.paused === paused) return schedule && false;
      Object.assign(schedule, paused ? { paused, begun: undefined } : { paused, next });
      if (!paused) this.#tell(name);
      return true;
    });
  }

  read(page: { name: string } | { after: string; count: number }): Promise<readonly ScheduleRecord[]> {
    return this.#link.call(page, (asked) => {
      const names = [...this.#fleet.schedules.keys()].sort();
      if ('name' in asked) return names.filter((name) => name === asked.name).map((name) => this.#record(name));
      const behind = names.filter((name) => name > asked.after);
      return behind.slice(0, asked.count).map((name) => this.#record(name));
    });
  }

  due(count: number): Promise<DueSchedules> {
    return this.#link.call(count, (most) => {
      const now = this.#now();
      const records = [...this.#fleet.schedules.keys()].map((name) => this.#record(name));
      const timed = records.flatMap((record) => (record.next === undefined ? [] : [{ record, at: record.next }]));
      timed.sort((a, b) => a.at - b.at);
      const due = timed.filter(({ at }) => at <= now).slice(0, most);
      const later = timed.find(({ at }) => at > now);
      return { now, due: due.map(({ record }) => record), ...(later && { nextDueInMs: later.at - now }) };
    });
  }

  begin(request: { node: string; name: string; seen: number; run: number }): Promise<BeginReply> {
    return this.#link.call(request, ({ node, name, seen, run }) => {
      const schedule = this.#standing(node, name, seen);
      if (schedule === undefined) return { kind: 'moved' };
      const { begun } = schedule;
      if (begun !== undefined) return { kind: 'begun-before', dueAt: begun.run, agoMs: this.#now() - begun.at };
      schedule.begun = { run, at: this.#now() };
      return { kind: 'begun' };
    });
  }

  advance(request: AdvanceRequest): Promise<boolean> {
    return this.#link.call(request, ({ node, name, seen, next, run, missed, skipped }) => {
      const schedule = this.#standing(node, name, seen);
      if (schedule === undefined) return false;
      Object.assign(schedule, { next, begun: undefined, ...(run && { last: run }) });
      schedule.runs += run === undefined ? 0 : 1;
      schedule.missed += missed;
      schedule.skipped += skipped;
      return true;
    });
  }

  /** U2: the schedule, when its due time is the one that was seen. */
  #standing(node: string, name: string, seen: number): StoredSchedule | undefined {
    this.#fleet.directory.demandPresence(node);
    const schedule = this.#fleet.schedules.get(name);
    return schedule !== undefined && !schedule.paused && schedule.next === seen ? schedule : undefined;
  }

  #record(name: string): ScheduleRecord {
    const schedule = this.#fleet.schedules.get(name);
    if (schedule === undefined) throw new TypeError(`expected a schedule "${name}"`);
    const { plan, body, next, paused, begun, last, runs, missed, skipped } = schedule;
    return {
      name,
      plan,
      body,
      ...(!paused && { next }),
      ...(begun && { begun: { dueAt: begun.run, agoMs: this.#now() - begun.at } }),
      ...(last && { last }),
      runs,
      missed,
      skipped,
    };
  }

  /** U5 */
  #tell(schedule: string): void {
    this.#fleet.exchange.postNotice(everyone, { kind: 'scheduled', schedule });
  }

  #now(): number {
    return this.#fleet.clock.now();
  }
}
