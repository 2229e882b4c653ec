/**
 * The option `classic`: whether the fleet speaks the classic protocol, and which tasks cross over to classic agents.
 *
 * Apart from the other options because it has two forms: a flag, and the flag with the names of foreign agents.
 */
import * as z from 'zod';
import { optionRegistry } from './options.ts';

const foreignPattern = /^[A-Za-z0-9][A-Za-z0-9._:-]{0,127}$/;
const foreignRule =
  'a list of names of at most 128 letters, digits, ".", "_", ":" and "-", beginning with a letter or digit';
const rule = "true, false or { foreign: ['php-worker', ...] }";

export const classicFields = z.strictObject({
  foreign: z
    .array(z.string().regex(foreignPattern, { error: foreignRule }), { error: foreignRule })
    .default([])
    .register(optionRegistry, {
      rule: foreignRule,
      description:
        'Classic agents that tasks of the fleet may be addressed to, by name. Even an empty list makes the nodes take tasks for the fleet out of `task:queue`.',
    }),
});

export const classicSchema = z
  .union([z.boolean(), classicFields], { error: rule })
  .default(false)
  .register(optionRegistry, {
    rule,
    default: false,
    description:
      'Speak the classic key names and records, for agents in PHP and Python on the same Redis. With `foreign`, tasks cross over, too.',
    variable: 'RUNTIME_CLASSIC',
  });

/** A task addressed to a name goes one way. */
export function foreignProblems(
  foreign: readonly string[],
  hosted: readonly { readonly role: string; readonly id?: string; readonly at: string }[],
): readonly string[] {
  const twice = foreign.filter((name, index) => foreign.indexOf(name) < index);
  const own = hosted.filter(({ role, id }) => foreign.includes(role) || (id !== undefined && foreign.includes(id)));
  return [
    ...[...new Set(twice)].map((name) => `expected the names of classic.foreign to differ, got: "${name}" twice`),
    ...own.map(
      ({ role, id, at }) =>
        `expected no name of classic.foreign to be that of ${at}, got: "${foreign.includes(role) ? role : id}"\nTasks addressed to it could mean either; rename one of them.`,
    ),
  ];
}
