/**
 * What agents that do nothing cost: memory of their process and of the Redis, commands a second, connections. One agent against many in
 * the same process, so that what the process itself needs is left out.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { Meter } from '../run/meter.js';

export const roles = ['alone'];

export async function alone({ openMany, params, url }) {
  const { agents, idleMs } = params;
  const meter = new Meter(url);
  const stretch = async (count) => {
    const before = await meter.memory();
    const { close } = await openMany({ url, agents: count });
    await pause(idleMs); // what starting them has caused comes to rest
    const clients = await meter.clients();
    await meter.start();
    await pause(idleMs);
    const { commands } = await meter.stop(idleMs / 1_000);
    const sizes = { heap: heapUsed(), redis: (await meter.memory()) - before };
    await close();
    return { ...sizes, commands, clients };
  };
  await stretch(1); // code and buffers that stay
  const one = await stretch(1);
  const many = await stretch(1 + agents);
  return {
    nodeBytes: (many.heap - one.heap) / agents,
    redisBytes: (many.redis - one.redis) / agents,
    commandsEach: Math.max(0, many.commands - one.commands) / agents,
    commands: many.commands,
    clients: many.clients,
  };
}

function heapUsed() {
  globalThis.gc();
  globalThis.gc();
  const { heapUsed: heap, external } = process.memoryUsage();
  return heap + external;
}
