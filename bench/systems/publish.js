/**
 * A plain PUBLISH hop: no guarantee at all, and the shortest way there is from one end of a Redis to another.
 */
import { Redis } from 'ioredis';
import { inputOf } from '../run/tally.js';

export async function openMail({ url, onMessage }) {
  const publisher = new Redis(url);
  const subscriber = new Redis(url, { enableReadyCheck: false });
  await subscriber.subscribe('hop');
  subscriber.on('message', (_, text) => onMessage(JSON.parse(text)));
  return {
    send: (n) => publisher.publish('hop', JSON.stringify(inputOf(n))),
    close: () => [publisher, subscriber].forEach((one) => one.disconnect()),
  };
}
