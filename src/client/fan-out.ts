/**
 * The fan-outs of one attempt of one task: children that a later attempt joins, and that do not outlive their parent.
 *
 * W6  A child is enqueued under a key made of its parent, the place of the fan-out in the handler, its own place, its task and its
 *     input: whoever runs the parent again joins it. A child that is of no use any more (its outcome has expired, it ended
 *     because its parent had; with `cancel` also one that failed) makes room for the next one under the next key.
 * W7  When the parent has ended, what it fanned out in this attempt is cancelled. What this attempt did not join sees for itself:
 *     its envelope names the parent, and no node runs a child whose parent has ended (runtime/family.ts).
 */
import type { FanOutOptions } from '../agent/many-tasks.ts';
import type { TaskOutcome } from '../broker/queues.ts';
import { parseTaskId } from '../broker/task-id.ts';
import type { EnqueueOp } from '../broker/tasks.ts';
import { CancelledError, DeliveryError } from '../core/errors.ts';
import { limits } from '../core/limits.ts';
import { parentEnded } from './cancel.ts';
import { ChildTasks } from './children.ts';
import { inputKey } from './input-key.ts';
import { inTurns, prepareMany, readManyCalls, submitMany } from './many-tasks.ts';
import { isOpen } from './missing-tasks.ts';
import type { TaskCall } from './task-call.ts';
import type { Handle } from './task-handle.ts';
import type { PreparedTask } from './task-op.ts';
import type { VerbsDeps } from './verbs.ts';

export interface FanOutsDeps {
  readonly verbs: VerbsDeps;
  /** Id of the task that fans out. */
  readonly parent: string;
  /** Of its handler call. */
  readonly signal: AbortSignal;
  /** Throws when children cannot run in that queue while their parent waits for them. */
  readonly admit: (queue: string) => void;
}

type KeyedTask = PreparedTask & { readonly op: { readonly key: NonNullable<EnqueueOp['key']> } };
type OnFailure = NonNullable<FanOutOptions['onFailure']>;

/** Children are joined for that long, and their results readable: longer than a parent takes to be tried again. */
const joinedMs = 3 * 86_400_000;
const resultsMs = 86_400_000;

export class FanOuts {
  readonly #deps: FanOutsDeps;
  readonly #children: ChildTasks[] = [];
  #places = 0;
  #over = false;

  constructor(deps: FanOutsDeps) {
    this.#deps = deps;
  }

  /** What `task.fanOut` does. */
  async start(args: readonly unknown[]): Promise<ChildTasks> {
    const { verbs, parent, signal } = this.#deps;
    const place = ++this.#places; // in the order of the calls, before anything is waited for
    const { onFailure = 'cancel', calls } = this.#read(args);
    const tasks = await prepareMany(verbs, calls, { waits: true, parent });
    const { clock } = verbs.member.deps;
    const keyed = await inTurns(clock, tasks, (task, index) => {
      const name = inputKey('child', [parent, place, index, task.name], calls[index]?.input);
      return { ...task, op: { ...task.op, key: { name, ttlMs: Math.max(joinedMs, task.resultTtlMs) } } };
    });
    const handles = await this.#join(keyed, onFailure);
    const resultTtlMs = Math.max(resultsMs, ...new Set(tasks.map((task) => task.resultTtlMs)));
    const children = new ChildTasks({ member: verbs.member, handles, onFailure, signal, resultTtlMs });
    this.#children.push(children);
    if (this.#over) await this.end();
    this.#demandGoing();
    return children;
  }

  /** W7. Rejects with `BrokerError`; what was not reached sees for itself. */
  async end(): Promise<void> {
    this.#over = true;
    const reason = `its parent ${this.#deps.parent} has ended`;
    for (const children of this.#children) await children.cancelOpen({ code: parentEnded, reason });
  }

  #read(args: readonly unknown[]): { onFailure: OnFailure | undefined; calls: readonly TaskCall[] } {
    this.#demandGoing();
    const { member, settings } = this.#deps.verbs;
    const read = readManyCalls(args, (Class) => member.handlersOf(Class));
    for (const queue of new Set(read.map((call) => call.queue))) this.#deps.admit(queue);
    const { onFailure, key, keyTtl, dedupe } = (read[0]?.options ?? {}) as TaskCall['options'] & FanOutOptions;
    if (key !== undefined || keyTtl !== undefined || dedupe !== undefined)
      throw new DeliveryError('malformed', 'expected a fan-out to give its children their keys, got: a key of its own');
    const calls = read.map((call) => {
      const longest = Math.max(resultsMs, call.defaults.resultTtlMs ?? settings.resultTtlMs);
      return { ...call, options: { ...call.options, resultTtl: call.options.resultTtl ?? longest } };
    });
    return { onFailure, calls };
  }

  /** W6: enqueues those that are not there, round by round until none of them is of no use. */
  async #join(keyed: readonly KeyedTask[], onFailure: OnFailure): Promise<Handle[]> {
    const handles: Handle[] = [];
    let missing = [...keyed.keys()];
    for (let round = 0; missing.length > 0; round++) {
      this.#demandGoing();
      const tasks = missing.map((index) => inRound(keyed[index] as KeyedTask, round));
      const stored = await submitMany(this.#deps.verbs, tasks, (handle) => {
        if (!handle.isKnown) handle.listenNow(); // in the same tick, so that nothing has to be read back
      });
      stored.forEach((handle, at) => (handles[missing[at] as number] = handle));
      const known = stored.filter((handle) => handle.isKnown);
      const useless = await this.#useless(known, onFailure);
      missing = missing.filter((index) => useless.has((handles[index] as Handle).id));
    }
    return handles;
  }

  async #useless(known: readonly Handle[], onFailure: OnFailure): Promise<ReadonlySet<string>> {
    const { queues } = this.#deps.verbs.member.deps.broker;
    const found = new Set<string>();
    for (const [queue, ids] of pagesOf(known.map(({ id }) => id))) {
      const outcomes = await queues.outcomes(queue, ids);
      const checks = ids.map(async (id, index) => {
        let outcome = outcomes[index];
        if (outcome === undefined) {
          if (isOpen(await queues.state(id))) return;
          [outcome] = await queues.outcomes(queue, [id]); // it may have ended between the two
        }
        if (isUseless(outcome, onFailure)) found.add(id);
      });
      await Promise.all(checks);
    }
    return found;
  }

  #demandGoing(): void {
    this.#deps.signal.throwIfAborted();
    if (this.#over)
      throw new CancelledError('stopped', 'expected a task to fan out while its handler runs, got: it has ended');
  }
}

/** W6: the next key of those whose children were of no use. */
function inRound(task: KeyedTask, round: number): PreparedTask {
  const { key, ...op } = task.op;
  return round === 0 ? task : { ...task, op: { ...op, key: { ...key, name: `${key.name}.${round}` } } };
}

/** W6 */
function isUseless(outcome: TaskOutcome | undefined, onFailure: OnFailure): boolean {
  if (outcome === undefined) return true;
  return outcome.kind === 'dead' && (onFailure === 'cancel' || outcome.error.code === parentEnded);
}

/** By queue, for the children of one task may be in several partitions; no more in one page than a frame takes. */
function pagesOf(taskIds: readonly string[]): readonly (readonly [queue: string, ids: readonly string[]])[] {
  const byQueue = new Map<string, string[]>();
  for (const id of taskIds) {
    const queue = parseTaskId(id)?.queue ?? '';
    const ids = byQueue.get(queue) ?? [];
    ids.push(id);
    byQueue.set(queue, ids);
  }
  return [...byQueue].flatMap(([queue, ids]) =>
    Array.from({ length: Math.ceil(ids.length / limits.frameOps) }, (_, page) => {
      return [queue, ids.slice(page * limits.frameOps, (page + 1) * limits.frameOps)] as const;
    }),
  );
}
