/**
 * Joining a running fleet from another terminal: against the Redis that the settings name, or against the private server
 * of this directory.
 */
import type { Fleet } from '../compose/fleet.ts';
import type { CliContext } from './context.ts';
import { type FleetOptions, loadSettings } from './load.ts';
import { NoFleetError } from './usage.ts';

/** Runs `body` as a client of the fleet and leaves again. Throws `NoFleetError` when there is none to be found. */
export async function withFleet<T>(
  context: CliContext,
  options: FleetOptions,
  body: (fleet: Fleet, name: string) => Promise<T>,
): Promise<T> {
  const { cwd, env } = context;
  const { config, projectDir } = await loadSettings({ cwd, env, options });
  const { findEmbedded } = await import('../compose/embedded.ts');
  const redis = config.redis ?? (await findEmbedded(projectDir));
  if (redis === undefined) throw noFleet(projectDir);
  const { connect } = await import('../compose/connect.ts');
  const tls = config.redis === undefined ? undefined : config.tls;
  const fleet = await connect({ redis, tls, fleet: config.fleet, classic: config.classic, name: 'cli' });
  try {
    return await body(fleet, config.fleet);
  } finally {
    await fleet.close();
  }
}

function noFleet(projectDir: string): NoFleetError {
  return new NoFleetError(
    `expected a fleet to talk to, got: no Redis is configured and no private server runs in ${projectDir}\nStart one with "runtime start", or say where it is with --redis or REDIS_URL.`,
  );
}
