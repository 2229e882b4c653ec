/**
 * The node processes of a supervisor process: started, watched, restarted, stopped together.
 *
 * P1  A place holds one process at a time: the next one is started when the one before has ended.
 * P2  One that fails is restarted after a backoff, as often as the intensity allows; then everything ends with the reason. One that
 *     drained on purpose leaves its place empty; when all places are empty, it is over.
 * P3  Once it is told to stop, nothing is started any more. Who has not ended when the grace is long over is killed.
 * P4  A process that makes no progress is asked for a report, killed, and counts as failed. It is judged once.
 */
import { type Clock, repeat, type Timer } from '../core/clock.ts';
import type { Random } from '../core/random.ts';
import { decideRestart, type RestartPolicy } from '../runtime/restart-policy.ts';
import { isHang, judgeEnd, longerSilence, type ProcessEnd } from '../runtime/process-policy.ts';
import { type Ended, type Launch, NodeProcess } from './node-process.ts';

/** What a node process is for. */
export interface Place {
  /** For people, as in `n1`. */
  readonly name: string;
  readonly args: readonly string[];
  readonly memoryMb?: number;
}

/** Hears what happens, for people. */
export interface Told {
  line(place: Place, line: string, stream: 'out' | 'err'): void;
  hung(place: Place, pid: number | undefined, silentMs: number): void;
  /** `report`: as JSON; absent: the process answered to nothing. */
  killed(place: Place, report: string | undefined): void;
  restarting(place: Place, pid: number | undefined, why: string, afterMs: number | undefined): void;
  drained(place: Place): void;
}

export interface NodeProcessesDeps extends Pick<Launch, 'cwd' | 'env'> {
  readonly clock: Clock;
  readonly random: Random;
  readonly places: readonly Place[];
  readonly hangLimitMs: number;
  readonly drainGraceMs: number;
  /** P2, of each place. */
  readonly policy: RestartPolicy;
  readonly told: Told;
}

/** Why it is over. `trouble`: which place, and what its process did last. */
export interface ProcessesEnd {
  readonly kind: 'stopped' | 'drained' | 'hopeless' | 'intensity';
  readonly code?: number;
  readonly place?: Place;
  readonly why?: string;
}

interface Held {
  readonly place: Place;
  readonly process: NodeProcess;
  isUp: boolean;
  hasSpoken: boolean;
  silentMs: number;
  /** Its node, when it asks for a successor. */
  node?: string;
  /** P4 */
  hungMs?: number;
}

const lookMs = 500;
const reportPatienceMs = 3_000;
/** P3: beyond the grace. */
const endingMs = 5_000;

export class NodeProcesses {
  /** Resolves when every place has been up once, or has drained. */
  readonly up: Promise<void>;
  /** Resolves when no process is left and none will be started. */
  readonly ended: Promise<ProcessesEnd>;
  readonly #deps: NodeProcessesDeps;
  readonly #held = new Map<Place, Held>();
  readonly #history = new Map<Place, readonly number[]>();
  readonly #waiting = new Map<Place, Timer>();
  /** Who has neither been up nor drained. */
  readonly #notYetUp: Set<Place>;
  #resolveUp: () => void = () => {};
  #resolveEnded: (end: ProcessesEnd) => void = () => {};
  #end: ProcessesEnd | undefined;
  #looking: Timer | undefined;
  #lookedAt = 0;
  #killing: Timer | undefined;

  constructor(deps: NodeProcessesDeps) {
    this.#deps = deps;
    this.#notYetUp = new Set(deps.places);
    this.up = new Promise((resolve) => (this.#resolveUp = resolve));
    this.ended = new Promise((resolve) => (this.#resolveEnded = resolve));
  }

  start(): void {
    const { clock, places } = this.#deps;
    this.#lookedAt = clock.monotonic();
    this.#looking = repeat(
      clock,
      () => lookMs,
      async () => this.#look(),
    );
    for (const place of places) this.#launch(place);
  }

  /** P3. The last one started is told first; they drain side by side, within one grace. */
  stop(end: ProcessesEnd = { kind: 'stopped' }): void {
    if (this.#end !== undefined) return;
    this.#end = end;
    for (const timer of this.#waiting.values()) timer.cancel();
    this.#waiting.clear();
    for (const { process } of Array.from(this.#held.values()).reverse()) process.say({ kind: 'stop' });
    this.#killing = this.#deps.clock.setTimer(this.#deps.drainGraceMs + endingMs, () => this.kill());
    this.#endWhenEmpty();
  }

  /** Ends every process without any code of it running, and starts none. */
  kill(): void {
    this.#end ??= { kind: 'stopped' };
    for (const { process } of this.#held.values()) process.kill();
  }

  #launch(place: Place, replaces?: string): void {
    const { clock, cwd, env, told } = this.#deps;
    const process = new NodeProcess({
      ...place,
      cwd,
      env,
      clock,
      replaces,
      onLine: (line, stream) => told.line(place, line, stream),
      onWord: (word) => {
        held.hasSpoken = true;
        held.silentMs = 0;
        if (word.kind === 'up') this.#onUp(held);
        if (word.kind === 'restart') held.node = word.node;
      },
    });
    const held: Held = { place, process, isUp: false, hasSpoken: false, silentMs: 0 };
    this.#held.set(place, held);
    void process.ended.then((ended) => this.#onEnded(held, ended));
  }

  #onUp(held: Held): void {
    held.isUp = true;
    this.#crossOff(held.place);
  }

  #crossOff(place: Place): void {
    this.#notYetUp.delete(place);
    if (this.#notYetUp.size === 0) this.#resolveUp();
  }

  /** P1 */
  #onEnded(held: Held, ended: Ended): void {
    const { place, isUp, hungMs } = held;
    this.#held.delete(place);
    if (this.#end === undefined) this.#judge(held, { ...ended, ...placeEnd(place, isUp, hungMs) });
    this.#endWhenEmpty();
  }

  /** P2 */
  #judge({ place, process: { pid }, node }: Held, end: ProcessEnd): void {
    const { told } = this.#deps;
    const verdict = judgeEnd(end);
    switch (verdict.kind) {
      case 'drained':
        this.#crossOff(place);
        return told.drained(place);
      case 'again':
        told.restarting(place, pid, 'asked for a restart', undefined);
        return this.#launch(place, node);
      case 'hopeless':
        return this.stop({ kind: 'hopeless', code: verdict.code, place, why: verdict.why });
      case 'failed':
        return this.#onFailure(place, pid, verdict.why);
    }
  }

  #onFailure(place: Place, pid: number | undefined, why: string): void {
    const { clock, random, policy, told } = this.#deps;
    const history = this.#history.get(place) ?? [];
    const decision = decideRestart(policy, history, clock.monotonic(), random, `restart:${place.name}`);
    if (decision.kind === 'escalate') return this.stop({ kind: 'intensity', place, why });
    this.#history.set(place, decision.history);
    told.restarting(place, pid, why, decision.afterMs);
    const again = clock.setTimer(decision.afterMs, () => {
      this.#waiting.delete(place);
      this.#launch(place);
    });
    this.#waiting.set(place, again);
  }

  #look(): void {
    const now = this.#deps.clock.monotonic();
    const sinceMs = now - this.#lookedAt;
    this.#lookedAt = now;
    for (const held of this.#held.values()) {
      held.silentMs = longerSilence(held.silentMs, sinceMs, lookMs);
      if (held.hungMs === undefined && isHang(held.silentMs, held.hasSpoken, this.#deps.hangLimitMs))
        void this.#replace(held);
    }
  }

  /** P4 */
  async #replace(held: Held): Promise<void> {
    const { place, process, silentMs } = held;
    held.hungMs = silentMs;
    this.#deps.told.hung(place, process.pid, silentMs);
    const report = await process.report(reportPatienceMs);
    if (this.#held.get(place) !== held) return; // it has ended by itself
    process.kill();
    this.#deps.told.killed(place, report);
  }

  #endWhenEmpty(): void {
    if (this.#held.size > 0 || this.#waiting.size > 0) return;
    this.#looking?.cancel();
    this.#killing?.cancel();
    this.#resolveEnded(this.#end ?? { kind: 'drained' });
  }
}

function placeEnd({ memoryMb }: Place, wasUp: boolean, hungMs: number | undefined) {
  return { wasUp, ...(hungMs !== undefined && { hungMs }), ...(memoryMb !== undefined && { memoryMb }) };
}
