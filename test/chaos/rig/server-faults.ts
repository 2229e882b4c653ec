/**
 * Faults of the servers: killed, frozen, full, forgetful of scripts and of who is connected; and what only a cluster, or a server with copies,
 * can suffer.
 *
 * Those that take Redis away from every node measure how long the nodes need to come back, before the next fault of this kind.
 */
import { slotOf } from '../../../src/redis/key-slot.ts';
import { Keys } from '../../../src/redis/keys.ts';
import { allPlaces } from '../../../src/redis/places.ts';
import { masterOfSlot, moveSlot } from '../../support/redis-cluster.ts';
import { fleetName, now } from './contracts.ts';
import type { Place } from './ground.ts';
import { between, type Fault, type FaultScene, pause, pick } from './node-faults.ts';
import { measureRecovery } from './recovery.ts';
import { holds } from './stage.ts';

const promotionLimitMs = 30_000;

export const serverFaults = {
  /** Killed, and started again on its append-only file. */
  'redis-kill': striking(async ({ server }, { stage, draw }) => {
    await server.kill('SIGKILL');
    stage.kills.push(now());
    await pause(between(draw, 'down', 0, 1_500));
    await server.restart();
  }),
  'redis-freeze': striking(async ({ server }, { draw }) => {
    await server.kill('SIGSTOP');
    await pause(between(draw, 'frozen', 300, 4_000));
    await server.kill('SIGCONT');
  }),
  'redis-script-flush': async ({ stage, draw }) => {
    for (let times = between(draw, 'times', 1, 6); times > 0; times--) {
      await stage.onMasters((admin) => admin.script('FLUSH'));
      await pause(50);
    }
  },
  'redis-drop-subscribers': async ({ stage, draw }) => {
    for (let times = between(draw, 'times', 1, 4); times > 0; times--) {
      await stage.onMasters((admin) => admin.client('KILL', 'TYPE', 'pubsub'));
      await pause(between(draw, `gap${times}`, 20, 200));
    }
  },
  'redis-drop-everybody': async ({ stage, recoveries }) => {
    await stage.onMasters(async (admin) => {
      await admin.client('KILL', 'TYPE', 'pubsub');
      await admin.client('KILL', 'TYPE', 'normal');
    });
    await measureRecovery(stage, now(), recoveries);
  },
  'redis-full': async ({ stage, draw, recoveries }) => {
    await stage.onMasters((admin) => admin.config('SET', 'maxmemory', '1mb'));
    await pause(between(draw, 'full', 300, 2_000));
    await stage.onMasters((admin) => admin.config('SET', 'maxmemory', '0'));
    await measureRecovery(stage, now(), recoveries);
  },
} as const satisfies Readonly<Record<string, Fault>>;

const keys = new Keys({ fleet: fleetName, db: 0, classic: false, cluster: true });

/** Where there is a cluster. */
export const clusterFaults = {
  /** Two slots of the fleet, one after the other, get another master. */
  'redis-slot-move': async ({ stage, draw }) => {
    const { cluster } = stage.ground;
    if (cluster === undefined) throw new Error('expected a cluster to move slots in, got: none');
    for (const turn of ['first', 'second']) {
      const slot = slotOf(keys.serverAt(pick(draw, turn, allPlaces)));
      const from = await masterOfSlot(cluster, slot);
      const others = cluster.masters.map((_, at) => at).filter((at) => at !== from);
      await moveSlot(cluster, slot, pick(draw, `${turn}/to`, others));
      await pause(between(draw, `${turn}/rest`, 100, 600));
    }
  },
} as const satisfies Readonly<Record<string, Fault>>;

/** Where servers have copies. */
export const promotionFaults = {
  /** Its copies hear nothing of it for a while, then it is gone; one of them takes its place, and it comes back as a copy. */
  'redis-promotion': striking(async (place, { stage, draw }) => {
    const { server, door } = place;
    door?.hold();
    await pause(between(draw, 'lag', 0, 700));
    await door?.refuse(); // with everything that was on its way
    await server.kill('SIGKILL');
    stage.kills.push(now());
    const isReplaced = async (): Promise<boolean> =>
      !(await stage.ground.masters()).some((master) => master.server === server);
    if (!(await holds(isReplaced, promotionLimitMs))) throw new Error('expected a copy to be promoted, got: none');
    await server.restart();
    await door?.heal();
    await stage.ground.rejoin?.(place);
  }),
} as const satisfies Readonly<Record<string, Fault>>;

/** Something happens to a server that takes writes; over when every server is in order again. */
function striking(strike: (place: Place, scene: FaultScene) => Promise<void>): Fault {
  return async (scene) => {
    const { stage, draw, recoveries } = scene;
    const place = pick(draw, 'server', await stage.ground.masters());
    await strike(place, scene);
    await measureRecovery(stage, now(), recoveries);
    await stage.ground.settle();
  };
}
