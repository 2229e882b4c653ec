/**
 * What a node process and the process that started it say to each other over their IPC channel, and the node's end of it.
 *
 * A channel that closes is a word, too: the other process is gone, and a node without a supervisor process stops.
 */

/** What a node process says. */
export type NodeWord =
  /** Its event loop turns. */
  | { readonly kind: 'alive' }
  /** A spare process is loaded. */
  | { readonly kind: 'ready' }
  /** Its agents are up. `embedded`: on the private server of the project. */
  | { readonly kind: 'up'; readonly embedded: boolean }
  /** It is about to end with 75, and the process after it replaces this node. */
  | { readonly kind: 'restart'; readonly node: string };

/** What it is told. */
export type SupervisorWord =
  /** A spare process may begin. */
  | { readonly kind: 'go' }
  /** Drain and end. `graceMs` for what runs; absent: that of the configuration. */
  | { readonly kind: 'stop'; readonly graceMs?: number };

/** Of a process that has a supervisor process. */
export interface SupervisorChannel {
  /** Does nothing when the last word has not left yet, or nobody is there. */
  say(word: NodeWord): void;
  /** Hears every word from now on and those that came before. Returns the way to stop listening. */
  listen(hear: (word: SupervisorWord) => void): () => void;
  /** A drain has this grace: the watchdog waits that long, and a little more, when nobody is left to supervise. */
  graceIs(graceMs: number): void;
}

/** The thread of bin/watchdog.js. */
export interface Watchdog {
  postMessage(message: { readonly endAfterMs: number }): void;
}

/** How long a drain may take beyond its grace. */
const endingMs = 10_000;

export function isNodeWord(value: unknown): value is NodeWord {
  const kind = typeof value === 'object' && value !== null && 'kind' in value ? value.kind : undefined;
  return kind === 'alive' || kind === 'ready' || kind === 'up' || kind === 'restart';
}

/** The channel of this process; undefined when it was started without one. */
export function supervisorChannel(own: NodeJS.Process, watchdog: Watchdog | undefined): SupervisorChannel | undefined {
  if (own.send === undefined) return undefined;
  const heard: SupervisorWord[] = [];
  const listeners = new Set<(word: SupervisorWord) => void>();
  const hear = (word: SupervisorWord): void => {
    heard.push(word);
    for (const listener of listeners) listener(word);
  };
  own.on('message', (word) => hear(word as SupervisorWord));
  own.on('disconnect', () => hear({ kind: 'stop' }));
  if (!own.connected) hear({ kind: 'stop' }); // it was closed while this program was still being loaded
  let isLeaving = false;
  return {
    say(word) {
      if (!own.connected || (isLeaving && word.kind === 'alive')) return;
      isLeaving = true;
      own.send?.(word, undefined, undefined, () => (isLeaving = false)); // an error is the end of the channel, which is heard
    },
    listen(listener) {
      for (const word of heard) listener(word);
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    graceIs: (graceMs) => watchdog?.postMessage({ endAfterMs: graceMs + endingMs }),
  };
}
