/**
 * Adds notes to the file, one for each task, and takes turns with editors in PHP: the lock is the same key in Redis for both.
 */
import { Agent, onTask, type Task } from 'agent-runtime';
import { z } from 'zod';
import { lockName, noteAbout, readJournal, replaceJournal, withNote } from '../journal.ts';

const Input = z.object({ file: z.string(), source: z.string() });

export class EditorAgent extends Agent {
  @onTask('note', Input)
  async note({ input: { file, source }, signal }: Task<typeof Input>) {
    const note = noteAbout(source, this.id); // what needs no lock is done without
    await using lock = await this.lock(lockName, { signal });
    const journal = readJournal(file);
    const isThere = journal.notes.some((other) => other.startsWith(`- ${source} `)); // from an attempt that was cut short
    if (!isThere) replaceJournal(file, withNote(journal, note), lock);
    return { by: this.id, token: lock.token };
  }
}
