// What lets examples run as they are: TypeScript is translated on its way in, and 'agent-runtime' is this checkout. Loaded by the command, and
// before each TypeScript program of an example that has a process of its own.
import { register as registerHooks } from 'node:module';
import { register } from 'tsx/esm/api';

register();
registerHooks('../bin/source-condition.js', import.meta.url);
