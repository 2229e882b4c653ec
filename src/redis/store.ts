/**
 * What every port of the Redis broker stands on: the keys, the commands link and the scripts, and how frames are carried.
 *
 * Frames are here, once, because all lanes carry them alike (F1 to F4 of broker/frame.ts). A tag that remembers nothing of
 * a sender accepts any predecessor, so the first frame of a sender must not be overtaken by its second while it is sent
 * again: frames wait for the reply to the first one.
 */
import { forgotten, type Frame, outOfOrder, presenceLost, staleFrame } from '../broker/frame.ts';
import { InvariantError } from '../core/errors.ts';
import { limits } from '../core/limits.ts';
import type { Keys } from './keys.ts';
import type { Argument, Calls } from './link.ts';
import { OpenFrames } from './open-frames.ts';
import type { Replication } from './replication.ts';
import type { ScriptName, Scripts } from './scripts.ts';
import type { ServerRuns } from './server-runs.ts';

export type Lane = Extract<ScriptName, 'enqueue' | 'settle' | 'send' | 'ask' | 'acknowledge' | 'append'>;

/** Keys and arguments of a script. */
export interface ScriptCall {
  readonly keys: readonly string[];
  readonly args: readonly Argument[];
}

export type RunScript = (call: ScriptCall) => Promise<unknown>;

const separator = '\x1e';
const mostFirstFrames = 10_000;

export interface StoreDeps {
  readonly keys: Keys;
  readonly commands: Calls;
  readonly scripts: Scripts;
  readonly runs: ServerRuns;
  readonly replication?: Replication | undefined;
}

export class Store {
  readonly keys: Keys;
  /** There when replicas have to confirm what frames store. */
  readonly replication: Replication | undefined;
  readonly #commands: Calls;
  readonly #scripts: Scripts;
  readonly #openFrames: OpenFrames;
  /** By lane, tag and sender: whether the first frame was answered, as a promise until it was. */
  readonly #firstFrames = new Map<string, true | Promise<boolean>>();

  constructor(deps: StoreDeps) {
    this.replication = deps.replication;
    this.keys = deps.keys;
    this.#commands = deps.commands;
    this.#scripts = deps.scripts;
    this.#openFrames = new OpenFrames(deps);
  }

  call(command: string, ...args: readonly Argument[]): Promise<unknown> {
    return this.#commands.call(command, ...args);
  }

  run(name: ScriptName, { keys, args }: ScriptCall): Promise<unknown> {
    return this.#scripts.run(this.#commands, name, keys, args);
  }

  /** Runs a script whose effects have to outlive a fail-over, where that is asked for. */
  runDurably(name: ScriptName, { keys, args }: ScriptCall): Promise<unknown> {
    if (this.replication === undefined) return this.run(name, { keys, args });
    return this.replication.confirmed(keys[0] ?? '', (link) => this.#scripts.run(link, name, keys, args));
  }

  /** Runs a script for `node`, which must hold its presence lease. */
  async runAs(node: string, run: () => Promise<unknown>): Promise<unknown> {
    const reply = await run();
    if (reply === 'PRESENCE') throw presenceLost(node);
    return reply;
  }

  /**
   * Carries a frame; the reply for each operation, as text.
   * `tag` is the hash tag of its keys; `run` calls the script where that takes more than calling it.
   */
  async carry(
    lane: Lane,
    tag: string,
    frame: Frame<unknown>,
    call: ScriptCall,
    run: RunScript = (whole) => this.runDurably(lane, whole),
  ): Promise<readonly string[]> {
    const key = this.keys.frames(tag, lane, frame.sender);
    const whole = {
      keys: [key, this.keys.lease(frame.sender, tag), ...call.keys],
      args: [frame.seq, frame.prev, frame.leased ? 1 : 0, frame.known ?? 0, limits.framesRememberedMs, ...call.args],
    };
    const reach = (): Promise<unknown> => this.#commands.via(key, (link) => link.call('exists', key));
    const trial = { reach, run: () => run(whole) };
    const carried = await this.#inOrder(key, frame, () => this.#openFrames.carry(key, frame, trial));
    const [code, text] = carried as string[];
    switch (code) {
      case 'OK':
        return frame.ops.length === 0 ? [] : (text ?? '').split(separator);
      case 'PRESENCE':
        throw presenceLost(frame.sender);
      case 'STALE':
        throw staleFrame(frame);
      case 'ORDER':
        throw outOfOrder(frame);
      case 'FORGOTTEN':
        throw forgotten(frame, Number(text));
      default:
        throw new InvariantError(`a frame script answered ${String(code)}`);
    }
  }

  #inOrder(key: string, frame: Frame<unknown>, run: () => Promise<unknown>): Promise<unknown> {
    const first = this.#firstFrames.get(key);
    if (first === true) return run();
    if (first !== undefined)
      return first.then((isAnswered) => {
        if (!isAnswered && frame.prev > 0) throw outOfOrder(frame);
        return run();
      });
    if (this.#firstFrames.size >= mostFirstFrames) this.#firstFrames.clear();
    const running = run();
    const answered = running.then(
      () => {
        if (this.#firstFrames.get(key) === answered) this.#firstFrames.set(key, true);
        return true;
      },
      () => !this.#firstFrames.delete(key),
    );
    this.#firstFrames.set(key, answered);
    return running;
  }
}
