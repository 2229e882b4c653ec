/**
 * The command line of the proofs: one long run each, which shows that one promise holds in numbers. One line of JSON at the end.
 */
import { parseArgs } from 'node:util';
import { brokenFailovers, failOver } from './failover.ts';
import { brokenLocks, contend } from './locks.ts';
import { brokenRolling, rollOver } from './rolling.ts';
import { CommandedFleet } from './rolling-command.ts';
import { RollingSeats } from './rolling-seats.ts';
import { brokenDrains, terminate } from './sigterms.ts';
import { brokenSoak, soak } from './soak.ts';
import { brokenSpawned, loseSpawned } from './spawned.ts';
import { brokenTakeovers, takeOver } from './takeovers.ts';

interface Proven {
  readonly report: object;
  /** Promises that do not hold. */
  readonly broken: readonly string[];
}

const say = (line: string): void => console.error(line);
const inFlight = 100;
const rollingSize = { nodes: 4, workMs: 25, everyMs: 20 } as const;

const proofs: Readonly<Record<string, (size: number) => Promise<Proven>>> = {
  sigterms: async (sigterms) => {
    const overGrace = Math.max(2, Math.round(sigterms / 5));
    const report = await terminate({
      sigterms,
      overGrace,
      nodes: 4,
      inFlight,
      handlerMs: 800,
      overGraceMs: 4_000,
      say,
    });
    return { report, broken: brokenDrains(report, inFlight) };
  },
  rolling: async (rounds) => {
    const report = await rollOver({ ...rollingSize, rounds, say, fleetOf: (own) => new RollingSeats(own) });
    return { report, broken: brokenRolling(report) };
  },
  'rolling-command': async (rounds) => {
    const report = await rollOver({ ...rollingSize, rounds, say, fleetOf: (own) => new CommandedFleet(own) });
    return { report, broken: brokenRolling(report) };
  },
  locks: async (acquisitions) => {
    const report = await contend({ acquisitions, processes: 4, names: 256, leaseMs: 1_000, say });
    return { report, broken: brokenLocks(report) };
  },
  soak: async (minutes) => {
    const report = await soak({ minutes, say });
    return { report, broken: brokenSoak(report) };
  },
  spawned: async (kills) => {
    const seed = Date.now() % 1_000_000;
    say(`kills of seed ${seed}`);
    const report = await loseSpawned({ ...spawnedSize, kills, seed, say });
    return { report, broken: brokenSpawned(report, spawnedSize.leaseMs) };
  },
  takeovers: async (takeovers) => {
    const report = await takeOver({ takeovers, nodes: 6, tasksPerNode: 20, say });
    return { report, broken: brokenTakeovers(report) };
  },
};

const spawnedSize = {
  nodes: 4,
  helpers: 8,
  bosses: 6,
  senders: 2,
  leaseMs: 5_000,
  heartbeatMs: 1_000,
  patienceMs: 60_000,
} as const;
const failoverSize = { nodes: 4, singles: 48, senders: 3, leaseMs: 5_000, heartbeatMs: 1_000 } as const;

/** `--only failover`, with the options that rounds of other kinds have. */
async function proveFailover(args: readonly string[]): Promise<number> {
  const options = {
    only: { type: 'string' },
    rounds: { type: 'string', default: '50' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
    patience: { type: 'string', default: '60' },
    abreast: { type: 'string' },
    json: { type: 'boolean' },
  } as const;
  const { values } = parseArgs({ args: [...args], options });
  const [rounds, seed, patienceMs] = [Number(values.rounds), Number(values.seed), Number(values.patience) * 1_000];
  if (!(rounds > 0)) throw new Error(`expected --rounds to be a number above 0, got: ${values.rounds}`);
  say(`fail-overs of seed ${seed}`);
  const report = await failOver({ rounds, seed, ...failoverSize, patienceMs, say });
  return conclude({ report, broken: brokenFailovers(report, failoverSize.leaseMs) });
}

/** One line of JSON at the end; the exit code. */
function conclude({ report, broken }: Proven): number {
  console.log(broken.length === 0 ? 'the promise holds' : `broken: ${broken.join(', ')}`);
  console.log(JSON.stringify(report));
  return broken.length === 0 ? 0 : 1;
}

/** Resolves to the exit code when the options ask for a proof: 1 when what it proves does not hold. */
export async function prove(args: readonly string[]): Promise<number | undefined> {
  const name = Object.keys(proofs).find((proof) => args.includes(`--${proof}`));
  const proof = proofs[name ?? ''];
  if (args[args.indexOf('--only') + 1] === 'failover') return await proveFailover(args);
  if (name === undefined || proof === undefined) return undefined;
  const options = { [name]: { type: 'string' }, json: { type: 'boolean' } } as const;
  const { values } = parseArgs({ args: [...args], options });
  const size = Number(values[name]);
  if (!(size > 0)) throw new Error(`expected --${name} to be a number above 0, got: ${String(values[name])}`);
  return conclude(await proof(size));
}
