// `npm run sim`: the project's own scenarios (test/simulation) under many seeds, in simulation. Each seed runs twice, and both runs must be the
// same. Exits 1 when an invariant was broken; what broke it is shrunk, and kept in `.sim/` as JSON and as a page that draws it.
//
// Options: `--seeds N` (2,000, shared out among the scenarios), `--from S` (begin with seed S; each scenario has a first seed of its own), `--only NAME` (one scenario), `--keep FOLDER`,
// `--threads T` (as many as there are processors), `--quick` (shrink nothing), `--json` (the last line is one JSON object).
// The sources are bundled first, into a folder that is removed at the end: code that was translated file by file on its way in is half as
// fast.
import { mkdtempSync, rmSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { bundleOf } from './bundle.js';

const folder = mkdtempSync(join(import.meta.dirname, '..', 'node_modules', '.sim-')); // where the packages are found
try {
  await bundleOf(['test/simulation/main.ts', 'test/simulation/thread.ts'], folder);
  const url = (name) => pathToFileURL(join(folder, name));
  const { main } = await import(url('main.js').href);
  process.exitCode = await main(process.argv.slice(2), url('thread.js'), availableParallelism());
} finally {
  rmSync(folder, { recursive: true, force: true });
}
