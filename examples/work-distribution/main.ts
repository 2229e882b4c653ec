/**
 * Work distribution: six pages of the documentation go through audit, update-docs, deploy and test, three of them at a time. The stages of a page
 * keep their order, whoever does them.
 */
import { mkdirSync, readdirSync, rmSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Fleet } from 'agent-runtime';
import type { Stage } from '../stage/stage.ts';
import { ReleaseAgent } from './agents/release-agent.ts';
import config from './runtime.config.ts';

const repository = fileURLToPath(new URL('../..', import.meta.url));
const stages = 4;

export async function main(stage: Stage): Promise<void> {
  const site = stage.folder(join(repository, 'report', 'work-distribution'));
  mkdirSync(join(site, 'drafts'), { recursive: true });
  const sources = pagesOf(join(repository, 'docs')).slice(0, 6);

  const fleet = await stage.fleet(config);
  for (const name of ['php-1', 'php-2']) stage.start(name, 'worker.php');
  for (const name of ['py-1', 'py-2']) stage.start(name, 'worker.py');

  const told = tellStages(fleet, await fleet.events.last(), sources.length * stages, stage);
  const handles = await fleet.enqueueMany(
    ReleaseAgent,
    'release',
    sources.map((source) => ({ source, site })),
  );
  const [released] = await Promise.all([Promise.all(handles.map((handle) => handle.result())), told]);

  rmSync(join(site, 'drafts'), { recursive: true });
  stage.say(`${released.length} pages are released in ${site}:`);
  for (const { source, title, words, done } of released)
    stage.say(`  ${basename(source)} (${JSON.stringify(title)}, ${String(words)} words): ${done.join(', ')}`);
}

function pagesOf(folder: string): readonly string[] {
  const names = readdirSync(folder).filter((name) => name.endsWith('.md'));
  return names.sort().map((name) => join(folder, name));
}

/** Says what the agents of the pipeline broadcast, from one event on, until all stages of all pages are done. */
async function tellStages(fleet: Fleet, after: string, count: number, stage: Stage): Promise<void> {
  let told = 0;
  for await (const { data } of fleet.events.follow({ after, topic: 'release.stage' })) {
    const { source, done } = data as { readonly source: string; readonly done: string };
    stage.say(`[${String(++told).padStart(2)}/${count}] ${basename(source).padEnd(18)} ${done}`);
    if (told === count) return;
  }
}
