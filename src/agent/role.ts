/**
 * The role of an agent class: its own `static role`, or else its name in kebab case without the word "Agent".
 *
 * A role is not inherited: two classes of one role in a fleet would take each other's tasks.
 */
import type { AgentClass } from './task-types.ts';

/** `AuditAgent` -> `audit`, `DocsWriterAgent` -> `docs-writer`; `''` when the class has no name to make it from. */
export function roleOf(Class: AgentClass): string {
  const own: unknown = Object.hasOwn(Class, 'role') ? Reflect.get(Class, 'role') : undefined;
  return typeof own === 'string' ? own : roleFromName(Class.name);
}

/** The rule a role has to keep, or undefined when it does. Roles become parts of keys, so they hold no `:`, `{` or `@`. */
export function roleProblem(role: string): string | undefined {
  if (/^[A-Za-z0-9](?:[A-Za-z0-9._-]{0,62}[A-Za-z0-9])?$/.test(role)) return undefined;
  return 'at most 64 letters, digits, ".", "_" and "-", with a letter or digit at both ends';
}

function roleFromName(className: string): string {
  return className
    .replace(/^_+/, '')
    .replace(/Agent$/, '')
    .replace(/([a-z0-9])([A-Z])/g, '$1-$2')
    .replace(/([A-Z])([A-Z][a-z])/g, '$1-$2')
    .replace(/_+/g, '-')
    .toLowerCase();
}
