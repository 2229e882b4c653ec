// `npm run sim`: the project's own scenarios (test/simulation) under many seeds, in simulation. Each seed runs twice, and both runs must be the
// same. Exits 1 when an invariant was broken; what broke it is shrunk, and kept in `.sim/` as JSON and as a page that draws it.
//
// Options: `--seeds N` (2,000, shared out among the scenarios), `--from S` (begin with seed S), `--only NAME` (one scenario), `--keep FOLDER`,
// `--quick` (shrink nothing), `--json` (the last line is one JSON object).
import { register as registerHooks } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { register } from 'tsx/esm/api';

register();
registerHooks('../bin/source-condition.js', import.meta.url);

const { main } = await import(pathToFileURL(join(import.meta.dirname, '..', 'test', 'simulation', 'main.ts')).href);
process.exitCode = await main(process.argv.slice(2));
