import { register as registerHooks } from 'node:module';
import { register } from 'tsx/esm/api';
register(); registerHooks('./bin/source-condition.js', import.meta.url);
await import('/tmp/wt-outside-v8/measure.ts');
