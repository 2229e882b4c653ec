/**
 * Faults of Redis and of the links to it.
 *
 * Those that take Redis away from every node measure how long the nodes need to come back, before the next fault of this kind.
 */
import { now } from './contracts.ts';
import { between, type Draw, type Fault, type FaultScene, pause, pick } from './node-faults.ts';
import type { Cut, FaultyProxy } from './proxy.ts';
import { measureRecovery } from './recovery.ts';

export const linkFaults = {
  'link-cut-before-reply': cutting('reply'),
  'link-cut-before-command': cutting('command'),
  'link-torn-command': cutting('torn'),
  'link-half-open': async (scene) => {
    const lanes = some(scene);
    for (const lane of lanes) lane.hold();
    await pause(between(scene.draw, 'held', 500, 4_500));
    await back(scene, lanes);
  },
  'link-refused': async (scene) => {
    const lanes = some(scene);
    await Promise.all(lanes.map((lane) => lane.refuse()));
    await pause(between(scene.draw, 'refused', 200, 2_500));
    await back(scene, lanes);
  },
  'link-slow': async (scene) => {
    const lanes = some(scene);
    for (const lane of lanes) lane.slow(between(scene.draw, 'delay', 20, 400));
    await pause(between(scene.draw, 'slow', 800, 2_000));
    await Promise.all(lanes.map((lane) => lane.heal()));
  },
  'link-trickle': async (scene) => {
    const lanes = some(scene);
    for (const lane of lanes) lane.trickle();
    await pause(between(scene.draw, 'trickle', 800, 2_000));
    await Promise.all(lanes.map((lane) => lane.heal()));
  },
  /** Killed, and started again on its append-only file. */
  'redis-kill': async (scene) => {
    await scene.stage.server.kill('SIGKILL');
    scene.stage.kills.push(now());
    await pause(between(scene.draw, 'down', 0, 1_500));
    await scene.stage.server.restart();
    await measureRecovery(scene.stage, now(), scene.recoveries);
  },
  'redis-freeze': async (scene) => {
    await scene.stage.server.kill('SIGSTOP');
    await pause(between(scene.draw, 'frozen', 300, 4_000));
    await scene.stage.server.kill('SIGCONT');
    await measureRecovery(scene.stage, now(), scene.recoveries);
  },
  'redis-script-flush': async ({ stage, draw }) => {
    for (let times = between(draw, 'times', 1, 6); times > 0; times--) {
      await stage.admin.script('FLUSH');
      await pause(50);
    }
  },
  'redis-drop-subscribers': async ({ stage, draw }) => {
    for (let times = between(draw, 'times', 1, 4); times > 0; times--) {
      await stage.admin.client('KILL', 'TYPE', 'pubsub');
      await pause(between(draw, `gap${times}`, 20, 200));
    }
  },
  'redis-drop-everybody': async (scene) => {
    await scene.stage.admin.client('KILL', 'TYPE', 'pubsub');
    await scene.stage.admin.client('KILL', 'TYPE', 'normal');
    await measureRecovery(scene.stage, now(), scene.recoveries);
  },
  'redis-full': async (scene) => {
    await scene.stage.admin.config('SET', 'maxmemory', '1mb');
    await pause(between(scene.draw, 'full', 300, 2_000));
    await scene.stage.admin.config('SET', 'maxmemory', '0');
    await measureRecovery(scene.stage, now(), scene.recoveries);
  },
} as const satisfies Readonly<Record<string, Fault>>;

function cutting(kind: Cut): Fault {
  return async (scene) => {
    const lanes = some(scene);
    for (let times = between(scene.draw, 'times', 2, 6); times > 0; times--) {
      for (const lane of lanes) lane.cut(kind, between(scene.draw, `cuts${times}`, 1, 3));
      await pause(between(scene.draw, `gap${times}`, 50, 300));
    }
    await Promise.all(lanes.map((lane) => lane.heal()));
  };
}

/** One link's proxy, those of all nodes, or all. */
function some({ stage, draw }: { stage: FaultScene['stage']; draw: Draw }): readonly FaultyProxy[] {
  const share = draw('lanes');
  if (share < 0.5) return [pick(draw, 'lane', stage.proxies)];
  return share < 0.75 ? stage.proxies.slice(0, stage.slots.length) : stage.proxies;
}

/** Redis can be reached again: measured when every node was cut off. */
async function back({ stage, recoveries }: FaultScene, lanes: readonly FaultyProxy[]): Promise<void> {
  await Promise.all(lanes.map((lane) => lane.heal()));
  if (lanes.length > 1) await measureRecovery(stage, now(), recoveries);
}
