/**
 * One measurement: an empty Redis, a fresh process for each side, and the figures that the last of them answers with.
 *
 * A system that comes to no end is ended, and asked once more: a peer that hangs now and then is not left out, and the report says so.
 */
import { fork } from 'node:child_process';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { Redis } from 'ioredis';

const side = join(import.meta.dirname, '..', 'side.js');
const tries = 2;
/** For a side that has answered: it ends by itself, at once but for what it has to write. */
const lastWordsMs = 10_000;

/** `limitMs` bounds a try; `onRepeat` hears why it was made again. */
export async function measure(
  spec,
  { url, servers = [url], env, limitMs = 120_000, execArgv = [], onRepeat = () => {} },
) {
  for (let left = tries - 1; ; left--) {
    try {
      return await measureOnce(spec, { url, servers, env, limitMs, execArgv });
    } catch (error) {
      if (left === 0) throw error;
      onRepeat(error);
    }
  }
}

/** What the node processes of `runtime start` have. The peers have what Node gives them: with this BullMQ was slower rather than faster. */
const youngHeap = '--max-semi-space-size=64';
const isOurs = (system) => ['ours', 'ceiling', 'growth'].includes(system);

async function measureOnce({ load, system, params }, { url, servers, env, limitMs, execArgv }) {
  for (const server of servers) await flush(server);
  const { roles, rolesOf = () => roles } = await import(`../loads/${load}.js`);
  const sides = [];
  const startSide = (role) => {
    const told = JSON.stringify({ load, system, role, params, url });
    const stdio = ['ignore', 'inherit', 'inherit', 'ipc'];
    const child = fork(side, [told], {
      env: { ...process.env, ...env },
      execArgv: ['--expose-gc', ...(isOurs(system) ? [youngHeap] : []), ...execArgv],
      stdio,
    });
    const answer = new Promise((resolve, reject) => {
      child.on('error', reject);
      child.on('exit', (code, signal) => reject(new Error(`the ${role} ended with ${signal ?? code}`)));
      child.on('message', ({ word, data, figures, error }) => {
        if (figures !== undefined) resolve(figures);
        else if (error !== undefined) reject(new Error(error));
        else
          for (const other of sides)
            if (other.child !== child && other.child.connected) other.child.send({ word, data });
      });
    });
    answer.catch(() => {});
    const ended = new Promise((resolve) => child.once('exit', resolve));
    return { child, answer, ended };
  };
  for (const role of rolesOf(params)) sides.push(startSide(role));
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no end within ${limitMs} ms`)), limitMs);
  });
  try {
    const figures = await Promise.race([late, sides.at(-1).answer, ...sides.slice(0, -1).map(failureOf)]);
    for (const { child } of sides) if (child.connected) child.send({ word: 'end' }, () => {});
    await Promise.race([late, Promise.all(sides.map(({ answer }) => answer))]);
    await Promise.race([pause(lastWordsMs, undefined, { ref: false }), Promise.all(sides.map(({ ended }) => ended))]);
    return figures;
  } catch (error) {
    throw new Error(`${system}, ${load} ${JSON.stringify(params)}: ${error.message}`, { cause: error });
  } finally {
    clearTimeout(timer);
    for (const { child } of sides) child.kill('SIGKILL');
  }
}

/** Never resolves: that one side is done does not end a measurement, that it failed does. */
function failureOf({ answer }) {
  return new Promise((_, reject) => answer.catch(reject));
}

async function flush(url) {
  const redis = new Redis(url, { lazyConnect: true });
  await redis.connect();
  await redis.flushall('SYNC');
  await redis.config('RESETSTAT');
  redis.disconnect();
}
