/**
 * The class of a handler that runs in a thread: imported there, from the module that its registration named.
 *
 * Apart from the entry of the thread, because it can be had without one.
 */
import { isAgentClass } from '../agent/agent.ts';
import { roleOf } from '../agent/role.ts';
import type { AgentClass } from '../agent/task-types.ts';
import type { ThreadPlace } from '../agent/threads.ts';
import { describeError } from '../core/errors.ts';
import { isTypeScript, registerTypeScript } from './typescript.ts';

/** The class, or why it is not to be had. */
export async function findClass(place: ThreadPlace): Promise<AgentClass | string> {
  const { module, role, className } = place;
  if (module === undefined) return problemOf(place, 'no module in its call stack');
  try {
    if (isTypeScript(new URL(module).pathname)) registerTypeScript();
    const exported = Object.values((await import(module)) as object).filter(isAgentClass);
    const ofRole = exported.filter((one) => roleOf(one) === role);
    const found = ofRole.find((one) => one.name === className) ?? ofRole[0];
    if (found !== undefined) return found;
    return problemOf(place, exported.map((one) => one.name).join(', ') || 'no agent class among its exports');
  } catch (error) {
    return problemOf(place, describeError(error).message);
  }
}

function problemOf({ module, role, className }: ThreadPlace, got: string): string {
  return (
    `expected ${module ?? 'a module'} to export class ${className} of role "${role}" to its threads, got: ${got}\n` +
    'Handlers with thread: true run on an instance that is made in a thread. Export the class from a module that starts nothing ' +
    'when it is loaded; where it is not the one that registers the handler, say static readonly module = import.meta.url.'
  );
}
