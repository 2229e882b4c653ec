/**
 * One side of a measurement: a process of its own, so that no system runs in code that another one has warmed. It is told what to do in
 * its argument, talks to the other side through the process that started both, and answers with figures or an error.
 */
import { Link } from './run/link.js';

const { load, system, role, params, url } = JSON.parse(process.argv[2]);
process.on('disconnect', () => process.exit(1)); // nobody waits for it any more
const link = new Link(process);
let code = 0;
try {
  const [play, parts] = await Promise.all([import(`./loads/${load}.js`), import(`./systems/${system}.js`)]);
  await link.answer({ figures: (await play[role]({ ...parts, params, url, link })) ?? {} });
} catch (error) {
  await link.answer({ error: error?.stack ?? String(error) });
  code = 1;
}
process.exit(code); // some clients of peers keep their process up after they were closed
