/**
 * The folder form of a configuration, `agents: './agents'`: every agent class that a top-level file of the folder exports.
 *
 * A class says how it is run with `static hosting = { kind: 'single', id: 'docs' }` or `{ kind: 'pool', size: 3 }`; without
 * it, it is a pool of one. A class that only serves as the base of another one in the folder is not run.
 */
import { readdirSync } from 'node:fs';
import { join, relative } from 'node:path';
import { isAgentClass } from '../agent/agent.ts';
import { roleOf } from '../agent/role.ts';
import type { AgentClass } from '../agent/task-types.ts';
import type { HostingOption } from '../config/config.ts';
import { ConfigError } from '../core/errors.ts';
import { loadModule, moduleEndings } from './load-module.ts';

/** The hostings of a folder, in the order of file names. Throws `ConfigError` listing every file that fails to load. */
export async function loadAgentsFolder(folder: string, cwd: string): Promise<readonly HostingOption[]> {
  const classes = new Set<AgentClass>();
  const problems: string[] = [];
  for (const file of moduleFiles(folder, cwd)) {
    try {
      for (const value of Object.values(await loadModule(file, cwd))) if (isAgentClass(value)) classes.add(value);
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      problems.push(...error.problems);
    }
  }
  const run = [...classes].filter(
    (Class) => hasHosting(Class) || ![...classes].some((other) => extendsIt(other, Class)),
  );
  if (run.length === 0 && problems.length === 0)
    problems.push(
      `expected agents to be a folder whose files export agent classes, got: none in ${relative(cwd, folder) || folder}\nExport them: export class DocsAgent extends Agent { ... }`,
    );
  if (problems.length > 0) throw new ConfigError(problems);
  return run.map(hostingOf);
}

function moduleFiles(folder: string, cwd: string): readonly string[] {
  try {
    return readdirSync(folder, { withFileTypes: true })
      .filter((entry) => !entry.isDirectory() && isModule(entry.name))
      .map((entry) => join(folder, entry.name))
      .sort();
  } catch (error) {
    throw new ConfigError([
      `expected agents to be a folder that can be read, got: ${relative(cwd, folder)} (${(error as NodeJS.ErrnoException).code})`,
    ]);
  }
}

function isModule(name: string): boolean {
  return moduleEndings.some((ending) => name.endsWith(ending)) && !/\.(d|test|spec)\.m?[tj]s$/.test(name);
}

/** What `static hosting` says is not checked here: the configuration checks every hosting alike. */
function hostingOf(Class: AgentClass): HostingOption {
  const own: unknown = hasHosting(Class) ? Reflect.get(Class, 'hosting') : undefined;
  const given = typeof own === 'object' && own !== null ? own : {};
  return { kind: 'pool', ...given, agent: Class, role: roleOf(Class) } as HostingOption;
}

function hasHosting(Class: AgentClass): boolean {
  return Object.hasOwn(Class, 'hosting');
}

function extendsIt(other: AgentClass, Class: AgentClass): boolean {
  return other !== Class && Object.prototype.isPrototypeOf.call(Class, other);
}
