/**
 * How the tests run. The `source` condition makes `import 'agent-runtime'` in agents and tests mean this checkout's
 * `src/`, so that a test and the agent under it share one copy of the framework.
 */
import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';
import { agentRuntime } from './src/vitest.ts';

/**
 * Tests that change nothing of the process they run in. Not those that fill it or set what all of it obeys, and not the longest ones, which
 * wait for processes of their own: these are begun first, so that a run ends with short ones.
 */
const sharing = [
  'test/{unit,contract,sim,simulation}/**/*.test.ts',
  'test/chaos/!(busy-loop|failover|heartbeat-cost|poison|proofs|rig|rolling|shared-tasks|spawned).test.ts',
  'test/classic/!(rig).test.ts',
  'test/e2e/!(threads|tls|unhandled|vitest-plugin).test.ts',
];

export default defineConfig({
  plugins: [agentRuntime()],
  resolve: { conditions: ['source'] },
  ssr: { resolve: { conditions: ['source'], externalConditions: ['source'] } },
  test: {
    projects: [
      {
        extends: true,
        // Loading the framework anew for each file takes longer than most of these tests: they leave nothing behind, and share it.
        test: { name: 'shared', include: sharing, isolate: false },
      },
      { extends: true, test: { name: 'apart', include: ['test/**/*.test.ts'], exclude: sharing } },
    ],
    globalSetup: ['test/support/package-folder.ts'],
    pool: 'forks',
    maxWorkers: availableParallelism(), // most tests wait for a server or a process
    testTimeout: 60_000, // a bound for what hangs, not a measure: a command alone takes seconds to load
    hookTimeout: 20_000,
    passWithNoTests: false,
    typecheck: { enabled: false },
  },
});
