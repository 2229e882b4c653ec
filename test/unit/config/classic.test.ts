/**
 * The option `classic`: a flag, or the flag with the names of foreign agents.
 */
import { Agent, onTask, pool, single, type Task } from 'agent-runtime';
import { expect, test } from 'vitest';
import { resolveConfig } from '../../../src/config/config.ts';
import { ConfigError } from '../../../src/core/errors.ts';

class AuditAgent extends Agent {
  @onTask('check') check(_task: Task): void {}
}

function problemsOf(options: Parameters<typeof resolveConfig>[0]): readonly string[] {
  try {
    resolveConfig(options);
    return [];
  } catch (error) {
    return error instanceof ConfigError ? error.problems : [String(error)];
  }
}

test('the flag alone lets no tasks cross over; an object does, with the names it gives', () => {
  expect(resolveConfig({ classic: true })).toMatchObject({ classic: true });
  expect(resolveConfig({ classic: true })).not.toHaveProperty('foreign');
  expect(resolveConfig({ classic: {} })).toMatchObject({ classic: true, foreign: [] });
  expect(resolveConfig({ classic: { foreign: ['php:worker'] } })).toMatchObject({
    classic: true,
    foreign: ['php:worker'],
  });
});

test('a name of the fleet, a name twice, and what is no name are refused', () => {
  const agents = [pool(AuditAgent), single(AuditAgent, { id: 'docs' })];
  const twice = problemsOf({ classic: { foreign: ['a', 'b', 'a'] } });
  expect(twice).toEqual(['expected the names of classic.foreign to differ, got: "a" twice']);
  expect(problemsOf({ agents: agents.slice(0, 1), classic: { foreign: ['audit'] } })[0]).toContain(
    'agents[0], got: "audit"',
  );
  expect(problemsOf({ agents: agents.slice(1), classic: { foreign: ['docs'] } })[0]).toContain(
    'agents[0], got: "docs"',
  );
  for (const name of ['', 'a b', 'a@b', '{a}', 'x'.repeat(129)])
    expect(problemsOf({ classic: { foreign: [name] } })).toHaveLength(1);
});
