/**
 * How the tests run. The `source` condition makes `import 'agent-runtime'` in agents and tests mean this checkout's
 * `src/`, so that a test and the agent under it share one copy of the framework.
 */
import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';
import { agentRuntime } from './src/vitest.ts';

/** Tests that change nothing of the process they run in. */
const sharing = ['test/{unit,contract,sim,simulation}/**/*.test.ts'];

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
