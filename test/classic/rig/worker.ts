/**
 * A classic worker of the rigs, in a process of its own: it takes the oldest entry, whoever it is for, and completes what is its own; what is
 * not, it puts back. What it has in its hands is written down in the same step, so that it is known what died with it.
 */
import { Redis } from 'ioredis';
import { parametersOf, tell } from '../../chaos/proofs/child.ts';
import { heldKey } from './nodes.ts';

const { redis, name } = parametersOf<{ readonly redis: string; readonly name: string }>();
const client = new Redis(redis);

/** BRPOP, and a note of what it brought. */
const take = `local text = redis.call('RPOP', KEYS[1])
if text then redis.call('SADD', KEYS[2], text) end
return text`;
/** LPUSH of a completion, or of the entry itself, and the end of the note. */
const put = `redis.call('LPUSH', KEYS[1], ARGV[1])
redis.call('SREM', KEYS[2], ARGV[2])`;

tell('ready');
for (;;) {
  const text = (await client.eval(take, 2, 'task:queue', heldKey)) as string | null;
  if (text === null) {
    await client.blpop('rig:nothing', 0.01); // a pause, without a timer
    continue;
  }
  const { taskId, assignee, metadata } = JSON.parse(text) as { taskId: string; assignee: string; metadata: unknown };
  const completion = { taskId, completedBy: name, result: metadata, completedAt: 'now' };
  const isOwn = assignee === name;
  const [list, pushed] = isOwn ? ['task:completed', JSON.stringify(completion)] : ['task:queue', text];
  await client.eval(put, 2, list, heldKey, pushed, text);
}
