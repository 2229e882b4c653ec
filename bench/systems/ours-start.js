/**
 * `runtime start` of a project with a hundred agents, written in TypeScript.
 */
import { join as joinPath } from 'node:path';
import { join } from './ours.js';
import { installed, launch, project, remove } from './start.js';

const agent = `import { writeSync } from 'node:fs';
import { Agent, onTask } from 'agent-runtime';

export class FirstAgent extends Agent {
  @onTask('first') first() {
    writeSync(1, '{word}\\n');
  }
}
`;
const config = `import { defineConfig, pool } from 'agent-runtime';
import { FirstAgent } from './agents/first-agent.ts';

export default defineConfig({ fleet: 'bench', redis: process.env.REDIS_URL, agents: [pool(FirstAgent, { size: 100 })] });
`;

export async function openStart({ url }) {
  const folder = project({ 'runtime.config.ts': config, 'agents/first-agent.ts': agent });
  const client = await join(url);
  return {
    async launch() {
      await client.enqueue({ role: 'first', task: 'first' }, null);
      return launch(folder, [joinPath(installed, 'bin', 'runtime.js'), 'start'], { REDIS_URL: url });
    },
    async close() {
      await client.close();
      remove(folder);
    },
  };
}
