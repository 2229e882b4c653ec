/**
 * The schedule port on Redis: due times are a sorted set, everything else hashes by name, all under one tag.
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
  ScheduleTally,
} from '../broker/schedules.ts';
import type { Store } from './store.ts';

const unit = '\x1f';

/** name, definition, due time or '', begun run or '', milliseconds since it was begun, tally or '' */
type Row = readonly [string, string, string, string, number, string];

export class RedisSchedules implements SchedulePort {
  readonly #store: Store;

  constructor(deps: { store: Store }) {
    this.#store = deps.store;
  }

  async set({ name, plan, body, next, most }: ScheduleRequest): Promise<ScheduleReply> {
    const { definitions, due, begun, paused } = this.#store.keys.schedules;
    const args = [name, plan, body, next, most, this.#store.keys.channel(everyone)];
    const reply = await this.#store.run('set-schedule', { keys: [definitions, due, begun, paused], args });
    return reply as ScheduleReply;
  }

  async remove(name: string): Promise<boolean> {
    const { definitions, due, begun, paused, tallies } = this.#store.keys.schedules;
    const call = { keys: [definitions, due, begun, paused, tallies], args: [name] };
    return (await this.#store.run('remove-schedule', call)) === 1;
  }

  async switch(name: string, { next }: { readonly next?: number }): Promise<boolean | undefined> {
    const { definitions, due, begun, paused } = this.#store.keys.schedules;
    const args = [name, next ?? '', this.#store.keys.channel(everyone)];
    const changed = await this.#store.run('switch-schedule', { keys: [definitions, due, begun, paused], args });
    return changed === -1 ? undefined : changed === 1;
  }

  async read(page: { name: string } | { after: string; count: number }): Promise<readonly ScheduleRecord[]> {
    const args = 'name' in page ? ['name', page.name, 1] : ['after', page.after, page.count];
    return (await this.#rows(args)).records;
  }

  async due(count: number): Promise<DueSchedules> {
    const { now, nextDueInMs, records } = await this.#rows(['due', '', count]);
    return { now, due: records, ...(nextDueInMs >= 0 && { nextDueInMs }) };
  }

  async begin(run: { node: string; name: string; seen: number; run: number }): Promise<BeginReply> {
    const { due, begun } = this.#store.keys.schedules;
    const call = { keys: [this.#store.keys.lease(run.node, 's'), due, begun], args: [run.name, run.seen, run.run] };
    const reply = (await this.#store.runAs(run.node, () => this.#store.run('begin-run', call))) as [
      BeginReply['kind'],
      string?,
      number?,
    ];
    const [kind, dueAt, agoMs = 0] = reply;
    return kind === 'begun-before' ? { kind, dueAt: Number(dueAt), agoMs } : { kind };
  }

  async advance({ node, name, seen, next, run, missed, skipped }: AdvanceRequest): Promise<boolean> {
    const { due, begun, tallies } = this.#store.keys.schedules;
    const call = {
      keys: [this.#store.keys.lease(node, 's'), due, begun, tallies],
      args: [name, seen, next, run?.dueAt ?? '', run?.taskId ?? '', missed, skipped],
    };
    return (await this.#store.runAs(node, () => this.#store.run('advance-schedule', call))) === 1;
  }

  async #rows(args: readonly (string | number)[]): Promise<{
    readonly now: number;
    /** Negative where nothing will be due. */
    readonly nextDueInMs: number;
    readonly records: readonly ScheduleRecord[];
  }> {
    const { definitions, due, begun, tallies } = this.#store.keys.schedules;
    const reply = await this.#store.run('read-schedules', { keys: [definitions, due, begun, tallies], args });
    const [now, nextDueInMs, ...rows] = reply as [number, number, ...Row[]];
    return { now, nextDueInMs, records: rows.map(recordOf) };
  }
}

function recordOf([name, definition, next, run, agoMs, tally]: Row): ScheduleRecord {
  const end = definition.indexOf(unit);
  return {
    name,
    plan: definition.slice(0, end),
    body: definition.slice(end + 1),
    ...(next !== '' && { next: Number(next) }),
    ...(run !== '' && { begun: { dueAt: Number(run), agoMs } }),
    ...tallyOf(tally),
  };
}

function tallyOf(text: string): ScheduleTally {
  const [dueAt = '', taskId = '', runs = 0, missed = 0, skipped = 0] = text.split(unit);
  return {
    ...(dueAt !== '' && { last: { dueAt: Number(dueAt), taskId } }),
    runs: Number(runs),
    missed: Number(missed),
    skipped: Number(skipped),
  };
}
