/**
 * The settings of a command: option before environment before configuration file before default.
 *
 * The only place that looks for `runtime.config.ts`. `start` needs one and reports everything that is wrong with it and
 * with its agents at once; commands that only talk to a fleet take what one says, if there is one.
 */
import { existsSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { handlersOf } from '../agent/handlers.ts';
import { type HostingConfig, isPem, resolveConfig, type RuntimeConfig, type RuntimeOptions } from '../config/config.ts';
import { ConfigError, DefinitionError } from '../core/errors.ts';
import { withEnvironment, withValue } from './environment.ts';
import { loadAgentsFolder } from './load-agents.ts';
import { loadModule, moduleEndings } from './load-module.ts';

/** What every command takes on the command line. */
export interface FleetOptions {
  readonly config?: string;
  readonly redis?: string;
  readonly fleet?: string;
  readonly hangLimit?: string;
}

export interface LoadRequest {
  readonly cwd: string;
  readonly env: NodeJS.ProcessEnv;
  readonly options: FleetOptions;
}

export interface Settings {
  readonly config: RuntimeConfig;
  /** Where the configuration lies, or else the working directory: the home of the private server. */
  readonly projectDir: string;
}

export interface FleetSettings extends Settings {
  readonly agents: readonly HostingConfig[];
}

/** What `start` runs. Throws `ConfigError` with every problem of the options and of the agent classes. */
export async function loadFleet(request: LoadRequest): Promise<FleetSettings> {
  const file = configFile(request);
  if (file === undefined)
    throw new ConfigError([
      `expected a configuration in ${request.cwd}, got: no runtime.config.ts there\nWrite one, or name it: runtime start --config path/to/runtime.config.ts`,
    ]);
  const projectDir = dirname(file);
  const { options, missing } = await withAgents(await readOptions(file, request), projectDir, request.cwd);
  const { config, problems } = tryResolve(options);
  const found = [...missing, ...problems, ...(missing.length > 0 ? [] : agentProblems(options.agents))];
  if (config === undefined || found.length > 0) throw new ConfigError(found);
  if (typeof config.agents === 'string') throw new ConfigError(['expected agents to be loaded']);
  return { config, projectDir, agents: config.agents };
}

/** What the commands of other terminals need: which Redis, which fleet, which wire format. */
export async function loadSettings(request: LoadRequest): Promise<Settings> {
  const file = configFile(request);
  const { agents: _, ...options } = await readOptions(file, request);
  return { config: resolveConfig(options), projectDir: file === undefined ? request.cwd : dirname(file) };
}

async function readOptions(file: string | undefined, { cwd, env, options }: LoadRequest): Promise<RuntimeOptions> {
  const fromFile = file === undefined ? {} : defaultExport(await loadModule(file, cwd), relative(cwd, file) || file);
  const { redis, ...withoutRedis } = fromFile;
  // `redis: process.env.REDIS_URL` with a variable that is set and empty means none
  const fromEnv = withEnvironment(redis === '' ? withoutRedis : fromFile, env);
  const { redis: url, fleet, hangLimit } = options;
  const given = Object.entries({ redis: url, fleet, 'timing.hangLimit': hangLimit }).filter(
    ([, value]) => value !== undefined,
  );
  const all = given.reduce(
    (sofar, [path, value]) => withValue(sofar, path.split('.'), value),
    fromEnv,
  ) as RuntimeOptions;
  return withPlacedCa(all, env['REDIS_TLS_CA'] || file === undefined ? cwd : dirname(file));
}

/** The path of a CA is relative to the file that names it, or to the working directory when a variable does. */
function withPlacedCa(options: RuntimeOptions, folder: string): RuntimeOptions {
  const ca: unknown = options.tls?.ca;
  if (typeof ca !== 'string' || ca === '' || isPem(ca)) return options;
  return withValue(options, ['tls', 'ca'], resolve(folder, ca)) as RuntimeOptions;
}

function defaultExport(exports: Readonly<Record<string, unknown>>, shown: string): Readonly<Record<string, unknown>> {
  const value = exports['default'];
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  throw new ConfigError([
    `expected ${shown} to export its options, got: ${value === undefined ? 'no default export' : `a default export of type ${typeof value}`}\nWrite: export default defineConfig({ agents: [...] });`,
  ]);
}

function configFile({ cwd, options }: LoadRequest): string | undefined {
  if (options.config === undefined)
    return moduleEndings.map((ending) => join(cwd, `runtime.config${ending}`)).find((path) => existsSync(path));
  const file = resolve(cwd, options.config);
  if (existsSync(file)) return file;
  throw new ConfigError([`expected --config to be a file, got: ${options.config} (nothing is there)`]);
}

/** The folder form becomes a list. Its path is relative to the configuration file. */
async function withAgents(options: RuntimeOptions, projectDir: string, cwd: string): Promise<WithAgents> {
  const { agents } = options;
  if (typeof agents !== 'string' || agents.trim() === '') return { options, missing: [] };
  try {
    return { options: { ...options, agents: await loadAgentsFolder(resolve(projectDir, agents), cwd) }, missing: [] };
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return { options: { ...options, agents: [] }, missing: error.problems };
  }
}

/** `missing`: why a folder gave no agents; told together with whatever else is wrong. */
interface WithAgents {
  readonly options: RuntimeOptions;
  readonly missing: readonly string[];
}

function tryResolve(options: RuntimeOptions): { config?: RuntimeConfig; problems: readonly string[] } {
  try {
    return { config: resolveConfig(options), problems: [] };
  } catch (error) {
    if (error instanceof ConfigError) return { problems: error.problems };
    throw error;
  }
}

function agentProblems(agents: RuntimeOptions['agents']): readonly string[] {
  if (!Array.isArray(agents)) return [];
  if (agents.length === 0)
    return ['expected agents to name at least one, got: none\nAdd them: agents: [pool(AuditAgent, { size: 3 })]'];
  return classesIn(agents).flatMap((Class) => {
    try {
      handlersOf(Class);
      return [];
    } catch (error) {
      if (error instanceof DefinitionError) return [error.message];
      throw error;
    }
  });
}

/** The classes of a list that nothing is known of yet, those in groups included. */
function classesIn(agents: readonly unknown[]): readonly (new () => object)[] {
  return agents.flatMap((item) => {
    const { agent, agents: members } = (item ?? {}) as { readonly agent?: unknown; readonly agents?: unknown };
    if (Array.isArray(members)) return classesIn(members);
    return typeof agent === 'function' ? [agent as new () => object] : [];
  });
}
