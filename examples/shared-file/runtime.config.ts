/**
 * The TypeScript editors. `classic: true` makes their locks those of the classic protocol, so that they and PHP exclude each other.
 */
import { defineConfig, pool } from 'agent-runtime';
import { EditorAgent } from './agents/editor-agent.ts';

export default defineConfig({
  redis: process.env.REDIS_URL,
  classic: true,
  agents: [pool(EditorAgent, { size: 3 })],
});
