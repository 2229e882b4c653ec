/**
 * Sources of this checkout as JavaScript for this Node.js, decorators lowered, the project's own modules in few files; packages stay outside.
 */
import { join } from 'node:path';
import { build } from 'esbuild';

const root = join(import.meta.dirname, '..');

/** Writes one file for each of `entries` (paths from the root) into `folder`, which has to be below `node_modules`. */
export async function bundleOf(entries, folder, { from = root } = {}) {
  await build({
    entryPoints: entries.map((entry) => join(from, entry)),
    outdir: folder,
    bundle: true,
    splitting: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    packages: 'external',
    alias: {
      'agent-runtime': join(from, 'src', 'index.ts'),
      'agent-runtime/testing': join(from, 'src', 'testing.ts'),
    },
    logLevel: 'warning',
  });
}
