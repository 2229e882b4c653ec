/**
 * What modules of Node have of clock, timers and dice, and of files and child processes in one call: as `globals.ts` does for what needs
 * no import.
 *
 * B1  Timers and dice are those of the simulated process.
 * B2  What is done in one call (`fs.readFileSync`) no hook of Node tells of, so it is trapped here: done, and noted with its place; with
 *     `refuse` it throws.
 * B3  `import { readFileSync } from 'node:fs'` means the trapped one, too, from `trap` to `release`.
 */
import { syncBuiltinESMExports } from 'node:module';
import { promisify } from 'node:util';
import { type Clock, sleep } from '../core/clock.ts';
import type { Random } from '../core/random.ts';
import type { Globals } from './globals.ts';

type Method = (...args: readonly unknown[]) => unknown;

interface Signalled {
  readonly signal?: AbortSignal;
}

/** `called` hears of each call of B2, before it is done. */
export function trapBuiltins(globals: Globals, called: (what: string) => void): void {
  trapTimers(globals);
  trapDice(globals);
  for (const name of ['fs', 'child_process']) trapFiles(globals, name, called);
  syncBuiltinESMExports(); // B3
}

/** B3: called when everything is as it was. */
export function releaseBuiltins(): void {
  syncBuiltinESMExports();
}

/** B2 */
function trapFiles(globals: Globals, name: string, called: (what: string) => void): void {
  const owner = builtin(name);
  for (const method of Object.keys(owner).filter((key) => key.endsWith('Sync'))) {
    const real = Reflect.get(owner, method) as Method;
    const trapped = (...args: readonly unknown[]): unknown => {
      called(`${name}.${method}`);
      return Reflect.apply(real, owner, args);
    };
    globals.set(owner, method, Object.assign(trapped, real)); // realpathSync has a method of its own
  }
}

function trapTimers(globals: Globals): void {
  const timers = builtin('timers');
  for (const name of ['setTimeout', 'setInterval', 'setImmediate', 'clearTimeout', 'clearInterval', 'clearImmediate'])
    globals.set(timers, name, Reflect.get(globalThis, name));
  const promises = builtin('timers/promises');
  const after = (clock: Clock, delay: unknown, value: unknown, options: unknown): Promise<unknown> =>
    sleep(clock, Number(delay ?? 0) || 0, (options as Signalled | undefined)?.signal).then(() => value);
  globals.replace(promises, 'setTimeout', 'timers/promises', ({ clock }, delay, value, options) =>
    after(clock, delay, value, options),
  );
  globals.replace(promises, 'setImmediate', 'timers/promises', ({ clock }, value, options) =>
    after(clock, 0, value, options),
  );
  globals.replace(promises, 'setInterval', 'timers/promises', async function* ({ clock }, delay, value, options) {
    for (;;) yield await after(clock, Math.max(1, Number(delay ?? 1) || 1), value, options);
  });
  Reflect.set(Reflect.get(globalThis, 'setTimeout') as object, promisify.custom, Reflect.get(promises, 'setTimeout'));
  globals.replace(AbortSignal, 'timeout', 'AbortSignal.timeout', ({ clock }, delay) => {
    const ending = new AbortController();
    const reason = new DOMException('The operation was aborted due to timeout', 'TimeoutError');
    clock.setTimer(Number(delay), () => ending.abort(reason));
    return ending.signal;
  });
  globals.replace(Reflect.get(process, 'hrtime') as object, 'bigint', 'process.hrtime', ({ clock }) =>
    BigInt(Math.round(clock.monotonic() * 1e6)),
  );
}

function trapDice(globals: Globals): void {
  const dice = builtin('crypto');
  const filled = <Bytes extends ArrayBufferView>(random: Random, into: Bytes, from = 0, count?: number): Bytes => {
    const bytes = new Uint8Array(into.buffer, into.byteOffset, into.byteLength);
    const end = count === undefined ? bytes.length : from + count;
    for (let at = from; at < end; at++) bytes[at] = Math.floor(random.fraction('crypto') * 256);
    return into;
  };
  /** Hands the result to the callback, when there is one. */
  const told = (clock: Clock, callback: unknown, result: unknown): unknown => {
    if (typeof callback !== 'function') return result;
    clock.setTimer(0, () => void (callback as Method)(null, result));
    return undefined;
  };
  globals.replace(crypto, 'getRandomValues', 'crypto.getRandomValues', ({ random }, into) =>
    filled(random, into as ArrayBufferView),
  );
  globals.replace(dice, 'randomBytes', 'crypto.randomBytes', ({ clock, random }, size, callback) =>
    told(clock, callback, filled(random, Buffer.alloc(Number(size)))),
  );
  globals.replace(dice, 'randomFillSync', 'crypto.randomFillSync', ({ random }, into, from, count) =>
    filled(random, into as ArrayBufferView, from as number | undefined, count as number | undefined),
  );
  globals.replace(dice, 'randomInt', 'crypto.randomInt', ({ clock, random }, ...args) => {
    const numbers = args.filter((arg) => typeof arg === 'number');
    const [from, to] = numbers.length > 1 ? [numbers[0] ?? 0, numbers[1] ?? 0] : [0, numbers[0] ?? 0];
    return told(clock, args.at(-1), from + Math.floor(random.fraction('crypto') * (to - from)));
  });
  globals.set(dice, 'randomUUID', Reflect.get(crypto, 'randomUUID'));
}

function builtin(name: string): object {
  return process.getBuiltinModule(`node:${name}`) as object;
}
