/**
 * The project's own scenarios: one for each way in which fleets fail, and one in which everything happens.
 */
import type { FaultRates, Scenario } from '../../src/testing.ts';
import { usualRates } from '../../src/sim/explore.ts';
import type { Simulation } from '../../src/sim/simulation.ts';
import { agents, nextAgents, WorkAgent } from './agents.ts';
import { bank, checkPaid, pay, payers } from './outside.ts';
import { fleetScenarios } from './scenarios/fleets.ts';
import { mailScenarios } from './scenarios/mail.ts';
import { queueScenarios } from './scenarios/queues.ts';
import { taskScenarios } from './scenarios/tasks.ts';

/** What may fail is not accepted, and then nobody counts on it. */
const tolerated = (error: unknown): void => void error;

/** A steady load of every kind. */
async function load(sim: Simulation, tasks: number): Promise<void> {
  for (let number = 0; number < tasks; number++) {
    const { fleet } = sim;
    const name = number % 5 === 3 ? 'locked' : number % 5 === 4 ? 'asking' : 'work';
    if (sim.roles.includes('work')) await fleet.enqueue({ role: 'work', task: name }, number).catch(tolerated);
    await fleet.send('desk', 'note', number).catch(tolerated);
    if (number % 4 === 0) await fleet.broadcast('work.begun', number).catch(tolerated);
    await sim.advance('250ms');
  }
  await sim.advance('1s');
}

/** Some of it only one of the versions takes; what nobody takes is a dead letter. */
async function loadOfVersions(sim: Simulation, size: number): Promise<void> {
  for (let number = 0; number < Math.ceil(4 * size); number++) {
    await load(sim, 4);
    await sim.fleet.enqueue({ role: 'work', task: 'newer' }, number).catch(tolerated);
    await sim.fleet.send('desk', 'memo', number).catch(tolerated);
  }
}

const usual = {
  agents: [...agents, ...payers],
  versions: [[...nextAgents, ...payers]],
  http: bank,
  nodes: 3,
  spare: ['ear', 'work', 'pay'],
} as const;

/** High enough for a load of seconds: every kind strikes in at least one of twenty seeds of all scenarios together. */
const often: FaultRates = {
  ...usualRates,
  'crash-before-call': 0.006,
  'late-call': 0.015,
  'late-reply': 0.015,
  slow: 0.1,
  'clock-jump': 0.1,
  'clock-drift': 0.1,
  partition: 0.2,
  'new-version': 0.4,
  'broker-restart': 0.2,
  'broker-loss': 0.2,
  'broker-rewind': 0.25,
  'broker-full': 0.2,
  'broker-clock-jump': 0.25,
  'handler-slow': 0.1,
  'handler-stuck': 0.04,
  'handler-kills': 0.05,
  poison: 0.04,
  'spoiled-response': 0.5,
};

/** Any kind of fault may strike; those that it is about do so more often. */
function failing(name: string, faults: FaultRates, more: Partial<Scenario> = {}): Scenario {
  return { ...usual, name, faults: { ...often, ...faults }, run: everyLoad(8), ...more };
}

function everyLoad(tasks: number): Scenario['run'] {
  return async (sim, size) => {
    await load(sim, Math.ceil(tasks * size));
    await pay(sim, Math.ceil(3 * size));
  };
}

const requests: FaultRates = {
  'lost-request': 0.5,
  'lost-response': 0.5,
  'late-response': 0.5,
  'failed-request': 0.6,
  'spoiled-response': 0.9,
};

/** Orders are paid outside of the fleet. */
function paying(name: string, faults: FaultRates): Scenario {
  const run = (sim: Simulation, size: number): Promise<void> => pay(sim, Math.ceil(10 * size));
  return { name, nodes: 3, agents: payers, http: bank, faults: { ...requests, ...faults }, run, check: checkPaid };
}

export const scenarios: readonly Scenario[] = [
  ...taskScenarios,
  ...queueScenarios,
  ...mailScenarios,
  ...fleetScenarios,
  failing('crash', { 'crash-before-call': 0.01, 'crash-after-call': 0.01, kill: 0.15, 'handler-kills': 0.05 }),
  failing('lease expiry', { freeze: 0.15, stall: 0.3, slow: 0.1 }),
  failing('partition', { partition: 0.2, cut: 0.2, deaf: 0.2 }),
  failing('fail-over', { kill: 0.2, stop: 0.1, freeze: 0.05 }, { nodes: 4 }),
  failing('zombie', { freeze: 0.2, 'late-reply': 0.02, 'late-delivery': 0.05 }),
  failing('restart storm', { restart: 0.3, stop: 0.2, kill: 0.1 }),
  failing('skew', { 'clock-jump': 0.3, 'clock-drift': 0.3, 'broker-clock-jump': 0.1 }),
  failing('poison', { poison: 0.15, 'handler-kills': 0.05, kill: 0.05 }),
  failing('slow handler', { 'handler-slow': 0.3, 'handler-stuck': 0.05, 'handler-throws': 0.2 }),
  failing('gap-fill', {
    deaf: 0.4,
    'late-delivery': 0.2,
    'lost-call': 0.03,
    'lost-reply': 0.05,
    'repeated-frame': 0.3,
  }),
  failing('drain under load', { restart: 0.3, 'late-call': 0.03, 'broker-full': 0.1 }),
  failing('broker restarts', { 'broker-restart': 0.2, 'lost-reply': 0.03, 'repeated-frame': 0.2 }),
  failing('loss of data', { 'broker-loss': 0.1, deaf: 0.1, stall: 0.1 }),
  paying('outside effects', { 'handler-throws': 0.2 }),
  paying('outside effects and crashes', {
    kill: 0.2,
    'crash-before-call': 0.02,
    'crash-after-call': 0.02,
    freeze: 0.1,
  }),
  paying('outside effects and partitions', { partition: 0.2, cut: 0.2, deaf: 0.2, stall: 0.2 }),
  failing('lost moments', { 'broker-rewind': 0.3, stall: 0.1, 'late-reply': 0.01 }),
  failing(
    'new versions',
    { 'new-version': 0.4, kill: 0.05, 'crash-after-call': 0.005, stall: 0.1 },
    { agents, versions: [nextAgents, agents], run: loadOfVersions },
  ),
  { ...usual, name: 'everything', run: everyLoad(12) },
  {
    name: 'quiet',
    agents,
    nodes: 3,
    spare: ['ear', 'work'],
    faults: {},
    run: async (sim, size) => {
      await load(sim, Math.ceil(24 * size));
      for (let number = 0; number < 5; number++) await sim.fleet.run(WorkAgent, 'work', number);
    },
  },
];

const seedsApart = 1_000;

/** Each scenario has seeds of its own: many share their loads, and under one seed they would meet the same faults. */
export function firstSeedOf(name: string): number {
  return 1 + seedsApart * scenarios.findIndex((one) => one.name === name);
}
