/**
 * What every port of the Redis broker stands on: the keys, the commands link and the scripts, and how frames are carried.
 *
 * Frames are here, once, because all lanes carry them alike (F1 to F4 of broker/frame.ts).
 */
import { type Frame, outOfOrder, presenceLost, staleFrame } from '../broker/frame.ts';
import { BrokerError, InvariantError } from '../core/errors.ts';
import { limits } from '../core/limits.ts';
import type { Keys } from './keys.ts';
import type { Argument, Link } from './link.ts';
import type { ScriptName, Scripts } from './scripts.ts';

export type Lane = Extract<ScriptName, 'enqueue' | 'settle' | 'send' | 'ask' | 'acknowledge' | 'append'>;

/** Keys and arguments of a script. */
export interface ScriptCall {
  readonly keys: readonly string[];
  readonly args: readonly Argument[];
}

const separator = '\x1e';
const mostOwnerRounds = 5;
const mostLanesRemembered = 10_000;

export class Store {
  readonly keys: Keys;
  readonly #commands: Link;
  readonly #scripts: Scripts;
  /** The first frame of each lane, tag and sender. */
  readonly #firstFrames = new Map<string, Promise<unknown>>();

  constructor(deps: { keys: Keys; commands: Link; scripts: Scripts }) {
    this.keys = deps.keys;
    this.#commands = deps.commands;
    this.#scripts = deps.scripts;
  }

  call(command: string, ...args: readonly Argument[]): Promise<unknown> {
    return this.#commands.call(command, ...args);
  }

  run(name: ScriptName, { keys, args }: ScriptCall): Promise<unknown> {
    return this.#scripts.run(this.#commands, name, keys, args);
  }

  /** Runs a script that may answer `PRESENCE`: `node` must hold its presence lease. */
  async runAs(node: string, name: ScriptName, call: ScriptCall): Promise<unknown> {
    const reply = await this.run(name, call);
    if (reply === 'PRESENCE') throw presenceLost(node);
    return reply;
  }

  /** Carries a frame: the script's reply for each operation, as text. `tag` is the hash tag of its keys. */
  async carry(lane: Lane, tag: string, frame: Frame<unknown>, call: ScriptCall): Promise<readonly string[]> {
    const key = this.keys.frames(tag, lane, frame.sender);
    const whole = {
      keys: [key, this.keys.lease(frame.sender), ...call.keys],
      args: [frame.seq, frame.prev, frame.leased ? 1 : 0, limits.framesRemembered, limits.framesRememberedMs, ...call.args],
    };
    const [code, ...rest] = (await this.#inOrder(key, () => this.run(lane, whole))) as string[];
    switch (code) {
      case 'OK':
        return frame.ops.length === 0 ? [] : (rest[0] ?? '').split(separator);
      case 'OWNERS':
        throw new UnexpectedOwners(rest);
      case 'PRESENCE':
        throw presenceLost(frame.sender);
      case 'STALE':
        throw staleFrame(frame);
      case 'ORDER':
        throw outOfOrder(frame);
      default:
        throw new InvariantError(`a frame script answered ${String(code)}`);
    }
  }
}
