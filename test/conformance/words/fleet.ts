/**
 * The words of the lock, the presence and the schedule port: leases of every sort.
 */
import type { AcquireReply, AcquireRequest } from '../../../src/broker/locks.ts';
import type { ActivateReply } from '../../../src/broker/presence.ts';
import type { ScheduleRequest } from '../../../src/broker/schedules.ts';
import type { Chance } from '../chance.ts';
import {
  agents,
  type Held,
  lockNames,
  longMs,
  middleMs,
  remember,
  scheduleNames,
  shortMs,
  type World,
} from '../world.ts';
import { processOf, type Said, type Word } from './word.ts';

export const lockWords: readonly Word[] = [
  {
    port: 'locks',
    method: 'acquire',
    weight: 7,
    say(_, chance) {
      const name = chance.of(...lockNames);
      const usual = name === 'l1' ? 1 : 2;
      const permits = chance.is(0.9) ? usual : 3;
      const request: AcquireRequest = {
        name,
        holder: chance.of('h1', 'h2', 'h3', 'h4', 'h5'),
        address: chance.of('a1', 'b1', 'c'),
        leaseMs: chance.of(shortMs, middleMs, longMs, longMs),
        wait: chance.is(0.7),
        ...(permits !== 1 && { permits }),
      };
      return ask(chance, [request]);
    },
    learn(world, { args }, reply: AcquireReply) {
      const { name, holder } = args[0] as AcquireRequest;
      if (reply.kind === 'granted') remember(world.held, { name, holder, token: reply.token });
    },
  },
  {
    port: 'locks',
    method: 'renew',
    weight: 2,
    say(world, chance) {
      const held = holding(world, chance);
      return held && ask(chance, [{ ...held, leaseMs: chance.of(shortMs, middleMs, longMs) }]);
    },
  },
  {
    port: 'locks',
    method: 'release',
    weight: 4,
    say(world, chance) {
      const held = holding(world, chance);
      return held && ask(chance, [held]);
    },
  },
  {
    port: 'locks',
    method: 'leave',
    weight: 1.5,
    say: (_, chance) =>
      ask(chance, [{ name: chance.of(...lockNames), holder: chance.of('h1', 'h2', 'h3', 'h4', 'h5') }]),
  },
  { port: 'locks', method: 'inspect', weight: 0.5, say: (_, chance) => ask(chance, [chance.of(...lockNames)]) },
];

/** Every incarnation has an id of its own. */
const incarnations = ['a1', 'b1', 'a2', 'b2', 'a3', 'b3', 'a4', 'b4'] as const;

export const presenceWords: readonly Word[] = [
  {
    port: 'presence',
    method: 'join',
    weight: 2,
    say(world, chance) {
      const node = incarnations[world.nodes.length];
      if (node === undefined) return undefined;
      const replaces = chance.is(0.3) ? chance.recent(world.nodes) : undefined;
      const info = {
        node,
        host: 'host',
        pid: 1,
        startedAt: world.now - chance.below(3),
        ...(replaces && { replaces }),
      };
      return {
        by: processOf(node),
        args: [{ ...info, status: `"${world.name('s')}"` }, chance.of(middleMs, longMs, longMs)],
      };
    },
    learn(world, { args }) {
      world.nodes.push((args[0] as { readonly node: string }).node);
    },
  },
  {
    port: 'presence',
    method: 'renew',
    weight: 3,
    say(world, chance) {
      const node = world.node(chance);
      return { by: processOf(node), args: [node, chance.of(shortMs, middleMs, longMs), `"${world.name('s')}"`] };
    },
  },
  {
    port: 'presence',
    method: 'leave',
    weight: 0.7,
    say(world, chance) {
      const node = world.node(chance);
      return { by: processOf(node), args: [node] };
    },
  },
  { port: 'presence', method: 'nodes', weight: 0.5, say: (_, chance) => ask(chance, []) },
  {
    port: 'presence',
    method: 'activate',
    weight: 5,
    say(world, chance) {
      const node = world.node(chance);
      const ids = chance.is(0.05) ? [] : chance.of<readonly string[]>(['reader'], ['bot'], ['smith'], agents);
      return { by: processOf(node), args: [node, ids] };
    },
    learn(world, { args }, replies: readonly ActivateReply[]) {
      const [node, ids] = args as [string, readonly string[]];
      for (const [index, reply] of replies.entries()) {
        if (reply.kind === 'granted') remember(world.epochs, { node, agentId: ids[index] ?? '', epoch: reply.epoch });
      }
    },
  },
  {
    port: 'presence',
    method: 'deactivate',
    weight: 2,
    say(world, chance) {
      const known = chance.recent(world.epochs);
      if (known === undefined) return undefined;
      const node = chance.is(0.9) ? known.node : world.node(chance);
      const holdings = [known, ...(chance.is(0.3) ? chance.some(world.epochs, 2) : [])];
      return { by: processOf(node), args: [node, holdings.map(({ agentId, epoch }) => ({ agentId, epoch }))] };
    },
  },
  { port: 'presence', method: 'lookup', weight: 0.5, say: (_, chance) => ask(chance, [chance.some(agents, 3)]) },
];

export const scheduleWords: readonly Word[] = [
  {
    port: 'schedules',
    method: 'set',
    weight: 3,
    say(world, chance) {
      const [plan, body] = [chance.of('every minute', 'daily'), chance.of('b1', 'b2')];
      const most = chance.of(1, 2, 100);
      const request: ScheduleRequest = {
        name: chance.of(...scheduleNames),
        plan,
        body,
        next: dueTime(world, chance),
        most,
      };
      return ask(chance, [request]);
    },
    learn(world, { args }) {
      const { name, next } = args[0] as ScheduleRequest;
      world.due.set(name, next);
    },
  },
  { port: 'schedules', method: 'remove', weight: 0.5, say: (_, chance) => ask(chance, [chance.of(...scheduleNames)]) },
  {
    port: 'schedules',
    method: 'switch',
    weight: 1.5,
    say(world, chance) {
      const name = chance.of(...scheduleNames);
      if (chance.is(0.4)) return ask(chance, [name, {}]);
      const next = dueTime(world, chance);
      world.due.set(name, next);
      return ask(chance, [name, { next }]);
    },
  },
  {
    port: 'schedules',
    method: 'read',
    weight: 0.5,
    say(_, chance) {
      const name = chance.of(...scheduleNames);
      return ask(chance, [chance.of({ name }, { after: name, count: chance.of(1, 9) })]);
    },
  },
  { port: 'schedules', method: 'due', weight: 0.5, say: (_, chance) => ask(chance, [chance.of(1, 9)]) },
  {
    port: 'schedules',
    method: 'begin',
    weight: 3,
    say(world, chance) {
      const { node, name, seen } = dueRef(world, chance);
      return { by: processOf(node), args: [{ node, name, seen, run: seen + chance.of(0, 60_000) }] };
    },
  },
  {
    port: 'schedules',
    method: 'advance',
    weight: 3,
    say(world, chance) {
      const { node, name, seen } = dueRef(world, chance);
      const next = dueTime(world, chance);
      const run = chance.is(0.6) ? { dueAt: seen, taskId: chance.recent(world.tasks) ?? 'q1.n.1-1' } : undefined;
      world.due.set(name, next);
      const tally = { missed: chance.below(2), skipped: chance.below(2) };
      return { by: processOf(node), args: [{ node, name, seen, next, ...(run && { run }), ...tally }] };
    },
  },
];

function ask(chance: Chance, args: readonly unknown[]): Said {
  return { by: chance.of('a', 'b', 'c'), args };
}

/** Of now or before; sometimes under a token of another grant, or another holder. */
function holding(world: World, chance: Chance): Held | undefined {
  const held = chance.recent(world.held);
  const other = chance.recent(world.held);
  return held && other && chance.is(0.1) ? { ...held, token: other.token } : held;
}

function dueTime(world: World, chance: Chance): number {
  return world.now + chance.of(-4_005, shortMs, middleMs, 59_995) + chance.below(3) * 1_000;
}

function dueRef(world: World, chance: Chance): { readonly node: string; readonly name: string; readonly seen: number } {
  const name = chance.of(...scheduleNames);
  const seen = chance.is(0.9) ? (world.due.get(name) ?? 5) : 5;
  return { node: world.node(chance), name, seen };
}
