// `npm run classic`: the proofs of the bridge to classic agents (test/classic/rig), on servers and processes of their own.
//
// Options: `--throughput` (`--tasks N` through the bridge, `--standing N` foreign entries in the same list): exits 1 below 5,000 a second,
// and when one was lost, doubled or disturbed.
// `--kills N` (`--seed S`, `--rate T` tasks a second in each direction): nodes and classic workers are killed at random moments; exits 1 when
// a task was lost or doubled that the protocol lets us protect. `--json`: the last line is one JSON object.
import { spawnSync } from 'node:child_process';
import { register } from 'tsx/esm/api';
import { missingRedis } from './find-redis.js';

/** For `missingRedis`, which installs the server where it may. */
function runCommand(command, args, { env }) {
  const { status, stdout, stderr } = spawnSync(command, args, { env, encoding: 'utf8' });
  return { code: status, output: `${stdout}${stderr}` };
}

const missing = await missingRedis(runCommand, { classic: true });
if (missing !== undefined) {
  console.error(missing);
  process.exit(1);
}
register();
const { main } = await import('../test/classic/rig/main.ts');
process.exit(await main(process.argv.slice(2)));
