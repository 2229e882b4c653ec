/**
 * The task that `--run` names, found among the agents of the configuration and checked together with its input before
 * anything is started.
 */
import type { Schema } from '../agent/contract.ts';
import { handlersOf } from '../agent/handlers.ts';
import { checkPayload } from '../client/check-payload.ts';
import type { HostingConfig } from '../config/config.ts';
import { DeliveryError } from '../core/errors.ts';
import { plain } from './render/text.ts';
import { parseJson, UsageError } from './usage.ts';

export interface RunTarget {
  readonly role: string;
  readonly task: string;
  readonly input: unknown;
}

interface Candidate {
  readonly role: string;
  readonly task: string;
  readonly input: Schema | undefined;
}

/** Throws `UsageError` when no agent has the task, several have it, or the input does not fit. */
export async function findRunTarget(
  agents: readonly HostingConfig[],
  wanted: string | undefined,
  json: string | undefined,
): Promise<RunTarget | undefined> {
  if (wanted === undefined) {
    if (json === undefined) return undefined;
    throw new UsageError('expected --input to come with --run, got: --input alone\nWrite: --run <task> --input <json>');
  }
  const { role, task, input: schema } = choose(agents.flatMap(tasksOf), wanted);
  const input = json === undefined ? {} : parseJson(json, '--input');
  await checkInput(schema, input, task);
  return { role, task, input };
}

function tasksOf({ agent }: HostingConfig): readonly Candidate[] {
  const { role, tasks } = handlersOf(agent);
  return [...tasks.values()].map(({ name, input }) => ({ role, task: name, input }));
}

function choose(candidates: readonly Candidate[], wanted: string): Candidate {
  const found = candidates.filter(({ role, task }) => task === wanted || `${role}/${task}` === wanted);
  const [only, ...others] = found;
  if (only !== undefined && others.length === 0) return only;
  const names = (list: readonly Candidate[]): string => list.map(({ role, task }) => `${role}/${task}`).join(', ');
  if (only !== undefined)
    throw new UsageError(
      `expected --run to name one task, got: "${plain(wanted)}", which several roles have\nWrite one of: ${names(found)}`,
    );
  throw new UsageError(
    `expected --run to name a task of the agents, got: "${plain(wanted)}"\nThere are: ${names(candidates) || 'none'}`,
  );
}

async function checkInput(schema: Schema | undefined, input: unknown, task: string): Promise<void> {
  try {
    await checkPayload(schema, input, `the input of task "${task}" (--input)`);
  } catch (error) {
    if (error instanceof DeliveryError) throw new UsageError(error.message);
    throw error;
  }
}
