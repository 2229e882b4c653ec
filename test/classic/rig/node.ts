/**
 * A node of the rigs, in a process of its own: agents of the role `audit`, and the bridge to classic agents.
 */
import { Agent, onTask, pool, startFleet, type Task } from '../../../src/index.ts';
import { parametersOf, tell } from '../../chaos/proofs/child.ts';
import type { RigNode } from './nodes.ts';

const { redis, size, concurrency, timing } = parametersOf<RigNode>();

class AuditAgent extends Agent {
  static readonly role = 'audit';
  @onTask('check') check(task: Task): unknown {
    return { checked: task.input };
  }
}

const running = await startFleet({
  redis,
  agents: [pool(AuditAgent, { size, concurrency })],
  classic: { foreign: ['php-worker'] },
  ...(timing && { timing }),
});
process.on('SIGTERM', () => void running.stop());
tell('ready');
const { error } = await running.ended;
if (error !== undefined) console.error(error);
process.exit(error === undefined ? 0 : 1);
