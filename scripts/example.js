// `npm run example -- NAME [FOLDER]`: runs one of the examples with agents in PHP, Python and TypeScript (examples/), on a Redis of its own, and
// ends all that it has started, also on Ctrl-C. FOLDER is the one it works on; each example says what that means and which it takes
// without. Exits 64 for a wrong name, 69 when PHP, Python or Redis are missing, 1 when the example failed.
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { classicPrograms, classicProblem, redisProblem } from './find-redis.js';

const examples = {
  'parallel-audits': 'a PHP orchestrator splits 13 commands over TypeScript and Python workers',
  'shared-file': 'PHP and TypeScript take turns to edit one file; two of the holders of its lock are lost',
  'work-distribution': 'audit, update-docs, deploy, test: a pipeline over PHP, Python and TypeScript workers',
};

const root = dirname(dirname(fileURLToPath(import.meta.url)));
process.exit(await main(process.argv.slice(2)));

async function main(args) {
  const [name, folder] = args;
  if (name === undefined || !Object.hasOwn(examples, name) || args.length > 2) return usage(args);
  const programs = classicPrograms();
  const problem = redisProblem('The examples') ?? classicProblem(programs, 'The examples');
  if (problem !== undefined) {
    console.error(problem);
    return 69;
  }
  await import('./example-hooks.js');
  const home = join(root, 'examples', name);
  const load = (...path) => import(pathToFileURL(join(root, 'examples', ...path)).href);
  const [{ perform }, { main: example }] = [await load('stage', 'stage.ts'), await load(name, 'main.ts')];
  const cwd = process.env.INIT_CWD ?? process.cwd(); // npm runs scripts at the root of the package
  return perform(example, { home, cwd, folder, redisServer: programs.redis, interpreters: interpretersOf(programs) });
}

function interpretersOf({ php, python }) {
  const hooks = new URL('example-hooks.js', import.meta.url).href;
  return { '.php': [php], '.py': [python], '.ts': [process.execPath, '--import', hooks] };
}

function usage(args) {
  const got = args.length === 0 ? 'nothing' : args.map((word) => JSON.stringify(word)).join(' ');
  const rule = args.length > 2 ? 'NAME and at most one FOLDER' : 'the name of an example';
  console.error(`expected ${rule}, got: ${got}\nWrite: npm run example -- NAME [FOLDER], with one of these names:`);
  for (const [known, what] of Object.entries(examples)) console.error(`  ${known.padEnd(18)} ${what}`);
  return 64;
}
