/**
 * Parallel audits: three TypeScript agents and two Python workers wait for tasks, a PHP orchestrator hands out 13 of them.
 */
import { fileURLToPath } from 'node:url';
import type { Stage } from '../stage/stage.ts';
import config from './runtime.config.ts';

const repository = fileURLToPath(new URL('../..', import.meta.url));

export async function main(stage: Stage): Promise<void> {
  await stage.fleet(config);
  stage.start('py-1', 'worker.py');
  stage.start('py-2', 'worker.py');
  await stage.start('php', 'orchestrator.php', stage.folder(repository)).finished();
}
