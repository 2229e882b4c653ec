/**
 * The example fleet: what `npm start` runs.
 *
 * Without REDIS_URL it brings its own broker. `classic` lets agents of the classic protocol, in PHP or Python, hear and
 * lock along with it.
 */
import { defineConfig, pool, single } from 'agent-runtime';
import { AuditAgent } from './agents/audit-agent.ts';
import { DocsAgent } from './agents/docs-agent.ts';
import { MonitorAgent } from './agents/monitor-agent.ts';
import { OrchestratorAgent } from './agents/orchestrator-agent.ts';

export default defineConfig({
  classic: true,
  redis: process.env.REDIS_URL,
  agents: [
    single(OrchestratorAgent, { id: 'orchestrator' }),
    pool(AuditAgent, { size: 3 }),
    single(DocsAgent, { id: 'docs' }),
    single(MonitorAgent, { id: 'monitor' }),
  ],
});
