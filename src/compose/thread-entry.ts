/**
 * What runs in a thread: loads the module of one class, says whether the class is there, and takes calls.
 *
 * Started by bin/thread.js, which brings the loader for TypeScript where this file itself is TypeScript.
 */
import { parentPort, workerData } from 'node:worker_threads';
import { findClass } from './thread-class.ts';
import { ThreadSide } from './thread-side.ts';
import type { FromThread, ThreadData, ToThread } from './thread-wire.ts';

const { place } = workerData as ThreadData;
const post = (message: FromThread): void => parentPort?.postMessage(message);

const Class = await findClass(place);
if (typeof Class === 'string') post({ kind: 'unready', problem: Class });
else {
  const side = new ThreadSide({ Class, role: place.role, post });
  parentPort?.on('message', (message: ToThread) => side.onMessage(message));
  post({ kind: 'ready' });
}
