/**
 * The TypeScript side of the audit. `classic: { foreign: [] }` makes the fleet take tasks that classic agents enqueue for its roles; it hands
 * out none itself.
 */
import { defineConfig, pool } from 'agent-runtime';
import { AuditAgent } from './agents/audit-agent.ts';

export default defineConfig({
  redis: process.env.REDIS_URL,
  classic: { foreign: [] },
  agents: [pool(AuditAgent, { size: 3 })],
});
