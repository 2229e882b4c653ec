/**
 * `isolation` and `memory` of a hosting: what the configuration makes of them, and who refuses them.
 */
import { Agent, type Hosting, pool, single, startFleet } from 'agent-runtime';
import { expect, test } from 'vitest';
import { resolveConfig } from '../../../src/config/config.ts';
import { ConfigError } from '../../../src/core/errors.ts';

class HogAgent extends Agent {}

const resolved = (hosting: Hosting) => resolveConfig({ agents: [hosting] }).agents[0];

test('a hosting may have a process of its own, with a limit in megabytes', () => {
  expect(resolved(pool(HogAgent, { isolation: 'process', memory: '512mb' }))).toMatchObject({
    isolation: 'process',
    memoryMb: 512,
  });
  expect(resolved(single(HogAgent, { isolation: 'process', memory: '1.5gb' }))).toMatchObject({ memoryMb: 1_536 });
  expect(resolved(pool(HogAgent))).not.toHaveProperty('isolation');
});

test.each(['512', '512kb', '8mb', 512])('%j is refused as an amount of memory', (memory) => {
  const hosting = pool(HogAgent, { isolation: 'process', memory: memory as string });
  expect(() => resolved(hosting)).toThrow("expected agents[0].memory to be a text such as '512mb' or '2gb'");
});

test('a limit without a process of its own is refused', () => {
  expect(() => resolved(pool(HogAgent, { memory: '512mb' }))).toThrow("to come with isolation: 'process'");
});

test('a fleet inside a program refuses it and says how to run it', async () => {
  const starting = startFleet({ agents: [pool(HogAgent, { isolation: 'process' })] });
  await expect(starting).rejects.toThrow(ConfigError);
  await expect(starting).rejects.toThrow('Only "runtime start" starts node processes');
});
