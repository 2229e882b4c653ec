/**
 * The configuration of a fleet that `runtime start --nodes N` runs in the proof of the rolling restart; the file that the command reads is
 * written where the proof runs, and exports what is made here.
 */
import { defineConfig, type RuntimeOptions } from '../../../src/config/config.ts';
import { readParameters } from './child.ts';
import { fleetName } from './held.ts';
import { rollingAgents } from './rolling-agents.ts';
import type { RollingNodeParameters } from './rolling-parts.ts';

export function rollingConfig(): RuntimeOptions {
  const parameters = readParameters<RollingNodeParameters>();
  return defineConfig({ redis: parameters.redis, fleet: fleetName, agents: rollingAgents(parameters) });
}
