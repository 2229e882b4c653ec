/**
 * The door for vitest configurations: everything users import from `agent-runtime/vitest`. Apart from the door for tests, since it is loaded
 * by vitest itself, before there is a test.
 */
export { agentRuntime } from './sim/vitest-plugin.ts';
export type { AgentRuntimeOptions } from './sim/vitest-plugin.ts';
