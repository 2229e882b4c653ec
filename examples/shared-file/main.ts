/**
 * A shared file: two editors in PHP and three in TypeScript add notes to it, one edit at a time. One holder of the lock is killed in the
 * middle of its edit, another one stands still for longer than its lease; their notes are written by others, and the file never notices.
 */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Fleet } from 'agent-runtime';
import type { Stage } from '../stage/stage.ts';
import { EditorAgent } from './agents/editor-agent.ts';
import { emptyJournal, readJournal, render } from './journal.ts';
import config from './runtime.config.ts';

const repository = fileURLToPath(new URL('../..', import.meta.url));

export async function main(stage: Stage): Promise<void> {
  const folder = stage.folder(join(repository, 'report', 'shared-file'));
  mkdirSync(folder, { recursive: true });
  const file = join(folder, 'journal.md');
  writeFileSync(file, render(emptyJournal));

  const fleet = await stage.fleet(config);
  const sources = sourceFiles();
  const [first = '', between = '', last = '', ...others] = sources;
  const slow = stage.start('slow', 'slow.ts', file, last); // waits for its turn

  await loseHolder(stage, file, first);
  await takeTurns(stage, fleet, file, [first, ...others]);

  slow.tell('it is your turn');
  await slow.says('holds the lock');
  slow.signal('SIGSTOP');
  stage.say('the slow one is stopped; the next in line waits until its lease has ended');
  await writeNote(stage, fleet, file, between); // which the slow one knows nothing of, and would write over
  await writeNote(stage, fleet, file, last);
  slow.tell('go on');
  slow.signal('SIGCONT');
  await slow.finished();

  check(file, sources);
  stage.say(`${sources.length} edits, each once, in ${file}:`);
  console.log(readFileSync(file, 'utf8'));
}

/** What the notes are about. */
function sourceFiles(): readonly string[] {
  const names = readdirSync(join(repository, 'src', 'agent'));
  return names.sort().map((name) => `src/agent/${name}`);
}

/** A PHP agent dies with the lock in its hands and half an edit behind it. */
async function loseHolder(stage: Stage, file: string, source: string): Promise<void> {
  const ghost = stage.start('ghost', 'ghost.php', file, source);
  await ghost.says('holds the lock');
  await ghost.kill(); // SIGKILL: none of its code runs any more
  stage.say('the ghost is killed; the others wait until its lock has expired');
}

/** Two fifths of the notes are written by PHP, the others by the fleet, all at the same time. */
async function takeTurns(stage: Stage, fleet: Fleet, file: string, sources: readonly string[]): Promise<void> {
  const share = Math.floor(sources.length / 5);
  const one = stage.start('php-1', 'editor.php', file, ...sources.slice(-share));
  const two = stage.start('php-2', 'editor.php', file, ...sources.slice(-2 * share, -share));
  const notes = sources.slice(0, -2 * share).map((source) => writeNote(stage, fleet, file, source));
  await Promise.all([one.finished(), two.finished(), ...notes]);
}

/** A note that an agent of the fleet writes. */
async function writeNote(stage: Stage, fleet: Fleet, file: string, source: string): Promise<void> {
  const { by, token } = await fleet.run(EditorAgent, 'note', { file, source });
  stage.say(`${by} wrote about ${source}, with token ${token}`);
}

/** Each source has its note once, and no edit was lost between the reading and the writing of another one. */
function check(file: string, sources: readonly string[]): void {
  const { edits, notes } = readJournal(file);
  const isThere = sources.every((source) => notes.filter((note) => note.startsWith(`- ${source} `)).length === 1);
  if (!isThere || edits !== sources.length || notes.length !== sources.length)
    throw new Error(
      `expected each of ${sources.length} edits to stand in the file once, got:\n${readFileSync(file, 'utf8')}`,
    );
}
