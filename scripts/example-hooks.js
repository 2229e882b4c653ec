// Loaded before a TypeScript program of an example that has a process of its own: sources run as they are, and 'agent-runtime' is this
// checkout.
import { register as registerHooks } from 'node:module';
import { register } from 'tsx/esm/api';

register();
registerHooks('../bin/source-condition.js', import.meta.url);
