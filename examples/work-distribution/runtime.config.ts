/**
 * The TypeScript side of the pipeline, and the names that classic workers answer to. Such a name is not a process: any number of workers may
 * stand behind it, in more than one language.
 */
import { defineConfig, pool } from 'agent-runtime';
import { DeployAgent } from './agents/deploy-agent.ts';
import { ReleaseAgent } from './agents/release-agent.ts';

export default defineConfig({
  redis: process.env.REDIS_URL,
  classic: { foreign: ['py-worker', 'php-worker', 'tester'] },
  agents: [pool(ReleaseAgent, { size: 3 }), pool(DeployAgent, { size: 2 })],
});
