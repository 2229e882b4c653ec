/**
 * Leads one page through the pipeline, stage by stage. Each stage is a task for a name; whether a class of the fleet or a script in PHP or
 * Python answers to it is written down in one place, here.
 */
import { Agent, onTask, type Task } from 'agent-runtime';
import { z } from 'zod';
import { Page } from '../page.ts';

const stages = [
  { name: 'audit', by: 'py-worker' },
  { name: 'update-docs', by: 'php-worker' },
  { name: 'deploy', by: 'deploy' },
  { name: 'test', by: 'tester' }, // PHP or Python, whoever is free
] as const;

const Release = z.object({ source: z.string(), site: z.string() });

export class ReleaseAgent extends Agent {
  @onTask('release', Release)
  async release(task: Task<typeof Release>) {
    let page: Page = { ...task.input, done: [] };
    for (const { name, by } of stages) {
      // What a stage has found out goes into the next one. The deadline is for a classic worker that dies with the task in its hands.
      page = Page.parse(await this.run({ role: by, task: name }, page, { deadline: '1m' }));
      await task.progress(page.done.length, stages.length, name);
      await this.broadcast('release.stage', { source: page.source, done: page.done.at(-1) });
    }
    return page;
  }
}
