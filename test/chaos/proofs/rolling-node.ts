/**
 * A node of the proof of the rolling restart, ended by SIGTERM in order.
 */
import { startFleet } from '../../../src/compose/start-fleet.ts';
import { parametersOf, tell } from './child.ts';
import { fleetName } from './held.ts';
import { rollingAgents } from './rolling-agents.ts';
import type { RollingNodeParameters } from './rolling-parts.ts';

const parameters = parametersOf<RollingNodeParameters>();
const agents = rollingAgents(parameters);
const running = await startFleet({ redis: parameters.redis, fleet: fleetName, agents });
process.on('SIGTERM', () => void running.stop());
tell('ready');
const { error } = await running.ended;
if (error !== undefined) console.error(error);
process.exit(error === undefined ? 0 : 1);
