/**
 * An editor that is too slow: its process stands still while it holds the lock, for longer than the lease, and then goes on as if nothing had
 * happened. Usage: slow.ts NAME FILE SOURCE
 */
import { once } from 'node:events';
import { connect } from 'agent-runtime';
import { lockName, noteAbout, readJournal, replaceJournal, withNote } from './journal.ts';

const [, , name = 'slow', file = '', source = ''] = process.argv;
await using fleet = await connect({ redis: process.env.REDIS_URL, classic: true, name });
await once(process.stdin, 'data'); // it has its turn now
await using lock = await fleet.lock(lockName, { lease: '1s' });
const edited = withNote(readJournal(file), noteAbout(source, name));
console.log(`holds the lock with token ${lock.token}, and has its edit ready`);
await once(process.stdin, 'data'); // here it is stopped, and made to go on
try {
  replaceJournal(file, edited, lock);
  console.log('wrote, which it should not have');
} catch (error) {
  console.log(`was refused: ${error instanceof Error ? error.message : String(error)}`);
}
process.stdin.unref();
