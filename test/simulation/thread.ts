/**
 * A thread of `npm run sim`: it explores the shares that it is given, one after the other.
 */
import { parentPort } from 'node:worker_threads';
import { exploreShare, type Share } from './share.ts';

const port = parentPort;
if (port === null) throw new Error('expected to run as a thread of npm run sim');
port.on('message', (share: Share) => {
  void exploreShare(share).then((found) => port.postMessage(found));
});
