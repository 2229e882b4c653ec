/**
 * The worker process: one node of the fleet under test, ended by SIGTERM in order or together with the rig.
 *
 * Its own entry and not `runtime start`, because the ledger needs what only the observer sees: how each delivery was settled.
 */
import { Observer } from '../../../src/core/observer.ts';
import { startFleet } from '../../../src/compose/start-fleet.ts';
import { fleetName, now, type Timing, timings, variables } from './contracts.ts';
import { LedgerWriter } from './ledger.ts';
import { ResourceClient } from './resource.ts';
import { rigAgents } from './worker-fleet.ts';

const required = (name: string): string => process.env[name] ?? '';
const say = (text: string): void => console.error(`${Math.round(now())} [${process.pid}] ${text}`);
const ledger = new LedgerWriter(required(variables.ledger));
const resource = new ResourceClient(Number(required(variables.resource)));
const observer = new Observer();
observer.on('task.settled', ({ task, name, outcome }) => ledger.write({ t: 'settled', task, name, outcome }));
observer.on('node.fenced', ({ node }) => ledger.write({ t: 'fenced', node }));
observer.on('broker.trouble', ({ what, error }) => say(`${what}: ${error.message}`));
for (const event of ['part.started', 'part.stopped'] as const)
  observer.on(event, ({ part }) => say(`${event}: ${part}`));
for (const event of ['node.up', 'node.draining', 'node.down'] as const) observer.on(event, () => say(event));
observer.on('agent.restarting', ({ agent, error }) => say(`${agent} failed to start: ${error.message}`));

process.stdin.resume().on('end', () => process.exit(3)); // the rig is gone
const agents = rigAgents(ledger, resource);
const timing = timings[required(variables.timing) as Timing];
const replicas = Number(required(variables.replicas));
const durability = replicas > 0 ? ({ durability: 'replicated', replicas } as const) : {};
const place = { redis: required(variables.redis), fleet: fleetName, ...durability };
const running = await startFleet({ ...place, agents, timing }, { observer });
ledger.write({ t: 'ready', node: running.node });
process.on('SIGTERM', () => void running.stop());
const { reason, error } = await running.ended;
if (error !== undefined) console.error(reason, error);
process.exit(error === undefined ? 0 : 1);
