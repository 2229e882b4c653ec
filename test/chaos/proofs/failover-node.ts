/**
 * A node of the proof of fail-over: it hosts every single, and runs those that it is granted.
 */
import type { Agent } from '../../../src/agent/agent.ts';
import { single } from '../../../src/agent/hosting.ts';
import type { FailoverNodeParameters } from './failover-parts.ts';
import { runNode } from './failover-run.ts';

await runNode<FailoverNodeParameters>(({ singles }, Numbered) => {
  /** A class of its own for each id, since roles differ. */
  const oneOf = (id: string): (new () => Agent) =>
    class One extends Numbered {
      static readonly role = id;
    };
  return singles.map((id) => single(oneOf(id), { id }));
});
