/**
 * The client of a simulation: a process outside the fleet with the verbs of `connect()`, over links that fail like all others.
 *
 * It is no `SimProcess`: it runs no agents, and it is spared what ends a process, since the test itself stands behind it.
 */
import { Member } from '../client/member.ts';
import { FleetClient } from '../compose/fleet.ts';
import type { RuntimeConfig } from '../config/config.ts';
import { Observer } from '../core/observer.ts';
import { MemoryBroker } from '../memory/broker.ts';
import { FaultyBroker } from './faulty-broker.ts';
import { ProcessClock } from './process-clock.ts';
import { newPlace, type Place } from './scheduler.ts';
import { hash, mix, SeededRandom } from './seeded-random.ts';
import { Wire } from './wire.ts';
import type { World } from './world.ts';

const patienceMs = 30_000;

export interface SimClient {
  readonly fleet: FleetClient;
  readonly place: Place;
}

export async function openClient(world: World, name: string, config: RuntimeConfig): Promise<SimClient> {
  const { scheduler, brokerPlace: broker, plan, latency } = world;
  const place = newPlace(name);
  const seed = mix(world.seed, hash(name));
  const wire = new Wire({ scheduler, place, broker, plan, latency, seed, isFull: () => world.isFull });
  const inner = new MemoryBroker({ fleet: world.fleet, address: name });
  const faulty = new FaultyBroker({
    inner,
    wire,
    label: name,
    onCarried: (carried) => world.ledger.carried(name, carried),
    journal: world.journal && { name, of: world.journal },
  });
  const observer = new Observer();
  world.listen(name, observer);
  const [clock, random] = [new ProcessClock(scheduler, place), new SeededRandom(seed)];
  world.virtuals.set(place, { clock, random });
  const deps = { broker: faulty, clock, random, observer };
  const member = new Member({ ...deps, address: name, leased: false, patienceMs });
  world.ledger.asks.watch(member.asks, place);
  await scheduler.settled(world.within(place, () => member.start()));
  const { timing, limits } = config;
  const { askDeadlineMs, lockLeaseMs, resultTtlMs } = timing;
  const settings = { askDeadlineMs, lockLeaseMs, resultTtlMs, inboxLimit: limits.inbox, maxWaiting: limits.maxWaiting };
  const identity = { name, isAgent: false, scope: () => undefined };
  return { fleet: new FleetClient({ member, identity, settings }), place };
}
