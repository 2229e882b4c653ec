// `npm run conformance`: random histories of calls on the memory broker and on a real Redis, whose answers and states have to be equal
// (test/conformance).
//
// Options: `--histories N`, `--length L` (operations of each), `--seed S` (of the first history; the others follow), `--processes P`
// (that share them; as many as there are processors), `--json` (the last line is one JSON object). Exits 1 when there was a
// difference, and tells the shortest history that shows the first one.
// The time of its redis-server stands still between steps, by a few lines of C: it needs Linux and a C compiler (`cc`).
import { spawnSync } from 'node:child_process';
import { register } from 'tsx/esm/api';
import { missingRedis } from './find-redis.js';

/** For `missingRedis`, which installs the server where it may. */
function runCommand(command, args, { env }) {
  const { status, stdout, stderr } = spawnSync(command, args, { env, encoding: 'utf8' });
  return { code: status, output: `${stdout}${stderr}` };
}

const missing = await missingRedis(runCommand);
if (missing !== undefined) {
  console.error(missing);
  process.exit(1);
}
register();
const { main } = await import('../test/conformance/main.ts');
process.exit(await main(process.argv.slice(2)));
