/**
 * How this process connects to a Redis Cluster: a commands link to each master, a blocking link for each slot it waits on, one for
 * subscriptions, since PUBLISH reaches every node of a cluster; and with replicas that confirm another one to each master.
 *
 * It stands beside connections.ts, whose three links and whose profile it has; only where they lead differs.
 */
import type { Redis, RedisOptions } from 'ioredis';
import { integer } from '../core/random.ts';
import { BlockingReader, type GroupReader } from './blocking-reader.ts';
import { ClusterBlocking } from './cluster-blocking.ts';
import { ClusterLinks } from './cluster-links.ts';
import { type Address, ClusterSlots, placeOn } from './cluster-slots.ts';
import { commandHangMs, type LinkSet, type LinkSetDeps, writesHangMs } from './link-set.ts';
import { Link, type Endpoint } from './link.ts';
import { allPlaces } from './places.ts';
import { Subscriptions } from './subscriptions.ts';

export function clusterConnections(deps: LinkSetDeps, seeds: readonly Address[]): LinkSet {
  const { keys, options, scripts, runs, confirmed, clock, random } = deps;
  const slots = new ClusterSlots({ seeds, options, clock });
  const at = (master: Address): RedisOptions => ({ ...options, ...placeOn(master) });
  const look = (client: Redis, master: Address): Promise<void> => {
    const here = allPlaces.map((place) => keys.serverAt(place)).filter((key) => slots.masterOf(key) === master);
    return runs.look(client, here);
  };
  const links = (role: string, hangMs: number): ClusterLinks => {
    const makeLink = (master: Address): Link => {
      const prepare = async (client: Redis): Promise<void> => {
        await scripts.load(client);
        await look(client, master);
      };
      return new Link({ ...deps, role, options: at(master), hangMs, prepare });
    };
    return new ClusterLinks({ slots, clock, home: keys.lease(''), makeLink });
  };
  const commands = links('commands', commandHangMs);
  const makeReader = (master: Address): BlockingReader => {
    const there = { call: async (...call: Parameters<Link['call']>) => (await commands.linkTo(master)).call(...call) };
    return new BlockingReader({
      ...deps,
      options: at(master),
      commands: there,
      look: (client) => look(client, master),
    });
  };
  const blocking: GroupReader = new ClusterBlocking({ slots, commands, clock, makeReader });
  let turn = -1;
  /** Spread over the masters; after a fault the next one. */
  const locate = (): Endpoint => {
    const { masters } = slots;
    turn = turn < 0 ? integer(random, Math.max(1, masters.length), 'subscriptions') : turn + 1;
    return placeOn(masters[turn % masters.length] ?? seeds[0] ?? '');
  };
  const subscriptions = new Subscriptions({ ...deps, where: { locate }, isHandedOn: true });
  const writes = confirmed ? links('writes', writesHangMs) : undefined;
  const servers = (): Promise<readonly Link[]> => Promise.all(slots.masters.map((master) => commands.linkTo(master)));
  return { commands, blocking, subscriptions, writes, servers };
}
