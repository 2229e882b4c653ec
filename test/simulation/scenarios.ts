/**
 * The project's own scenarios: one for each way in which fleets fail, and one in which everything happens.
 */
import type { FaultRates, Scenario } from '../../src/testing.ts';
import type { Simulation } from '../../src/sim/simulation.ts';
import { agents, WorkAgent } from './agents.ts';
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
  await sim.advance('2s');
}

const usual = { agents, nodes: 3, spare: ['ear', 'work'] } as const;

function failing(name: string, faults: FaultRates, more: Partial<Scenario> = {}): Scenario {
  return { ...usual, name, faults, run: (sim, size) => load(sim, Math.ceil(24 * size)), ...more };
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
  { ...usual, name: 'everything', run: (sim, size) => load(sim, Math.ceil(24 * size)) },
  {
    ...usual,
    name: 'quiet',
    faults: {},
    run: async (sim, size) => {
      await load(sim, Math.ceil(24 * size));
      for (let number = 0; number < 5; number++) await sim.fleet.run(WorkAgent, 'work', number);
    },
  },
];
