/**
 * A node of the proof of the take-over of spawned agents: it runs what is spawned, or stands beside without their classes.
 */
import { onMessage } from '../../../src/agent/decorators.ts';
import type { Message } from '../../../src/agent/envelopes.ts';
import { pool } from '../../../src/agent/hosting.ts';
import { runNode } from './failover-run.ts';
import { bossRole, helperRole, hire, type SpawnedNodeParameters } from './spawned-parts.ts';

await runNode<SpawnedNodeParameters>(({ hosts }, Numbered) => {
  class Helper extends Numbered {
    static readonly role = helperRole;
  }

  class Boss extends Numbered {
    static readonly role = bossRole;

    @onMessage(hire)
    async hire({ data: { id, detached } }: Message<typeof hire>): Promise<null> {
      await this.spawn(Helper, { id, detached });
      return null;
    }
  }

  class Bystander extends Numbered {
    static readonly role = 'bystander';
  }

  return hosts ? [pool(Helper, { size: 0 }), pool(Boss, { size: 0 })] : [pool(Bystander, { size: 1 })];
});
