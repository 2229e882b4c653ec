/**
 * Faults of the links to Redis.
 *
 * Those that take Redis away from every node measure how long the nodes need to come back, before the next fault of this kind.
 */
import { now } from './contracts.ts';
import { between, type Draw, type Fault, type FaultScene, pause, pick } from './node-faults.ts';
import type { Cut, Lane } from './proxy.ts';
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

/** One process's way to one server or to all, those of all nodes, or all. */
function some({ stage, draw }: { stage: FaultScene['stage']; draw: Draw }): readonly Lane[] {
  const share = draw('lanes');
  if (share < 0.25) return [pick(draw, 'part', pick(draw, 'lane', stage.lanes).parts)];
  if (share < 0.5) return [pick(draw, 'lane', stage.lanes)];
  return share < 0.75 ? stage.lanes.slice(0, stage.slots.length) : stage.lanes;
}

/** Redis can be reached again: measured when every node was cut off. */
async function back({ stage, recoveries }: FaultScene, lanes: readonly Lane[]): Promise<void> {
  await Promise.all(lanes.map((lane) => lane.heal()));
  if (lanes.length > 1) await measureRecovery(stage, now(), recoveries);
}
