import { agentRuntime } from 'agent-runtime/vitest';
import { defineConfig } from 'vitest/config';

export default defineConfig({ plugins: [agentRuntime()] });
