import { agentRuntime } from 'agent-runtime/vitest';
import { defineConfig } from 'vitest/config';

export default defineConfig({
  plugins: [agentRuntime()],
  test: { testTimeout: 60_000 }, // exploring takes longer than a usual test
});
