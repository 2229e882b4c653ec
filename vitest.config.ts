/**
 * How the tests run. The `source` condition makes `import 'agent-runtime'` in agents and tests mean this checkout's
 * `src/`, so that a test and the agent under it share one copy of the framework.
 */
import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';

export default defineConfig({
  resolve: { conditions: ['source'] },
  ssr: { resolve: { conditions: ['source'], externalConditions: ['source'] } },
  test: {
    include: ['test/**/*.test.ts'],
    globalSetup: ['test/support/package-folder.ts'],
    pool: 'forks',
    maxWorkers: availableParallelism(), // most tests wait for a server or a process
    testTimeout: 60_000, // a bound for what hangs, not a measure: a command alone takes seconds to load
    hookTimeout: 20_000,
    passWithNoTests: false,
    typecheck: { enabled: false },
  },
});
