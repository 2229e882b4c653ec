// The first file of a thread in which a handler runs (`thread: true`). The package's own code comes compiled, or in a checkout as
// TypeScript, and then brings its loader, as runtime.js does: a thread inherits no hooks.
import { register as registerHooks } from 'node:module';
import { workerData } from 'node:worker_threads';

if (workerData.entry.endsWith('.ts')) {
  const { register } = await import('tsx/esm/api');
  register();
  registerHooks('./source-condition.js', import.meta.url);
}
await import(workerData.entry);
